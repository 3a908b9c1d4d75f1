// Package pane is the parts of the screen, one file each.
//
// Its rules: a pane is a plain struct with a cursor and its own options. It draws what a Data holds into a rectangle, says
// which part of a run it needs for that (Ask), and knows nothing of terminals, events, goroutines or other panes. Its size
// comes from outside and never depends on what it shows.
//
//	Data (snapshot, what came before it) --Draw--> Surface        keys --Move, Click, Find--> its cursor
package pane

import (
	"kmv/engine/view"
	"kmv/ui/draw"
)

// ID names a pane.
type ID string

// The panes, in the order of their keys 1 to 9 and 0.
const (
	IDCode      ID = "code"
	IDMemory    ID = "memory"
	IDRanges    ID = "ranges"
	IDRegisters ID = "registers"
	IDStack     ID = "stack"
	IDThreads   ID = "threads"
	IDBreaks    ID = "breaks"
	IDFailures  ID = "failures"
	IDGaps      ID = "gaps"
	IDTerminal  ID = "terminal"
	IDLog       ID = "log"
)

// Data is what panes show.
type Data struct {
	Now    *view.Snapshot // live, or a past stop
	Before *view.Snapshot // the stop before it, for what changed; may be nil
	Log    []Line
	// Divergent and Broken are known places for the minimap: from verifications, and of memory errors.
	Divergent []view.Divergent
	Broken    []view.Event
	Search    string // is marked where it occurs
}

// Line is a line of the log.
type Line struct {
	Time float64
	Role draw.Role
	Text string
}

// Pane is what every part of the screen can do.
type Pane interface {
	// Title stands in its frame.
	Title(d *Data) string
	// Size gives it its rectangle.
	Size(w, h int)
	// Ask adds what it shows to a query.
	Ask(q *view.Query)
	// Draw shows it. focused is whether it has the keys.
	Draw(s draw.Surface, d *Data, focused bool)
	// Move moves the cursor by rows and columns.
	Move(d *Data, rows, columns int)
	// Page moves by halves of its height.
	Page(d *Data, halves int)
	// Ends moves to the start (false) or the end.
	Ends(d *Data, last bool)
	// Click moves the cursor to a cell.
	Click(d *Data, x, y int)
	// Find moves to the next (1) or previous (-1) place that contains text and says whether there is one.
	Find(d *Data, text string, direction int) bool
	// Copy is the text under the cursor.
	Copy(d *Data) string
}
