package engine

import (
	"fmt"
	"path/filepath"
	"strings"

	"kmv/engine/symbols"
)

// A call that the compiler has copied into its caller has a frame of its own for people, as in gdb: it shares the registers of the
// frame that it lies in.

// calls lists at most that many calls of a stopped thread, copied ones too, the innermost first.
func (e *engine) calls(t *thread, most int) []frame {
	var list []frame
	for i, f := range e.unwind(t, most) {
		f.depth = i
		m, ok := e.moduleAt(t.p, f.look())
		if !ok {
			list = append(list, f)
			continue
		}
		var chain []*symbols.Function // from the outermost on
		for fn := m.image.FunctionAt(f.look() - m.bias); fn != nil; fn = fn.Inline {
			chain = append(chain, fn)
		}
		if len(chain) < 2 {
			list = append(list, f)
			continue
		}
		for j := len(chain) - 1; j >= 0; j-- {
			f.fn, f.copied, f.source = chain[j], j > 0, ""
			if j+1 < len(chain) {
				f.source = fmt.Sprintf("%s:%d", filepath.Base(chain[j+1].File), chain[j+1].Line)
			}
			list = append(list, f)
		}
	}
	return list[:min(len(list), most)]
}

// copiedAt says whose copy an address belongs to: "square, inlined in main", or "". Of copies in copies it is the one of that name,
// else the innermost.
func (e *engine) copiedAt(p *process, addr uint64, name string) string {
	m, ok := e.moduleAt(p, addr)
	if !ok {
		return ""
	}
	fn := m.image.FunctionAt(addr - m.bias)
	if fn == nil || fn.Inline == nil {
		return ""
	}
	name = name[strings.LastIndexByte(name, ':')+1:]
	shown := fn.Innermost().Name
	for in := fn.Inline; in != nil; in = in.Inline {
		if in.Name == name {
			shown = name
		}
	}
	return fmt.Sprintf("%s, inlined in %s", shown, e.placeName(p, addr))
}

// stopName is where a breakpoint that was given as a text is, for a person.
func (e *engine) stopName(p *process, addr uint64, text string) string {
	if s := e.copiedAt(p, addr, text); s != "" {
		return s
	}
	return e.placeName(p, addr)
}
