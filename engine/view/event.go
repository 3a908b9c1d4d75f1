package view

// Kind is what an event tells. The names are stable.
type Kind string

const (
	EventStart       Kind = "start"       // a program was started or executed: Text is its path
	EventExit        Kind = "exit"        // a process ended: Value is its wait status
	EventFork        Kind = "fork"        // Value is the child's process id
	EventThread      Kind = "thread"      // a thread began (On) or ended
	EventStop        Kind = "stop"        // the program is paused; Text is the reason
	EventResume      Kind = "resume"      // it runs again
	EventSignal      Kind = "signal"      // Value is the signal that the program gets
	EventMap         Kind = "map"         // the mappings changed: Addr, Size, Text
	EventGap         Kind = "gap"         // a write that is not mirrored, seen for the first time
	EventMirror      Kind = "mirror"      // a range was turned on or off
	EventDivergent   Kind = "divergent"   // bytes differ from their copies
	EventVerified    Kind = "verified"    // a verification ended: Size bytes compared
	EventInjected    Kind = "injected"    // a memory error was made
	EventDetected    Kind = "detected"    // an error was noticed
	EventRecovered   Kind = "recovered"   // and repaired
	EventMasked      Kind = "masked"      // an error was overwritten before anything read it
	EventUnrecovered Kind = "unrecovered" // both copies are lost
	EventRetired     Kind = "retired"     // a page was moved off its frame
	EventScrub       Kind = "scrub"       // a pass of the scrubber ended
	EventOutput      Kind = "output"      // Data came from the program's terminal
	EventLog         Kind = "log"         // Text, for a person
)

// Event is one rare thing that happened.
type Event struct {
	Seq     uint64   `json:"seq"` // from 1, without holes
	Time    float64  `json:"t"`   // seconds since the start of the run
	Kind    Kind     `json:"kind"`
	Pid     int      `json:"pid,omitempty"`
	Thread  int      `json:"thread,omitempty"`
	PC      uint64   `json:"pc,omitempty"` // native
	Symbol  string   `json:"symbol,omitempty"`
	Addr    uint64   `json:"addr,omitempty"`
	Size    uint64   `json:"size,omitempty"`
	Half    Half     `json:"half,omitempty"`
	Range   string   `json:"range,omitempty"`
	Value   uint64   `json:"value,omitempty"`
	On      bool     `json:"on,omitempty"`
	Text    string   `json:"text,omitempty"`
	Data    []byte   `json:"data,omitempty"`
	Failure *Failure `json:"failure,omitempty"` // of injected, detected, recovered, masked, unrecovered
}

// Failure is what is known about one memory error.
type Failure struct {
	ID        int     `json:"id"`                  // the same in all events about this error; 0: not injected by kmv
	What      string  `json:"what"`                // flip, stuck0, stuck1, byte, word, cacheline, page, row
	Mechanism string  `json:"mechanism,omitempty"` // hwpoison, uffd-poison, protection, write
	How       string  `json:"how,omitempty"`       // detected by: sigbus, syscall, engine, scrub, verify, async; decided by: poison, checksum, policy
	Seed      uint64  `json:"seed,omitempty"`
	Bits      int     `json:"bits,omitempty"`       // how many differ
	Before    []byte  `json:"before,omitempty"`     // around Addr: up to 16 bytes before the error,
	Broken    []byte  `json:"broken,omitempty"`     // with it,
	After     []byte  `json:"after,omitempty"`      // and repaired
	Latency   float64 `json:"latency_us,omitempty"` // detection to repair
	Age       float64 `json:"age_s,omitempty"`      // injection to detection
}
