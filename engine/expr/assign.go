package expr

import (
	"encoding/binary"
	"math"
	"strings"

	"kmv/engine/ctype"
)

// Split takes an assignment apart: what is set, and the expression that begins at byte at of the text.
func Split(text string) (left string, at int, ok bool) {
	quote := byte(0)
	for i := 0; i < len(text); i++ {
		c := text[i]
		switch {
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '\'' || c == '"':
			quote = c
		case c == '=' && i+1 < len(text) && text[i+1] == '=':
			i++
		case c == '=' && (i == 0 || strings.IndexByte("!<>=", text[i-1]) < 0):
			return strings.TrimSpace(text[:i]), i + 1, true
		}
	}
	return "", 0, false
}

// Assign gives the bytes that an assignment writes, and where. Nothing is written here.
func Assign(text string, env Environment) (addr uint64, data []byte, err error) {
	left, at, ok := Split(text)
	if !ok {
		return 0, nil, &Error{text, 0, len(text), "is no assignment", "VARIABLE = EXPRESSION"}
	}
	start := strings.Index(text, left)
	to, err := (&parser{text: left, env: env}).target()
	if err != nil {
		return 0, nil, within(err, text, start)
	}
	wrong := func(problem, hint string) error { return &Error{text, start, start + len(left), problem, hint} }
	switch {
	case to.Lost != "":
		return 0, nil, wrong("is "+to.Lost+" here: it has no place that could be set", "set it at a line where it is kept")
	case to.Place.Data != nil:
		return 0, nil, wrong("is in a register here, not in memory", "set the register: set $rax=…")
	case !to.At || to.Type.Bare().Kind == ctype.Func:
		return 0, nil, wrong("is no place in memory", "a variable, a member, an element or *pointer")
	case to.Field.Bits > 0:
		return 0, nil, wrong("is a bit field", "edit the bytes that it is in")
	}
	p := &parser{text: text, env: env, pos: at}
	v, err := p.whole()
	if err != nil {
		return 0, nil, err
	}
	data, err = p.as(v, to.Type)
	return to.Place.Addr, data, err
}

// target is what is set: of a reference, what it is of.
func (p *parser) target() (v Value, err error) {
	defer p.recovered(&err)
	p.next()
	if v = p.binary(0); p.kind != end {
		p.fail("was not expected here", "VARIABLE = EXPRESSION")
	}
	return p.direct(v), nil
}

// within makes an error about a part of a text one about the text.
func within(err error, text string, at int) error {
	if e, ok := err.(*Error); ok {
		return &Error{text, e.Start + at, e.End + at, e.Problem, e.Hint}
	}
	return err
}

// as is a value as the bytes of a type.
func (p *parser) as(v Value, t *ctype.Type) (data []byte, err error) {
	defer p.recovered(&err)
	b, from := t.Bare(), v.Type.Bare()
	switch {
	case b.Kind == ctype.Struct || b.Kind == ctype.Array:
		if from.Kind != b.Kind && !(b.Kind == ctype.Array && from.Kind == ctype.Array) || from.Size > b.Size {
			p.failAt(v, "does not fit into "+article(t.String()), "a value of the same type")
		}
		data = make([]byte, b.Size)
		copy(data, p.bytes(v))
		return data, nil
	case b.Kind == ctype.Float && b.Size == 4:
		return binary.LittleEndian.AppendUint32(nil, math.Float32bits(float32(p.floating(v)))), nil
	case b.Kind == ctype.Float && b.Size == 8:
		return binary.LittleEndian.AppendUint64(nil, math.Float64bits(p.floating(v))), nil
	case b.Number():
		return bytesOf(p.converted(v, t).Bits, b.Size), nil
	}
	p.failAt(v, "cannot be put into "+article(t.String()), "edit its bytes")
	return nil, nil
}
