package pane

import (
	"fmt"
	"strings"

	"kmv/engine/view"
	"kmv/ui/draw"
)

// Registers shows a thread's registers; those that changed since the last stop are marked. Vectors are shown on demand.
type Registers struct {
	list
	Vectors bool
}

// NewRegisters shows the general ones.
func NewRegisters() *Registers {
	r := &Registers{}
	r.rows = func(d *Data) int { return len(r.lines(d)) }
	r.text = func(d *Data, i int) string {
		var b strings.Builder
		for _, c := range r.lines(d)[i] {
			b.WriteString(c.name + " " + c.value + " ")
		}
		return strings.TrimSpace(b.String())
	}
	return r
}

func (r *Registers) Title(d *Data) string {
	if d.Now.Frame != 0 {
		return fmt.Sprintf("registers of %d, frame %d", d.Now.Thread, d.Now.Frame)
	}
	if d.Now.Thread != 0 {
		return fmt.Sprintf("registers of %d", d.Now.Thread)
	}
	return "registers"
}

func (r *Registers) Ask(q *view.Query) {
	q.Registers = true
	q.Vectors = q.Vectors || r.Vectors
}

// cell is one register.
type cell struct {
	name, value, note string
	changed           bool
	width             int
}

const registerWidth = 23

// lines arranges the registers in columns, with flags and vectors on lines of their own.
func (r *Registers) lines(d *Data) [][]cell {
	g := d.Now.Registers
	if g == nil {
		return nil
	}
	var cells []cell
	var flags []cell
	for i, name := range g.Names {
		v := g.Values[i]
		old, known := uint64(0), d.Before != nil && d.Before.Registers != nil
		if known {
			old = register(d.Before, name)
		}
		c := cell{name: name, value: fmt.Sprintf("%016x", v), changed: known && old != v, width: registerWidth}
		if name == "eflags" {
			c.value, c.note = fmt.Sprintf("%x", v), Flags(v)
			flags = append(flags, c)
			continue
		}
		cells = append(cells, c)
	}
	columns := max(r.w/registerWidth, 1)
	height := (len(cells) + columns - 1) / columns
	var out [][]cell
	for y := range height {
		var line []cell
		for x := 0; x < columns && x*height+y < len(cells); x++ {
			line = append(line, cells[x*height+y])
		}
		out = append(out, line)
	}
	for _, f := range flags {
		out = append(out, []cell{f})
	}
	return append(out, r.vectors(d)...)
}

// vectors are a line each, the low bytes last as in a number.
func (r *Registers) vectors(d *Data) [][]cell {
	var out [][]cell
	if !r.Vectors {
		return nil
	}
	for i, v := range d.Now.Registers.Vectors {
		changed := false
		if p := d.Before; p != nil && p.Registers != nil && i < len(p.Registers.Vectors) {
			changed = string(p.Registers.Vectors[i]) != string(v)
		}
		name := vectorName(len(v), i)
		per := max((r.w-7)/17, 1) * 8 // bytes a line
		for high := len(v); high > 0; high -= per {
			var b strings.Builder
			for j := high - 1; j >= max(high-per, 0); j-- {
				fmt.Fprintf(&b, "%02x", v[j])
				if j%8 == 0 && j > max(high-per, 0) {
					b.WriteByte('_')
				}
			}
			out = append(out, []cell{{name: name, value: b.String(), changed: changed, width: r.w}})
			name = ""
		}
	}
	for i, k := range d.Now.Registers.Masks {
		out = append(out, []cell{{name: fmt.Sprintf("k%d", i), value: fmt.Sprintf("%016x", k), width: r.w}})
	}
	return out
}

func vectorName(size, i int) string {
	switch size {
	case 64:
		return fmt.Sprintf("zmm%d", i)
	case 32:
		return fmt.Sprintf("ymm%d", i)
	}
	return fmt.Sprintf("xmm%d", i)
}

// flagNames are the bits of RFLAGS (SDM volume 1, 3.4.3).
var flagNames = []struct {
	bit  uint
	name string
}{{0, "CF"}, {2, "PF"}, {4, "AF"}, {6, "ZF"}, {7, "SF"}, {8, "TF"}, {10, "DF"}, {11, "OF"}}

// Flags names the flags that are set in capitals and the others in small letters.
func Flags(v uint64) string {
	var names []string
	for _, f := range flagNames {
		if v>>f.bit&1 == 1 {
			names = append(names, f.name)
		} else {
			names = append(names, strings.ToLower(f.name))
		}
	}
	return strings.Join(names, " ")
}

func (r *Registers) Draw(s draw.Surface, d *Data, focused bool) {
	empty := "known when the program pauses"
	if d.Now.State == view.Ended {
		empty = "the program has ended"
	}
	lines := r.lines(d)
	r.draw(s, d, focused, empty, func(p *draw.Pen, i int) {
		for x, c := range lines[i] {
			p.To(x * registerWidth)
			if c.changed {
				p.Put(draw.Changed, "*")
			} else {
				p.Put(draw.Plain, " ")
			}
			p.Put(draw.Label, fmt.Sprintf("%-6s", strings.TrimSuffix(c.name, "_base")))
			role := draw.Plain
			switch {
			case c.changed:
				role = draw.Changed
			case strings.Trim(c.value, "0_") == "":
				role = draw.Dim
			}
			p.Put(role, c.value)
			flagsOf(p, c.note)
		}
	})
}

// flagsOf writes flags: those that are set stand out.
func flagsOf(p *draw.Pen, note string) {
	for _, f := range strings.Fields(note) {
		role := draw.Dim
		if f == strings.ToUpper(f) {
			role = draw.Warn
		}
		p.Put(draw.Plain, " ").Put(role, f)
	}
}
