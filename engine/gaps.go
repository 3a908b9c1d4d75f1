package engine

import (
	"bytes"
	"fmt"
	"sort"
	"strconv"

	"kmv/engine/ptrace"
	"kmv/engine/view"
	"kmv/translator/x86"
)

// gapKey says which gaps are the same one, met again.
type gapKey struct{ kind, where, name string }

// A gap is one of two things:
//
//	unmirrored   memory may have been written, in a mirrored range or by a program that was to be followed, and its copy was not
//	else         the program was refused something, has less than natively (rights, a view of itself), or runs as --follow says:
//	             no write was lost
//
// gap notes one of the second kind, unmirrored one of the first.
func (e *engine) gap(kind string, at uint64, name string) {
	k := gapKey{kind, fmt.Sprintf("%#x", at), name}
	e.here().gaps[k]++
	if e.gaps[k]++; e.gaps[k] == 1 {
		if t := e.threads[e.current]; t != nil && at != 0 {
			e.gapSymbols[k] = e.symbolAt(t.p, at)
		}
		e.logf("gap: %s at %s: %s", k.kind, k.where, k.name)
		e.emit(view.Event{Kind: view.EventGap, PC: at, Range: kind, Text: name})
	}
}

// unmirrored notes a gap by which memory may have been written without its copy.
func (e *engine) unmirrored(kind string, at uint64, name string) {
	if e.unseen == nil {
		e.unseen = map[gapKey]bool{}
	}
	e.unseen[gapKey{kind, fmt.Sprintf("%#x", at), name}] = true
	e.gap(kind, at, name)
}

// gapList is for reports: where a gap was met is said with the symbol of then.
func (e *engine) gapList(gaps map[gapKey]int) []Gap {
	list := []Gap{}
	for k, n := range gaps {
		g := Gap{k.kind, k.where, k.name, n, e.unseen[k]}
		if s := e.gapSymbols[k]; s != "" {
			g.Where += " <" + s + ">"
		}
		list = append(list, g)
	}
	sort.Slice(list, func(i, j int) bool {
		a, b := list[i], list[j]
		if a.Count != b.Count {
			return a.Count > b.Count
		}
		return a.Kind+a.Where+a.Name < b.Kind+b.Where+b.Name
	})
	return list
}

// describeInstruction names a native instruction, or shows its bytes.
func (p *process) describeInstruction(pc uint64) string {
	b := p.source(pc)
	var in x86.Inst
	if x86.Decode(b, &in) == nil {
		return in.Text(b, pc)
	}
	return fmt.Sprintf("% x (not decodable)", b[:min(len(b), 15)])
}

// instructionLength is the length of the instruction at an address of the cache.
func (t *thread) instructionLength(addr uint64) (int, error) {
	off, _ := t.p.code.offset(addr)
	var in x86.Inst
	if err := x86.Decode(t.p.code.mem[off:off+16], &in); err != nil {
		return 0, fmt.Errorf("BUG: cache offset %#x: %w", off, err)
	}
	return int(in.Len), nil
}

// describe shows a thread for a bug report.
func (e *engine) describe(t *thread) string {
	var b bytes.Buffer
	fmt.Fprintf(&b, "thread %d of %s: %+v\n", t.tid, t.p.exe, t.regs)
	if off, ok := t.p.code.offset(t.regs.Rip); ok {
		blk, ok := t.p.code.at(off)
		fmt.Fprintf(&b, "cache offset %#x: % x\n", off, t.p.code.mem[off:off+16])
		if ok {
			fmt.Fprintf(&b, "block of %#x, %d bytes, at %#x-%#x\n", blk.native, blk.size, blk.start, blk.end)
			for pc, end := blk.native, blk.native+uint64(blk.size); pc < end; {
				src := t.p.source(pc)
				var in x86.Inst
				if x86.Decode(src, &in) != nil {
					break
				}
				fmt.Fprintf(&b, "  %#x %s\n", pc, in.Text(src, pc))
				pc += uint64(in.Len)
			}
		}
	}
	return b.String()
}

// parseMask finds a hexadecimal mask in a /proc/PID/status.
func parseMask(status []byte, key string) (uint64, error) {
	_, rest, ok := bytes.Cut(status, []byte("\n"+key))
	if !ok {
		return 0, fmt.Errorf("no %s in /proc/PID/status", key)
	}
	line, _, _ := bytes.Cut(rest, []byte("\n"))
	return strconv.ParseUint(string(bytes.TrimSpace(line)), 16, 64)
}

func (e *engine) requeue(t *thread, info ptrace.Siginfo) error {
	return ptrace.Requeue(t.pid, t.tid, &info)
}
