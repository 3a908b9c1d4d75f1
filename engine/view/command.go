package view

// Op names a command.
type Op string

// The commands. Those that resume the program return at once, with an EventStop to come; a Reply says what was done.
const (
	Pause    Op = "pause"    // all threads of all processes stand between two native instructions (or in a system call)
	Continue Op = "continue" // all of them
	StepInst Op = "stepi"    // Thread executes Count native instructions; into calls
	NextInst Op = "nexti"    // the same, calls as one
	Step     Op = "step"     // to another source line (to another instruction where there are none); into calls
	Next     Op = "next"     // the same, calls as one
	Finish   Op = "finish"   // until Thread's frame Frame (0 the innermost) has returned
	Until    Op = "until"    // until Addr, or the frame returns
	Block    Op = "block"    // Thread executes one translated block
	ToStore  Op = "store"    // until Thread has executed the next mirrored store
	Kill     Op = "kill"     // the whole tree
	Restart  Op = "restart"  // kill, and start the same program again with the same options
	Signal   Op = "signal"   // Value: send this signal to Pid

	// In a recording. A moment is a stop or, while the program ran, a reading of its counters.
	Seek    Op = "seek"    // to moment number Count (1 is the first, beyond the last is the last), or to Text: start, end, 12.5 (seconds), #SEQ (an event)
	Back    Op = "back"    // Count moments back; On: to the stop before at a breakpoint or watchpoint
	Forward Op = "forward" // Count moments on

	Break     Op = "break"     // at Addr (or Text: a symbol, file:line, *expression), If a condition, Temporary
	Watch     Op = "watch"     // writes to [Addr, Addr+Size) (or Text: a variable), If a condition
	Delete    Op = "delete"    // breakpoint or watchpoint ID; 0 is all
	Condition Op = "condition" // of breakpoint or watchpoint ID: If; "" is none
	Ignore    Op = "ignore"    // the next Count hits of ID
	Enable    Op = "enable"    // ID
	Disable   Op = "disable"   // ID

	Write  Op = "write"  // Data to Addr in Half; HalfBoth keeps the halves equal
	SetReg Op = "setreg" // Text = Value, of Thread
	Eval   Op = "eval"   // Text, a C expression over registers ($rax), variables of Frame, symbols; Reply.Value, and Reply.Text in Format
	Type   Op = "type"   // of Text, an expression or a type's name; On: with what it is made of; Reply.Text
	Locals Op = "locals" // the variables of Thread's frame Frame; On: its arguments; Reply.Text, one a line

	List   Op = "list"   // source lines around Text (FILE:LINE, LINE, a function, "": where Frame is; On: from there); Reply.Text, Where, Value the next line
	Assign Op = "assign" // Text, VARIABLE = EXPRESSION: its bytes in both halves

	Mirror   Op = "mirror"   // On: mirror what Text, a range SPEC, names; else stop mirroring it. Coherent when it returns
	Inject   Op = "inject"   // Text, an injection SPEC (package inject)
	Verify   Op = "verify"   // compare the halves now; Reply.Divergent
	Scrub    Op = "scrub"    // one pass of the scrubber now; or Text: a new rate
	Why      Op = "why"      // who wrote Addr last, or why its halves differ; Reply.Text
	Count    Op = "counts"   // On: count executions of blocks and stores from now on
	Record   Op = "record"   // On: record to the file Text; else end the recording (sessions.Recorder, around any Controller)
	Explain  Op = "explain"  // the translation of the instruction at Addr, in words; Reply.Text
	Resize   Op = "resize"   // the program's terminal has Columns x Rows
	Input    Op = "input"    // Data typed at the program's terminal
	Shutdown Op = "shutdown" // end the program if it lives, and the run
)

// Half says which copy of a byte is meant.
type Half string

const (
	Native Half = "native"
	Backup Half = "mirror"
	Both   Half = "both"
)

// Command is an Op with its operands; each Op says which of them it uses.
type Command struct {
	Op        Op     `json:"op"`
	Text      string `json:"text,omitempty"`
	Pid       int    `json:"pid,omitempty"`    // 0 is the first process
	Thread    int    `json:"thread,omitempty"` // 0 is the thread that stopped last
	Addr      uint64 `json:"addr,omitempty"`
	Size      uint64 `json:"size,omitempty"`
	Value     uint64 `json:"value,omitempty"`
	Count     int    `json:"count,omitempty"`  // 0 is 1
	Frame     int    `json:"frame,omitempty"`  // 0 is the innermost
	Format    string `json:"format,omitempty"` // of a value: x d u o t c a f s z; "" is as its type has it
	ID        int    `json:"id,omitempty"`
	If        string `json:"if,omitempty"`
	Temporary bool   `json:"temporary,omitempty"`
	On        bool   `json:"on,omitempty"`
	Half      Half   `json:"half,omitempty"`
	Data      []byte `json:"data,omitempty"`
	Columns   int    `json:"columns,omitempty"`
	Rows      int    `json:"rows,omitempty"`
}

// Reply is what a command came to.
type Reply struct {
	Text      string      `json:"text,omitempty"` // a line or more for a person
	Value     uint64      `json:"value,omitempty"`
	ID        int         `json:"id,omitempty"` // of the breakpoint or watchpoint that was made
	Addr      uint64      `json:"addr,omitempty"`
	Size      uint64      `json:"size,omitempty"`     // of the value
	Where     string      `json:"where,omitempty"`    // a file
	Compared  uint64      `json:"compared,omitempty"` // bytes
	Divergent []Divergent `json:"divergent,omitempty"`
}

// Divergent is a run of mirrored bytes that differ from their copies.
type Divergent struct {
	Start uint64 `json:"start"`
	End   uint64 `json:"end"`
	Range string `json:"range"` // kind and name of the mapping
	Cause string `json:"cause"`
}
