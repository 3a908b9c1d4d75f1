package cli

import (
	"fmt"
	"sort"
	"strings"

	"kmv/translator"
	"kmv/translator/x86"
)

// list prints the blocks of a region.
func (a *app) list(r *region, cfg translator.Config) error {
	tr := translator.New(cfg)
	for pc := r.start; pc < r.start+uint64(len(r.code)); {
		l := listing{region: r, bold: terminal()}
		if err := tr.Block(r.code[pc-r.start:], pc, 0, nil, &l.f); err != nil {
			return failure{err: err, hint: "--addr must be the start of an instruction"}
		}
		fmt.Fprint(a.out, l.block())
		if pc += uint64(l.f.Size); l.f.Size == 0 || !r.all {
			break
		}
	}
	return nil
}

// listing is one block on its way to paper.
type listing struct {
	*region
	f    translator.Fragment
	bold bool
	b    strings.Builder
}

// nativeColumn is the width of the left side.
const nativeColumn = 52

func (l *listing) block() string {
	f := &l.f
	fmt.Fprintf(&l.b, "%#x%s: %s in %s, %s, %d mirrored; %d bytes of translation\n", f.Native, l.named(f.Native),
		plural(int(f.Insts), "instruction"), plural(int(f.Size), "byte"), plural(int(f.Stores), "store"), f.Mirrored, len(f.Code))
	right := l.translation()
	l.lines("  (entry through the jump map)", right[0][:l.prefixLines(right[0])])
	own := right[0][l.prefixLines(right[0]):]
	for off := uint32(0); off < f.Size; {
		var in x86.Inst
		code := l.code[f.Native-l.start+uint64(off):]
		pc := f.Native + uint64(off)
		if off > 0 {
			own = right[off]
		}
		if x86.Decode(code, &in) != nil {
			l.lines(fmt.Sprintf("  %8x  % x: no whole instruction", pc, code[:min(len(code), 8)]), own)
			break
		}
		l.lines(fmt.Sprintf("  %8x  %s", pc, in.Text(code[:in.Len], pc)), own)
		off += uint32(in.Len)
	}
	l.lines("", right[f.Size])
	for _, g := range f.Gaps {
		fmt.Fprintf(&l.b, "  ! gap at %#x: %s: %s\n", g.PC, g.Name, g.Why)
	}
	l.b.WriteByte('\n')
	return l.b.String()
}

// named is an address's symbol, in the form that follows the address.
func (l *listing) named(addr uint64) string {
	if s := l.image.symbol(addr); s != "" {
		return " <" + s + ">"
	}
	return ""
}

// line is one translated instruction.
type line struct {
	off  uint32
	role translator.Role
	text string
}

// translation decodes the fragment; each native instruction's offset has its lines.
func (l *listing) translation() map[uint32][]line {
	f := &l.f
	lines := map[uint32][]line{}
	at := uint32(0)
	for off := uint32(0); off < uint32(len(f.Code)); {
		p := f.Points[sort.Search(len(f.Points), func(i int) bool { return f.Points[i].Off > off })-1]
		var in x86.Inst
		if x86.Decode(f.Code[off:], &in) != nil {
			in.Len = 1
		}
		end := off + uint32(in.Len)
		text := in.Text(f.Code[off:end], uint64(off))
		for _, e := range f.Exits {
			if e.Kind != translator.ExitFall && e.Off >= off && e.Off < end {
				text = strings.Fields(text)[0] + " " + l.exit(e)
			}
		}
		if p.PC >= f.Native && p.PC < f.Native+uint64(f.Size) {
			at = uint32(p.PC - f.Native) // else it is after the block: still the last instruction's
		}
		lines[at] = append(lines[at], line{off, p.Role, text})
		off = end
	}
	for _, e := range f.Exits {
		if e.Kind == translator.ExitFall {
			lines[f.Size] = append(lines[f.Size], line{uint32(len(f.Code)), translator.RoleGlue, "falls into " + l.exit(e)})
		}
	}
	return lines
}

// prefixLines counts the lines of the prefix that indirect branches enter by.
func (l *listing) prefixLines(lines []line) int {
	return sort.Search(len(lines), func(i int) bool { return lines[i].off >= l.f.Prefix })
}

// exit says where a jump out of the fragment leads.
func (l *listing) exit(e translator.Exit) string {
	target := fmt.Sprintf("%#x%s", e.Target, l.named(e.Target))
	switch e.Kind {
	case translator.ExitSyscall:
		return "the system call routine, then " + target
	case translator.ExitStop:
		return fmt.Sprintf("a stop: %s at %s", stopNames[e.Stop], target)
	}
	return target
}

var stopNames = map[translator.StopReason]string{
	translator.StopUndefined: "undefined instruction", translator.StopPrivileged: "privileged instruction",
	translator.StopInt: "interrupt", translator.StopUnknown: "unknown instruction",
	translator.StopUnsupported: "unsupported instruction", translator.StopCPUID: "cpuid", translator.StopFetch: "end of the code",
}

// lines prints native text on the left and its translation on the right.
func (l *listing) lines(left string, right []line) {
	if len(right) == 0 {
		if left != "" && !strings.HasPrefix(left, "  (") {
			fmt.Fprintln(&l.b, left)
		}
		return
	}
	for _, r := range right {
		mark, on, off := " ", "", ""
		switch r.role {
		case translator.RoleMirror:
			if mark = "="; l.bold {
				on, off = "\x1b[1m", "\x1b[0m"
			}
		case translator.RoleGlue:
			mark = "."
		}
		fmt.Fprintf(&l.b, "%-*s| %s%s %s%s\n", nativeColumn, clip(left), on, mark, r.text, off)
		left = ""
	}
}

// clip keeps the columns straight.
func clip(s string) string {
	if len(s) > nativeColumn-1 {
		return s[:nativeColumn-4] + "..."
	}
	return s
}
