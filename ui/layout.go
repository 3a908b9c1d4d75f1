package ui

import (
	"fmt"

	"kmv/ui/draw"
	"kmv/ui/pane"
)

// The smallest terminal that holds a pane, and the widths from which more of them stand side by side.
const (
	minWidth, minHeight = 60, 15
	stackWidth          = 80
	tabsWidth           = 100
	wideWidth           = 160
	pairWidth           = 67  // what both halves of a pair need beside each other
	sixteenWidth        = 124 // and memory with sixteen bytes a row
)

// Layouts are the names that `:layout` knows; auto chooses by the terminal's width.
var Layouts = []string{"auto", "wide", "tabs", "stack", "one"}

// Box is a frame with one pane, or with several as tabs.
type Box struct {
	At    draw.Rect
	Panes []pane.ID
}

// Plan is where everything stands. It depends on the terminal's size and the chosen layout alone.
type Plan struct {
	Header, Command draw.Rect
	Boxes           []Box
	Stacked         bool   // the copies of a pair stand one above the other
	Message         string // instead of everything else: the terminal is too small
}

var order = []pane.ID{pane.IDCode, pane.IDMemory, pane.IDRanges, pane.IDRegisters, pane.IDStack, pane.IDThreads,
	pane.IDBreaks, pane.IDFailures, pane.IDGaps, pane.IDTerminal, pane.IDLog}

// Arrange makes the plan. zoom gives one pane all the room; "" none.
func Arrange(w, h int, layout string, zoom pane.ID) Plan {
	if w < minWidth || h < minHeight {
		return Plan{Message: fmt.Sprintf("kmv needs %dx%d, this is %dx%d", minWidth, minHeight, w, h)}
	}
	p := Plan{Header: draw.Rect{X: 0, Y: 0, W: w, H: 2}, Command: draw.Rect{X: 0, Y: h - 1, W: w, H: 1}}
	body := draw.Rect{X: 0, Y: 2, W: w, H: h - 3}
	p.Stacked = w < tabsWidth
	if zoom != "" {
		p.Boxes = []Box{{body, order}}
		return p
	}
	switch layout = chosen(w, layout); layout {
	case "wide":
		p.Boxes = wide(body)
	case "tabs":
		p.Boxes = tabs(body)
	case "stack":
		p.Stacked = true
		p.Boxes = stack(body)
	default:
		p.Boxes = []Box{{body, order}}
	}
	return p
}

// chosen is the layout that the width allows.
func chosen(w int, layout string) string {
	fits := "one"
	switch {
	case w >= wideWidth:
		fits = "wide"
	case w >= tabsWidth:
		fits = "tabs"
	case w >= stackWidth:
		fits = "stack"
	}
	need := map[string]int{"wide": wideWidth, "tabs": tabsWidth, "stack": stackWidth, "one": minWidth}
	if n, ok := need[layout]; ok && w >= n {
		return layout
	}
	return fits
}

// wide shows all panes at once: the pairs and the program's terminal left, the rest right.
func wide(b draw.Rect) []Box {
	left, right := split(b, max(b.W*55/100, min(sixteenWidth, b.W-74)))
	l := rows(left, 46, 30, 24)
	boxes := []Box{{l[0], []pane.ID{pane.IDCode}}, {l[1], []pane.ID{pane.IDMemory}}, {l[2], []pane.ID{pane.IDTerminal}}}
	if b.H < 26 {
		r := rows(right, 30, 40, 30)
		return append(boxes,
			Box{r[0], []pane.ID{pane.IDRegisters, pane.IDStack, pane.IDThreads, pane.IDBreaks}},
			Box{r[1], []pane.ID{pane.IDRanges, pane.IDFailures, pane.IDGaps}},
			Box{r[2], []pane.ID{pane.IDLog}})
	}
	r := rows(right, 20, 14, 21, 13, 16, 16)
	stack, threads := columns(r[1], 50)
	breaks, gaps := columns(r[3], 50)
	return append(boxes,
		Box{r[0], []pane.ID{pane.IDRegisters}},
		Box{stack, []pane.ID{pane.IDStack}}, Box{threads, []pane.ID{pane.IDThreads}},
		Box{r[2], []pane.ID{pane.IDRanges}},
		Box{breaks, []pane.ID{pane.IDBreaks}}, Box{gaps, []pane.ID{pane.IDGaps}},
		Box{r[4], []pane.ID{pane.IDFailures}},
		Box{r[5], []pane.ID{pane.IDLog}})
}

var sidePanes = []pane.ID{pane.IDRanges, pane.IDRegisters, pane.IDStack, pane.IDThreads, pane.IDBreaks, pane.IDFailures, pane.IDGaps}

// tabs keeps the pairs left; the right column holds one pane at a time, above the log.
func tabs(b draw.Rect) []Box {
	left, right := split(b, max(b.W*60/100, pairWidth))
	l := rows(left, 46, 30, 24)
	r := rows(right, 70, 30)
	return []Box{{l[0], []pane.ID{pane.IDCode}}, {l[1], []pane.ID{pane.IDMemory}}, {l[2], []pane.ID{pane.IDTerminal}},
		{r[0], sidePanes}, {r[1], []pane.ID{pane.IDLog}}}
}

// stack has room for one column only.
func stack(b draw.Rect) []Box {
	rest := append(append([]pane.ID{}, sidePanes...), pane.IDTerminal, pane.IDLog)
	if b.H < 32 {
		r := rows(b, 60, 40)
		return []Box{{r[0], []pane.ID{pane.IDCode, pane.IDMemory}}, {r[1], rest}}
	}
	r := rows(b, 42, 30, 28)
	return []Box{{r[0], []pane.ID{pane.IDCode}}, {r[1], []pane.ID{pane.IDMemory}}, {r[2], rest}}
}

// columns cuts a rectangle at a percentage of its width.
func columns(r draw.Rect, percent int) (left, right draw.Rect) { return split(r, r.W*percent/100) }

func split(r draw.Rect, w int) (left, right draw.Rect) {
	return draw.Rect{X: r.X, Y: r.Y, W: w, H: r.H}, draw.Rect{X: r.X + w, Y: r.Y, W: r.W - w, H: r.H}
}

// rows cuts a rectangle into rows by percentages; the last takes what is left.
func rows(r draw.Rect, percents ...int) []draw.Rect {
	out := make([]draw.Rect, len(percents))
	y := 0
	for i, p := range percents {
		h := r.H * p / 100
		if i == len(percents)-1 {
			h = r.H - y
		}
		out[i] = draw.Rect{X: r.X, Y: r.Y + y, W: r.W, H: h}
		y += h
	}
	return out
}
