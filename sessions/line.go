package sessions

import (
	"time"

	"kmv/engine/view"
)

// FormatVersion is the version that is written. A reader takes any file up to it; a change that an old reader would
// misread raises it.
const FormatVersion = 1

// Line is one line of a recording: a number, and one of the rest.
type Line struct {
	N       uint64      `json:"n"` // from 1, without holes
	Header  *Header     `json:"header,omitempty"`
	Key     bool        `json:"key,omitempty"` // what follows refers to no registers, memory, ranges and gaps before
	Event   *view.Event `json:"event,omitempty"`
	Pull    *Pull       `json:"pull,omitempty"`
	Code    *Code       `json:"code,omitempty"`
	Asked   *Asked      `json:"asked,omitempty"`
	Dropped *Dropped    `json:"dropped,omitempty"`
	End     *End        `json:"end,omitempty"`
}

// Header is the first line.
type Header struct {
	Format  int       `json:"format"`
	Version string    `json:"version"` // of kmv
	Program string    `json:"program"` // path
	Argv    []string  `json:"argv"`
	BuildID string    `json:"build_id,omitempty"` // of the program, hexadecimal (.note.gnu.build-id)
	Kernel  string    `json:"kernel"`
	CPU     string    `json:"cpu"`
	Policy  []string  `json:"policy,omitempty"` // mirror SPECs, in order
	Seeds   []uint64  `json:"seeds,omitempty"`
	Offset  uint64    `json:"offset"` // mirror address - native address
	Start   time.Time `json:"start"`  // of the recording
	At      float64   `json:"at"`     // seconds since the start of the run
}

// Why a Pull was made.
const (
	PullStop   = "stop"   // the program is paused
	PullSecond = "second" // a second has passed
	PullLook   = "look"   // a watcher read it; it belongs to the moment before
	PullEnd    = "end"    // the run or the recording ends
)

// Pull is what was read of the run at one moment. What is absent was not read, except Ranges and Gaps: those are as before.
type Pull struct {
	Why       string            `json:"why"`
	Seq       uint64            `json:"seq"` // of the last event before
	Time      float64           `json:"t"`
	State     view.State        `json:"state"`
	Reason    string            `json:"reason,omitempty"`
	Pid       int               `json:"pid,omitempty"`
	Thread    int               `json:"thread,omitempty"`
	Counters  *view.Counters    `json:"counters,omitempty"`
	Registers []RegisterDelta   `json:"registers,omitempty"`
	Stacks    []Stack           `json:"stacks,omitempty"`
	Threads   []view.Thread     `json:"threads,omitempty"`
	Processes []view.Process    `json:"processes,omitempty"`
	Breaks    []view.BreakPoint `json:"breaks,omitempty"`
	Ranges    *RangeDelta       `json:"ranges,omitempty"`
	Gaps      []view.Gap        `json:"gaps,omitempty"` // new, or with another count
	Blocks    []view.BlockInfo  `json:"blocks,omitempty"`
	Memory    []MemoryRead      `json:"memory,omitempty"`
}

// RegisterDelta is what changed in a thread's registers. Without Full it refers to the same thread's last.
type RegisterDelta struct {
	Thread  int            `json:"thread"`
	Full    bool           `json:"full,omitempty"`
	Names   []string       `json:"names,omitempty"`
	Values  []uint64       `json:"values,omitempty"`
	Vectors map[int][]byte `json:"vectors,omitempty"` // by number
	Masks   []uint64       `json:"masks,omitempty"`
	MXCSR   uint32         `json:"mxcsr,omitempty"`
	Wide    int            `json:"wide,omitempty"` // how many vector registers there are; 0: they were not read
}

// Stack is a thread's calls.
type Stack struct {
	Thread int          `json:"thread"`
	Frames []view.Frame `json:"frames"`
}

// RangeDelta says which ranges are new or different, and the starts of those that are gone.
type RangeDelta struct {
	Set  []view.Range `json:"set,omitempty"`
	Gone []RangeKey   `json:"gone,omitempty"`
}

// RangeKey names a range: a variable may start where its mapping starts.
type RangeKey struct {
	Start uint64 `json:"start"`
	Kind  string `json:"kind"`
	Name  string `json:"name,omitempty"`
}

// MemoryRead is a piece of memory that was read. Bytes that are not in Pieces are as they were at the last Read of the same page; with Full
// there was none.
type MemoryRead struct {
	Addr   uint64  `json:"addr"`
	Size   int     `json:"size"`
	Pid    int     `json:"pid,omitempty"`
	State  string  `json:"state,omitempty"`
	Range  string  `json:"range,omitempty"`
	Low    uint64  `json:"low,omitempty"`
	High   uint64  `json:"high,omitempty"`
	Last   uint64  `json:"last,omitempty"`
	LastN  int     `json:"last_n,omitempty"`
	Mirror bool    `json:"mirror,omitempty"` // there is a copy
	Full   bool    `json:"full,omitempty"`
	Pieces []Piece `json:"pieces,omitempty"`
}

// Piece is bytes at an address, and the bytes of the copy where those differ.
type Piece struct {
	Addr   uint64 `json:"addr"`
	Native []byte `json:"native"`
	Mirror []byte `json:"mirror,omitempty"`
}

// Code is translated code, each instruction once unless it is translated again.
type Code struct {
	Pid   int             `json:"pid,omitempty"`
	Lines []view.CodeLine `json:"lines"`
}

// Asked is a command that a watcher gave, and what came of it.
type Asked struct {
	Time    float64      `json:"t"`
	Command view.Command `json:"command"`
	Reply   *view.Reply  `json:"reply,omitempty"`
	Error   string       `json:"error,omitempty"`
}

// Dropped says what is not in the file because it could not be written in time, since the line before.
type Dropped struct {
	Time   float64 `json:"t"`
	Events int     `json:"events,omitempty"`
	Asked  int     `json:"asked,omitempty"`
	Pulls  int     `json:"pulls,omitempty"`  // snapshots, or the memory in them
	Output int     `json:"output,omitempty"` // bytes of the terminal
	Why    string  `json:"why"`              // disk, budget
}

// End is the last line of a recording that was ended in order.
type End struct {
	Time   float64 `json:"t"`
	Reason string  `json:"reason"`
}
