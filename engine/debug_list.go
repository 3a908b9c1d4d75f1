package engine

import (
	"fmt"
	"path/filepath"
	"strconv"
	"strings"

	"kmv/engine/expr"
	"kmv/engine/symbols"
	"kmv/engine/view"
)

// listed is how many lines one list shows.
const listed = 10

// list answers List: lines of the source around a place, or around where the frame is.
func list(e *engine, c view.Command) (view.Reply, error) {
	t, err := e.threadOf(c)
	if err != nil {
		return view.Reply{}, err
	}
	bad := func(problem, hint string) (view.Reply, error) {
		text := c.Text
		if text == "" {
			text = string(c.Op)
		}
		return view.Reply{}, &view.CommandError{Text: text, End: len(text), Problem: problem, Hint: hint}
	}
	env := e.environmentOf(t, c.Frame)
	here, known := e.currentLine(t, env.pc())
	row := here
	first := 0
	switch file, line, ok := fileLine(c.Text); {
	case c.Text == "":
		if !known {
			return bad("there are no lines for "+e.placeName(t.p, env.pc()), "build with -g, or choose a frame that has lines")
		}
	case ok && file == "":
		if !known {
			return bad("is a line, and there is no current file", "FILE:LINE, or a function")
		}
		row.Line = line
	case ok:
		if row, ok = e.rowOf(t.p, file, line); !ok {
			return bad("is in no file that the program has lines of", "FILE:LINE, or a function")
		}
		row.Line = line
		if c.On {
			first = line
		}
	default:
		addrs, err := e.functionAddresses(t, c.Text)
		if err != nil {
			return view.Reply{}, err
		}
		if addrs == nil {
			return bad("is not a function of the program or its libraries", "FILE:LINE, or a function")
		}
		if row, ok = e.lineAt(t.p, addrs[0]); !ok {
			return bad("has no lines: it was built without -g", "disas shows its instructions")
		}
	}
	lines := symbols.Lines(row.File)
	if lines == nil {
		return bad("the source "+row.File+" cannot be read", "kmv reads it where the debug information says it was compiled")
	}
	if first == 0 {
		first = max(row.Line-listed/2, 1)
	}
	if first > len(lines) {
		return bad(fmt.Sprintf("%s has %d lines", filepath.Base(row.File), len(lines)), "list shows where the program is")
	}
	var out []string
	next := first
	for ; next < first+listed && next <= len(lines); next++ {
		mark := " "
		if row.File == here.File && next == here.Line && here.Addr <= env.pc() && env.pc() < here.End {
			mark = ">"
		}
		out = append(out, fmt.Sprintf("%s%5d  %s", mark, next, strings.ReplaceAll(lines[next-1], "\t", "    ")))
	}
	return view.Reply{Text: strings.Join(out, "\n"), Value: uint64(next), Where: row.File}, nil
}

// fileLine takes FILE:LINE or LINE apart.
func fileLine(text string) (file string, line int, ok bool) {
	if n, err := strconv.Atoi(text); err == nil {
		return "", n, true
	}
	i := strings.LastIndexByte(text, ':')
	if i < 1 || text[i-1] == ':' {
		return "", 0, false
	}
	line, err := strconv.Atoi(text[i+1:])
	return text[:i], line, err == nil
}

// rowOf finds a file that a path's end means.
func (e *engine) rowOf(p *process, file string, line int) (symbols.Row, bool) {
	for _, m := range e.modules(p) {
		for _, at := range [...]int{line, 1} { // behind the last code there is none
			for _, a := range m.image.Addresses(file, at) {
				if r, ok := m.image.Line(a); ok {
					return r, true
				}
			}
		}
	}
	return symbols.Row{}, false
}

// assign answers Assign.
func assign(e *engine, c view.Command) (view.Reply, error) {
	t, err := e.threadOf(c)
	if err != nil {
		return view.Reply{}, err
	}
	e.awaitLines(t.p, e.nativeRegs(t).Rip)
	addr, data, err := expr.Assign(c.Text, e.environmentOf(t, c.Frame))
	if err != nil {
		return view.Reply{}, commandError(err)
	}
	if _, err = write(e, view.Command{Op: view.Write, Thread: c.Thread, Addr: addr, Data: data, Half: view.Both}); err != nil {
		return view.Reply{}, err
	}
	left, _, _ := expr.Split(c.Text)
	r, err := evaluate(e, view.Command{Text: left, Thread: c.Thread, Frame: c.Frame})
	r.Text = left + " = " + r.Text
	return r, err
}
