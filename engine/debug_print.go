package engine

import (
	"fmt"
	"strings"

	"kmv/engine/ctype"
	"kmv/engine/expr"
	"kmv/engine/symbols"
	"kmv/engine/view"
)

// evaluate answers Eval.
func evaluate(e *engine, c view.Command) (view.Reply, error) {
	t, err := e.threadOf(c)
	if err != nil {
		return view.Reply{}, err
	}
	e.awaitLines(t.p, e.nativeRegs(t).Rip)
	env := e.environmentOf(t, c.Frame)
	v, err := expr.Eval(c.Text, env)
	if err != nil {
		return view.Reply{}, commandError(err)
	}
	r := view.Reply{Value: uint64(v.Int()), Text: env.text(v, c.Format), Size: uint64(max(v.Type.Bare().Size, 0))}
	if v.At {
		r.Addr = v.Place.Addr
	}
	return r, nil
}

// text writes a value. Of what nothing is known but its bits both ways of writing a number are shown.
func (v *environment) text(x expr.Value, format string) string {
	p := ctype.Printer{Memory: v}
	if format != "" {
		p.Format = format[0]
	}
	switch {
	case x.Lost != "":
		return "<" + x.Lost + ">"
	case x.Untyped() && format == "":
		s := fmt.Sprintf("%d = %#x", x.Int(), x.Bits)
		if name := v.e.symbolAt(v.p, x.Bits); name != "" {
			s += " <" + name + ">"
		}
		return s
	case x.Type.Bare().Kind == ctype.Func && x.Type.Opaque:
		return fmt.Sprintf("%d = %#x <%s>", x.Bits, x.Bits, v.e.symbolAt(v.p, x.Bits))
	}
	return p.Text(x.Type, x.Where())
}

// describeType answers Type.
func describeType(e *engine, c view.Command) (view.Reply, error) {
	t, err := e.threadOf(c)
	if err != nil {
		return view.Reply{}, err
	}
	e.awaitLines(t.p, e.nativeRegs(t).Rip)
	typ, expression, err := expr.TypeOf(c.Text, e.environmentOf(t, c.Frame))
	if err != nil {
		return view.Reply{}, commandError(err)
	}
	switch {
	case c.On:
		return view.Reply{Text: typ.Describe()}, nil
	case !expression && typ.Kind == ctype.Alias: // whatis of a name takes one step
		return view.Reply{Text: typ.Elem.String()}, nil
	}
	return view.Reply{Text: typ.String()}, nil
}

// locals answers Locals: the variables of a call, or, On, its arguments.
func locals(e *engine, c view.Command) (view.Reply, error) {
	t, err := e.threadOf(c)
	if err != nil {
		return view.Reply{}, err
	}
	word := string(c.Op)
	if !e.paused || t.running {
		return view.Reply{}, &view.CommandError{Text: word, End: len(word), Problem: "the program runs", Hint: "pause first"}
	}
	e.awaitLines(t.p, e.nativeRegs(t).Rip)
	env := e.environmentOf(t, c.Frame)
	fn, m := env.function()
	if fn == nil {
		return view.Reply{}, &view.CommandError{Text: word, End: len(word), Problem: "there is no debug information for " + e.placeName(t.p, env.pc()),
			Hint: "build with -g, or choose a frame that has it (up, frame N)"}
	}
	if c.Frame == 0 {
		fn = fn.Innermost()
	}
	var lines []string
	add := func(list []*symbols.Variable) {
		for _, x := range list {
			lines = append(lines, x.Name+" = "+env.inner(m.image, x, 0))
		}
	}
	switch {
	case c.On:
		add(fn.Params)
	default:
		for i := len(fn.Blocks) - 1; i >= 0; i-- {
			add(fn.Blocks[i].Vars)
		}
	}
	if lines == nil {
		lines = []string{map[bool]string{false: "No locals.", true: "No arguments."}[c.On]}
	}
	return view.Reply{Text: strings.Join(lines, "\n")}, nil
}

// inner writes a variable as a part of a list; with most, no more of it than that.
func (v *environment) inner(im *symbols.Image, x *symbols.Variable, most int) string {
	val := v.value(im, x)
	if val.Lost != "" {
		return "<" + val.Lost + ">"
	}
	p := ctype.Printer{Memory: v}
	s := p.Inner(val.Type, val.Where())
	if r := []rune(s); most > 0 && len(r) > most {
		return string(r[:most]) + "…"
	}
	return s
}

// argumentsText is what a frame was called with, as backtrace shows it: structures are left out.
func (e *engine) argumentsText(t *thread, frames []frame, i int) string {
	const most = 60 // characters of one
	env := &environment{e: e, p: t.p, t: t, regs: e.nativeRegs(t), known: true, index: i, frames: frames}
	fn, m := env.function()
	if i == 0 && frames[i].fn != nil {
		fn = frames[i].fn
	}
	if fn == nil {
		return ""
	}
	var parts []string
	for _, x := range fn.Params {
		b := x.Type.Bare()
		if b.Kind == ctype.Reference {
			b = b.Elem.Bare()
		}
		if b.Kind == ctype.Struct || b.Kind == ctype.Array {
			parts = append(parts, x.Name+"=...")
			continue
		}
		parts = append(parts, x.Name+"="+env.inner(m.image, x, most))
	}
	return strings.Join(parts, ", ")
}

// symbolPlus names an address of code or static data as gdb does: <main+4>.
func (e *engine) symbolPlus(p *process, addr uint64) string {
	m, ok := e.moduleAt(p, addr)
	if !ok {
		return ""
	}
	s, off, ok := m.image.Name(addr - m.bias)
	switch {
	case !ok:
		return ""
	case off == 0:
		return s.Name
	}
	return fmt.Sprintf("%s+%d", s.Name, off)
}
