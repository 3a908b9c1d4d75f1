package pane

import (
	"fmt"
	"strings"

	"kmv/engine/view"
	"kmv/ui/draw"
)

// row is one row of the pane: a heading (block, symbol, source line), or an instruction with a part of its translation.
type row struct {
	line  *view.CodeLine
	first bool // of the instruction
	head  string
	src   string
	cache *view.CacheInst
}

// rows spreads instructions over rows.
func (c *Code) rows(lines []view.CodeLine) []row {
	var rows []row
	for i := range lines {
		l := &lines[i]
		if head, src := heading(lines, i); head != "" || src != "" {
			rows = append(rows, row{line: l, head: head, src: src})
		}
		first := true
		if !c.Stacked {
			for j := range l.Code {
				if c.Compact && l.Code[j].Role == view.RoleSupport {
					continue
				}
				rows = append(rows, row{line: l, first: first, cache: &l.Code[j]})
				first = false
			}
		}
		if first {
			rows = append(rows, row{line: l, first: true})
		}
	}
	return rows
}

// heading is what stands above an instruction: the start of a block, a function, a source line.
func heading(lines []view.CodeLine, i int) (head, src string) {
	l := &lines[i]
	if l.Line != "" {
		src = strings.TrimRight(l.Source+"  "+strings.TrimSpace(l.Line), " ")
	}
	starts := l.Block != 0 && l.Block == l.Addr
	function := l.Symbol != "" && !strings.Contains(l.Symbol, "+")
	if !starts && !function && i > 0 && (l.Block != 0) == (lines[i-1].Block != 0) {
		return "", src
	}
	if l.Source != "" && src == "" { // the file is not here: it is named only where a row is spent anyway
		src = l.Source
	}
	switch {
	case starts && l.Count > 0:
		head = fmt.Sprintf("%s x%s", l.Symbol, draw.Count(l.Count))
	case l.Symbol != "":
		head = l.Symbol
	case l.Block != 0:
		head = fmt.Sprintf("block %x", l.Block)
	}
	switch {
	case l.Block != 0 || head == "":
	case l.Break != 0:
		head += " (a breakpoint stands here)"
	default:
		head += " (not translated yet)"
	}
	return head, src
}

// scroll is the first row to show: where it was if the cursor is still on the screen, else with the cursor at a third.
func (c *Code) scroll(rows []row, h int) int {
	top, cursor, last := -1, 0, 0
	for i, r := range rows {
		if top < 0 && r.line.Addr == c.top {
			top = i
		}
		if r.line.Addr == c.cursor {
			if r.first {
				cursor = i
			}
			last = i
		}
	}
	if top < 0 || cursor < top || min(last, cursor+h/2) >= top+h {
		top = max(cursor-h/3, 0)
	}
	for top > 0 && rows[top].line.Addr == rows[top-1].line.Addr && top <= cursor {
		top-- // an instruction starts at its first row
	}
	c.top = rows[top].line.Addr
	return top
}
