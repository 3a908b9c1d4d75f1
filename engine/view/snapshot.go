package view

// State is what the run does.
type State string

const (
	Starting State = "starting"
	Running  State = "running"
	Paused   State = "paused"
	Ended    State = "ended"
)

// Query says what to read for a Snapshot. The zero Query gives state, counters and nothing else.
type Query struct {
	Thread    int           `json:"thread,omitempty"` // whose registers, code and stack; 0 is the thread that stopped last
	Frame     int           `json:"frame,omitempty"`  // of its stack: whose registers, and where expressions are evaluated; 0 is the innermost
	Code      *CodeQuery    `json:"code,omitempty"`
	Memory    []MemoryQuery `json:"memory,omitempty"`
	Registers bool          `json:"registers,omitempty"`
	Vectors   bool          `json:"vectors,omitempty"`
	Stack     bool          `json:"stack,omitempty"`
	Threads   bool          `json:"threads,omitempty"` // and processes
	Ranges    bool          `json:"ranges,omitempty"`
	Breaks    bool          `json:"breaks,omitempty"`
	Gaps      bool          `json:"gaps,omitempty"`
	Failures  bool          `json:"failures,omitempty"`
	Blocks    bool          `json:"blocks,omitempty"` // the most executed ones
	Rates     bool          `json:"rates,omitempty"`  // stores a second: estimated for two seconds more, where they are not counted
}

// CodeQuery asks for native instructions around Addr, or around the thread's instruction where Addr is 0.
type CodeQuery struct {
	Addr   uint64 `json:"addr,omitempty"`
	Before int    `json:"before"` // instructions
	After  int    `json:"after"`
}

// MemoryQuery asks for both copies of Size bytes. Text, an expression, goes before Addr.
type MemoryQuery struct {
	Text string `json:"text,omitempty"`
	Addr uint64 `json:"addr,omitempty"`
	Size int    `json:"size"`
}

// Snapshot is the run at one moment. Registers, stack and the threads' places are there only while it is paused.
type Snapshot struct {
	Seq       uint64       `json:"seq"` // of the last event before it
	Time      float64      `json:"t"`
	State     State        `json:"state"`
	Reason    string       `json:"reason,omitempty"` // why it is paused, or how it ended
	Program   string       `json:"program"`
	Argv      []string     `json:"argv,omitempty"`
	Offset    uint64       `json:"offset"` // mirror address - native address
	Pid       int          `json:"pid,omitempty"`
	Thread    int          `json:"thread,omitempty"`
	Counters  Counters     `json:"counters"`
	Stop      int          `json:"stop,omitempty"`  // of a recording: the number of the moment shown, from 1
	Stops     int          `json:"stops,omitempty"` // of a recording: how many there are; 0 for a live run
	Frame     int          `json:"frame,omitempty"` // whose registers they are
	Registers *Registers   `json:"registers,omitempty"`
	Code      []CodeLine   `json:"code,omitempty"`
	Memory    []Window     `json:"memory,omitempty"`
	Stack     []Frame      `json:"stack,omitempty"`
	Threads   []Thread     `json:"threads,omitempty"`
	Processes []Process    `json:"processes,omitempty"`
	Ranges    []Range      `json:"ranges,omitempty"`
	Breaks    []BreakPoint `json:"breaks,omitempty"`
	Gaps      []Gap        `json:"gaps,omitempty"`
	Failures  []Event      `json:"failures,omitempty"`
	Blocks    []BlockInfo  `json:"blocks,omitempty"`
	Missing   []string     `json:"missing,omitempty"` // what the query named and the recording does not hold, for a person
}

// Counters are totals since the start; rates are differences of two snapshots.
type Counters struct {
	Stores         uint64  `json:"stores"` // executed and mirrored, where Counting; else those of system calls only
	Counting       bool    `json:"counting"`
	StoreRate      float64 `json:"store_rate,omitempty"`     // stores a second now; an estimate unless Counting
	StoresSampled  int     `json:"stores_sampled,omitempty"` // how many of the last executed stores were looked at
	StoresCopied   int     `json:"stores_copied,omitempty"`  // and how many of these have a copy
	StoreWindows   int     `json:"store_windows,omitempty"`  // how often it was looked since mirroring was last switched
	StoresPerCPU   float64 `json:"stores_per_cpu,omitempty"` // stores in a second of processor time, estimated
	Syscalls       uint64  `json:"syscalls"`
	Stops          uint64  `json:"stops"`
	Blocks         int     `json:"blocks"`
	CacheBytes     int     `json:"cache_bytes"`
	BytesMirrored  uint64  `json:"bytes_mirrored"`  // of the writable address space
	BytesWritable  uint64  `json:"bytes_writable"`  // all of it that the program may write
	BytesResident  uint64  `json:"bytes_resident"`  // of copies
	Gaps           int     `json:"gaps"`            // kinds of unmirrored writes
	DivergentBytes uint64  `json:"divergent_bytes"` // of the last verification or scrub
	Injected       int     `json:"injected"`
	Detected       int     `json:"detected"`
	Recovered      int     `json:"recovered"`
	Masked         int     `json:"masked"`
	Unrecovered    int     `json:"unrecovered"`
	Retired        int     `json:"retired,omitempty"`
	SyscallBytes   uint64  `json:"syscall_bytes,omitempty"` // that system calls wrote, and that were copied
	Scrubbed       uint64  `json:"scrubbed"`                // bytes compared by the scrubber
	ScrubPosition  uint64  `json:"scrub_position"`
	ScrubPasses    int     `json:"scrub_passes"`
	Threads        int     `json:"threads"`
	Processes      int     `json:"processes"`
}

// Registers are a thread's, native.
type Registers struct {
	Names   []string `json:"names"` // rax ... r15, rip, eflags, fs_base, gs_base
	Values  []uint64 `json:"values"`
	Vectors [][]byte `json:"vectors,omitempty"` // xmm, ymm or zmm 0 to 15 or 31, as wide as the processor has them
	Masks   []uint64 `json:"masks,omitempty"`   // k0 to k7
	MXCSR   uint32   `json:"mxcsr,omitempty"`
}

// Role tells what an instruction of translated code is there for.
type Role string

const (
	RoleProgram Role = "program" // the program's own work
	RoleMirror  Role = "mirror"  // writes, or copies, to the mirror
	RoleSupport Role = "support" // spills, address computation, landings, exits
)

// CodeLine is one native instruction, and beside it its translation.
type CodeLine struct {
	Addr      uint64      `json:"addr"`
	Bytes     []byte      `json:"bytes"`
	Text      string      `json:"text"`
	Symbol    string      `json:"symbol,omitempty"`    // function+offset, demangled
	Source    string      `json:"source,omitempty"`    // file:line, where that changes
	Line      string      `json:"line,omitempty"`      // that line's text, where the file can be read
	Writes    int         `json:"writes,omitempty"`    // memory operands that it writes
	Uncovered bool        `json:"uncovered,omitempty"` // and one of them has no copy
	Block     uint64      `json:"block,omitempty"`     // native start of the translated block; 0: not translated yet
	Count     uint64      `json:"count,omitempty"`     // executions of the block
	Links     []uint64    `json:"links,omitempty"`     // native targets of the block's exits that are linked, on its last line
	Code      []CacheInst `json:"code,omitempty"`
	Break     int         `json:"break,omitempty"` // breakpoint here
}

// CacheInst is one instruction of translated code.
type CacheInst struct {
	Addr  uint64 `json:"addr"`
	Bytes []byte `json:"bytes"`
	Text  string `json:"text"`
	Role  Role   `json:"role"`
}

// Window is a piece of memory, both copies of it. A shorter slice than was asked for ends where nothing is mapped.
type Window struct {
	Addr   uint64 `json:"addr"`
	Native []byte `json:"native"`
	Mirror []byte `json:"mirror,omitempty"` // nil where there is none
	State  string `json:"state"`            // of the range: mirrored, off, fenced, unprotected
	Range  string `json:"range,omitempty"`
	Low    uint64 `json:"low"` // the mapping's ends, for a minimap
	High   uint64 `json:"high"`
	Last   uint64 `json:"last,omitempty"` // address and size of the last store, if it is known
	LastN  int    `json:"last_n,omitempty"`
}

// Frame is one call. 0 is the innermost.
type Frame struct {
	PC      uint64 `json:"pc"`
	CFA     uint64 `json:"cfa"` // canonical frame address (DWARF 5, 6.4)
	Symbol  string `json:"symbol,omitempty"`
	Inlined bool   `json:"inlined,omitempty"` // a copy of a function in its caller, with the caller's registers
	Args    string `json:"args,omitempty"`    // "n=3, name=0x402010 \"x\"", where the debug information tells of them
	Source  string `json:"source,omitempty"`
	Module  string `json:"module,omitempty"`
}

// Thread is one thread of the tree.
type Thread struct {
	ID     int    `json:"id"`
	Pid    int    `json:"pid"`
	Name   string `json:"name,omitempty"`
	State  string `json:"state"` // running, stopped, in system call NAME
	PC     uint64 `json:"pc,omitempty"`
	Symbol string `json:"symbol,omitempty"`
}

// Process is one process of the tree.
type Process struct {
	Pid     int    `json:"pid"`
	Parent  int    `json:"parent"`
	Program string `json:"program"`
	Threads int    `json:"threads"`
	State   string `json:"state"`
}

// Range is a mapping, or a named variable in one.
type Range struct {
	Start     uint64  `json:"start"`
	End       uint64  `json:"end"`
	Kind      string  `json:"kind"` // heap, stack, thread stack, data, anon, file, shared, text ...; variable
	Name      string  `json:"name,omitempty"`
	Prot      string  `json:"prot"`                 // rwx
	State     string  `json:"state"`                // mirrored, off, fenced, unprotected, read-only
	Why       string  `json:"why,omitempty"`        // it is not mirrored
	Resident  uint64  `json:"resident"`             // bytes of the copy in memory
	StoreRate float64 `json:"store_rate,omitempty"` // stores a second, now or when it ran last, by samples
	Errors    int     `json:"errors,omitempty"`
}

// BreakPoint is a breakpoint or watchpoint.
type BreakPoint struct {
	ID        int    `json:"id"`
	Kind      string `json:"kind"` // break, watch
	Addr      uint64 `json:"addr"`
	Size      uint64 `json:"size,omitempty"`
	Text      string `json:"text"` // as it was given
	If        string `json:"if,omitempty"`
	Temporary bool   `json:"temporary,omitempty"`
	Pending   bool   `json:"pending,omitempty"` // it waits for a library that has the place
	Enabled   bool   `json:"enabled"`
	Hits      int    `json:"hits"`
}

// Gap is a source of writes that is not mirrored, or something that the program was refused.
type Gap struct {
	Kind  string `json:"kind"`
	Where string `json:"where"`
	Addr  uint64 `json:"addr,omitempty"` // of the instruction, if it is one
	Name  string `json:"name"`
	Count int    `json:"count"`

	Unmirrored bool `json:"unmirrored,omitempty"` // memory may have been written without its copy
}

// BlockInfo is one translated block.
type BlockInfo struct {
	Addr         uint64 `json:"addr"`
	Size         int    `json:"size"` // native bytes
	Cache        uint64 `json:"cache"`
	CacheSize    int    `json:"cache_size"`
	Instructions int    `json:"instructions"`
	Stores       int    `json:"stores"`
	Count        uint64 `json:"count,omitempty"`
	Symbol       string `json:"symbol,omitempty"`
}

// Part is what a query names of a snapshot of a run that has ended.
func (s *Snapshot) Part(q Query) *Snapshot {
	part := *s
	if !q.Ranges {
		part.Ranges = nil
	}
	if !q.Gaps {
		part.Gaps = nil
	}
	if !q.Blocks {
		part.Blocks = nil
	}
	if !q.Failures {
		part.Failures = nil
	}
	if !q.Breaks {
		part.Breaks = nil
	}
	return &part
}
