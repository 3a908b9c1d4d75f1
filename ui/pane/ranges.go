package pane

import (
	"fmt"
	"path/filepath"
	"sort"
	"strings"

	"kmv/engine/view"
	"kmv/ui/draw"
)

// Ranges lists every mapping and named variable: size, class, whether it is mirrored, and what that holds and costs.
type Ranges struct {
	list
	Variables bool // only these
}

// NewRanges is the list, unfiltered.
func NewRanges() *Ranges {
	r := &Ranges{list: list{heading: 1}}
	r.rows = func(d *Data) int { return len(r.shown(d)) }
	r.text = func(d *Data, i int) string {
		g := r.shown(d)[i]
		return fmt.Sprintf("%x-%x %s %s %s %s %s", g.Start, g.End, g.Prot, g.Kind, g.Name, g.State, g.Why)
	}
	return r
}

func (r *Ranges) Title(d *Data) string {
	t := "ranges"
	if r.Variables {
		t = "variables"
	}
	if r.filter != "" {
		t += " with " + r.filter
	}
	return t
}

// Filter keeps the rows that contain text; "" keeps all.
func (r *Ranges) Filter(text string) { r.filter = text }

func (r *Ranges) Ask(q *view.Query) { q.Ranges = true }

// shown are the rows: the program's mappings by address.
func (r *Ranges) shown(d *Data) []view.Range {
	var out []view.Range
	for _, g := range d.Now.Ranges {
		if (!r.Variables || g.Kind == "variable") && (r.filter == "" || contains(g.Kind+" "+g.Name+" "+g.State+" "+g.Why, r.filter)) {
			out = append(out, g)
		}
	}
	return out
}

// Selected is the range under the cursor.
func (r *Ranges) Selected(d *Data) *view.Range {
	s := r.shown(d)
	if r.cursor >= len(s) {
		return nil
	}
	return &s[r.cursor]
}

// state is a glyph and a role for a range's state.
func state(s string) (draw.Role, string) {
	switch s {
	case "mirrored":
		return draw.Good, "="
	case "fenced":
		return draw.Good, "#"
	case "off":
		return draw.Bad, "o"
	case "read-only":
		return draw.Dim, "r"
	}
	return draw.Warn, "!"
}

// rangesWide is where every column has room; below it the selected range is told in full in a last line.
const rangesWide = 72

func (r *Ranges) Size(w, h int) {
	r.footer = 0
	if w < rangesWide && h >= 6 {
		r.footer = 1
	}
	r.list.Size(w, h)
}

func (r *Ranges) Draw(s draw.Surface, d *Data, focused bool) {
	wide := r.w >= rangesWide
	head := "    start         size what"
	if wide {
		head = "    start         size kind         state      resident st/s   name"
	}
	s.Row(0).Put(draw.Title, draw.Fit(head, r.w))
	shown := r.shown(d)
	r.draw(s, d, focused, "no ranges are known yet", func(p *draw.Pen, i int) {
		g := &shown[i]
		role, glyph := state(g.State)
		p.Put(role, " "+glyph+" ").Put(draw.Address, fmt.Sprintf("%12x ", g.Start))
		p.Cut(draw.Plain, 6, fmt.Sprintf("%5s", draw.Bytes(g.End-g.Start)))
		if wide {
			p.Cut(draw.Label, 13, g.Kind).Cut(role, 11, g.State)
			p.Cut(draw.Plain, 9, fmt.Sprintf("%7s", draw.Bytes(g.Resident))).Cut(draw.Plain, 7, rate(g))
		} else if g.Kind != "variable" && g.Kind != "stack" || g.Name == "" {
			p.Put(draw.Label, g.Kind+" ")
		}
		if g.Errors > 0 {
			p.Put(draw.Bad, "x"+fmt.Sprint(g.Errors)+" ")
		}
		name := Called(g)
		if wide && g.Why != "" {
			name += "  " + g.Why
		}
		p.Put(draw.Dim, draw.Fit(name, r.w-p.At()-1))
	})
	if g := r.Selected(d); g != nil && r.footer > 0 {
		r.told(s.Row(r.heading+r.h), g)
	}
}

// Called is a range's name; files are known by the last part of theirs.
func Called(g *view.Range) string {
	if strings.HasPrefix(g.Name, "/") {
		return filepath.Base(g.Name)
	}
	return g.Name
}

// rate is what is stored in a range, an estimate; "" if no store to it was seen.
func rate(g *view.Range) string {
	if g.StoreRate < 1 {
		return ""
	}
	return "~" + draw.Count(uint64(g.StoreRate))
}

// told is what the narrow list leaves out of a range.
func (r *Ranges) told(p *draw.Pen, g *view.Range) {
	role, glyph := state(g.State)
	text := fmt.Sprintf("%s in memory", draw.Bytes(g.Resident))
	if n := rate(g); n != "" {
		text += ", " + n + " stores/s"
	}
	if g.Why != "" {
		text += ", " + g.Why
	}
	p.Put(role, " "+glyph+" "+g.State)
	p.Put(draw.Dim, draw.Fit(" "+text, r.w-p.At()))
}

// Gaps lists what is not mirrored, the most frequent first: the coverage view.
type Gaps struct{ list }

// NewGaps is the list, unfiltered.
func NewGaps() *Gaps {
	g := &Gaps{list{heading: 1}}
	g.rows = func(d *Data) int { return len(g.Shown(d)) }
	g.text = func(d *Data, i int) string {
		e := g.Shown(d)[i]
		return fmt.Sprintf("%d %s %s %s", e.Count, e.Kind, e.Name, e.Where)
	}
	return g
}

func (g *Gaps) Title(*Data) string {
	if g.filter != "" {
		return "gaps with " + g.filter
	}
	return "gaps"
}

// Filter keeps the rows that contain text; "" keeps all.
func (g *Gaps) Filter(text string) { g.filter = text }

func (g *Gaps) Ask(q *view.Query) { q.Gaps = true }

// Shown are the rows.
func (g *Gaps) Shown(d *Data) []view.Gap {
	var out []view.Gap
	for _, e := range d.Now.Gaps {
		if g.filter == "" || contains(e.Kind+" "+e.Name+" "+e.Where, g.filter) {
			out = append(out, e)
		}
	}
	sort.SliceStable(out, func(i, j int) bool { return out[i].Count > out[j].Count })
	return out
}

// Selected is the gap under the cursor.
func (g *Gaps) Selected(d *Data) *view.Gap {
	s := g.Shown(d)
	if g.cursor >= len(s) {
		return nil
	}
	return &s[g.cursor]
}

func (g *Gaps) Draw(s draw.Surface, d *Data, focused bool) {
	s.Row(0).Put(draw.Title, draw.Fit("  count  kind           what, where", g.w))
	shown := g.Shown(d)
	g.draw(s, d, focused, "none: every write has its copy", func(p *draw.Pen, i int) {
		e := shown[i]
		if e.Unmirrored {
			p.Put(draw.Uncovered, "!")
		} else {
			p.Put(draw.Plain, " ")
		}
		p.Put(draw.Plain, fmt.Sprintf("%6s  ", draw.Count(uint64(e.Count))))
		p.Cut(draw.Warn, 15, e.Kind).Put(draw.Label, e.Name).Put(draw.Dim, "  "+e.Where)
	})
}
