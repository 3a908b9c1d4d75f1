package sessions

import (
	"errors"
	"strconv"
	"strings"

	"kmv/engine/ctype"
	"kmv/engine/expr"
	"kmv/engine/view"
)

// eval gives the value of an expression where the player stands. The caller holds p.mu.
func (p *Player) eval(text string, thread int) (uint64, error) {
	return p.evalAt(text, thread, &p.film.moments[p.at])
}

// evalAt gives the value of an expression at a moment, of a thread (0 is the one that stopped).
func (p *Player) evalAt(text string, thread int, m *moment) (uint64, error) {
	if thread == 0 {
		thread = m.pull.Thread
	}
	v, err := expr.Eval(text, recorded{p, m, thread})
	var wrong *expr.Error
	if errors.As(err, &wrong) {
		return 0, &view.CommandError{Text: wrong.Text, Start: wrong.Start, End: wrong.End, Problem: wrong.Problem, Hint: wrong.Hint}
	}
	if err != nil {
		return 0, err
	}
	return uint64(v.Int()), nil
}

// recorded is what an expression can speak of at a moment.
type recorded struct {
	p      *Player
	m      *moment
	thread int
}

func (r recorded) Register(name string) (uint64, bool) {
	switch name {
	case "pc":
		name = "rip"
	case "sp":
		name = "rsp"
	case "fp":
		name = "rbp"
	}
	return register(r.m.registers[r.thread], name)
}

// Variable finds variables among the ranges, and functions where one of their instructions was recorded.
func (r recorded) Variable(name string) (expr.Value, bool) {
	for _, v := range r.m.ranges {
		if v.Kind == "variable" && v.Name == name {
			return expr.Symbol(v.Start, v.End-v.Start, true), true
		}
	}
	for key, versions := range r.p.film.code {
		if key.pid != r.m.pull.Pid {
			continue
		}
		function, offset := cutOffset(versions[0].code.Symbol)
		if function == name || strings.HasPrefix(function, name+"(") {
			return expr.Symbol(key.addr-offset, 0, false), true
		}
	}
	return expr.Value{}, false
}

// Type knows none: debug information is not recorded.
func (r recorded) Type(string) *ctype.Type { return nil }

// cutOffset splits function+0x1c.
func cutOffset(symbol string) (function string, offset uint64) {
	i := strings.LastIndexByte(symbol, '+')
	if i < 0 {
		return symbol, 0
	}
	offset, err := strconv.ParseUint(symbol[i+1:], 0, 64)
	if err != nil { // operator+
		return symbol, 0
	}
	return symbol[:i], offset
}

// Bytes reads native memory as it was.
func (r recorded) Bytes(addr uint64, b []byte) error {
	w, what := r.p.window(r.m.pull.Pid, r.thread, r.m, view.MemoryQuery{Addr: addr, Size: len(b)})
	if copy(b, w.Native) < len(b) {
		if what == "" {
			what = "all of the memory there"
		}
		return &NotRecordedError{what, r.m.pull.Time}
	}
	return nil
}
