package ui

import (
	"bytes"
	"context"
	"debug/elf"
	"errors"
	"fmt"
	"sort"
	"strings"
	"sync"

	"kmv/engine/view"
	"kmv/shadowmem"
	"kmv/testdata/demo"
	"kmv/translator"
	"kmv/translator/x86"
)

// fake is a run without a program: the code and its translation are those of the demo, the rest follows a script. Nothing
// in it depends on time: its clock goes on with each command.
type fake struct {
	mu      sync.Mutex
	events  chan view.Event
	seq     uint64
	rare    int // events but output
	clock   float64
	state   view.State
	reason  string
	at      int // in trace
	trace   []uint64
	lines   []view.CodeLine
	symbols []elf.Symbol
	native  map[uint64]byte
	mirror  map[uint64]byte
	off     map[uint64]bool
	breaks  []view.BreakPoint
	faults  []view.Event
	regs    view.Registers
	count   view.Counters
	input   []byte
	did     []view.Command
	closed  bool
	last    uint64
	program string
}

const (
	fakeStack = 0x3ffff0001000
	fakeHeap  = 0x200000000000
)

func newFake() *fake {
	f := &fake{events: make(chan view.Event, 4096), state: view.Starting, native: map[uint64]byte{}, mirror: map[uint64]byte{}, off: map[uint64]bool{}, program: "/tmp/ledger"}
	f.load()
	f.regs.Names = strings.Fields("rax rbx rcx rdx rsi rdi rbp rsp r8 r9 r10 r11 r12 r13 r14 r15 rip eflags fs_base gs_base")
	f.regs.Values = make([]uint64, len(f.regs.Names))
	f.set("rsp", fakeStack-0x200)
	f.set("rdi", 3)
	for i := range 32 {
		f.regs.Vectors = append(f.regs.Vectors, bytes.Repeat([]byte{byte(i)}, 64))
	}
	for i := range uint64(0x400) {
		f.write(fakeStack-0x400+i, byte(i*7))
	}
	f.count = view.Counters{BytesMirrored: 3 << 20, BytesWritable: 3 << 20, BytesResident: 90 << 10, Blocks: len(f.lines) / 4, Gaps: 2, Threads: 2, Processes: 1, Counting: true}
	f.send(view.Event{Kind: view.EventStart, Text: f.program})
	f.stop("start of " + f.program)
	return f
}

// load translates the demo's functions.
func (f *fake) load() {
	file, err := elf.NewFile(bytes.NewReader(demo.Program))
	if err != nil {
		panic(err)
	}
	text := file.Section(".text")
	code, _ := text.Data()
	all, _ := file.Symbols()
	for _, s := range all {
		if elf.ST_TYPE(s.Info) == elf.STT_FUNC {
			f.symbols = append(f.symbols, s)
		}
	}
	sort.Slice(f.symbols, func(i, j int) bool { return f.symbols[i].Value < f.symbols[j].Value })
	layout := shadowmem.Default()
	tr := translator.New(translator.Config{Offset: layout.Offset, JumpMap: layout.JumpMap, Mirror: true, MaxInsts: 64})
	for pc := text.Addr; pc < text.Addr+uint64(len(code)); {
		var fr translator.Fragment
		if tr.Block(code[pc-text.Addr:], pc, 0, nil, &fr) != nil || fr.Size == 0 {
			break
		}
		f.block(&fr, code, text.Addr)
		pc += uint64(fr.Size)
	}
	for _, l := range f.lines {
		f.trace = append(f.trace, l.Addr)
	}
}

// block lays a fragment out as code lines.
func (f *fake) block(fr *translator.Fragment, code []byte, base uint64) {
	byPC := map[uint64]*view.CodeLine{}
	start := len(f.lines)
	for off := uint64(0); off < uint64(fr.Size); {
		pc := fr.Native + off
		var in x86.Inst
		x86.Decode(code[pc-base:], &in)
		b := code[pc-base:][:in.Len]
		f.lines = append(f.lines, view.CodeLine{Addr: pc, Bytes: b, Text: in.Text(b, pc), Symbol: f.symbol(pc), Block: fr.Native, Count: fr.Native % 977 * 13})
		off += uint64(in.Len)
	}
	for i := start; i < len(f.lines); i++ {
		byPC[f.lines[i].Addr] = &f.lines[i]
	}
	for off := uint32(0); off < uint32(len(fr.Code)); {
		p := fr.Points[sort.Search(len(fr.Points), func(i int) bool { return fr.Points[i].Off > off })-1]
		var in x86.Inst
		if x86.Decode(fr.Code[off:], &in) != nil {
			in.Len = 1
		}
		b := fr.Code[off : off+uint32(in.Len)]
		role := map[translator.Role]view.Role{translator.RoleMirror: view.RoleMirror, translator.RoleGlue: view.RoleSupport}[p.Role]
		if role == "" {
			role = view.RoleProgram
		}
		if l := byPC[p.PC]; l != nil {
			l.Code = append(l.Code, view.CacheInst{Addr: 0x10000 + uint64(off), Bytes: b, Text: in.Text(b, uint64(off)), Role: role})
			if role == view.RoleMirror {
				l.Writes = 1
			}
		}
		off += uint32(in.Len)
	}
	f.lines[start].Source = fmt.Sprintf("ledger.c:%d", 40+start/3)
	f.lines[start].Line = "accounts[account] += amount;"
	f.lines[len(f.lines)-1].Links = []uint64{fr.Native}
}

func (f *fake) symbol(pc uint64) string {
	for i := len(f.symbols) - 1; i >= 0; i-- {
		if s := f.symbols[i]; pc >= s.Value {
			if pc == s.Value {
				return s.Name
			}
			return fmt.Sprintf("%s+%d", s.Name, pc-s.Value)
		}
	}
	return ""
}

func (f *fake) set(name string, v uint64) {
	for i, n := range f.regs.Names {
		if n == name {
			f.regs.Values[i] = v
		}
	}
}

func (f *fake) get(name string) uint64 {
	for i, n := range f.regs.Names {
		if n == name {
			return f.regs.Values[i]
		}
	}
	return 0
}

func (f *fake) write(addr uint64, b byte) {
	f.native[addr] = b
	if !f.off[addr>>16] {
		f.mirror[addr] = b
	}
}

func (f *fake) send(e view.Event) {
	f.seq++
	e.Seq, e.Time = f.seq, f.clock
	if e.Kind != view.EventOutput {
		f.rare++
	}
	f.events <- e
}

func (f *fake) stop(reason string) {
	f.state, f.reason = view.Paused, reason
	f.set("rip", f.trace[f.at])
	f.send(view.Event{Kind: view.EventStop, Text: reason, Thread: 4242, PC: f.trace[f.at]})
}

// step executes n instructions of the script.
func (f *fake) step(n int) {
	for range n {
		f.at = (f.at + 1) % len(f.trace)
		f.clock += 0.25
		f.count.Stores += 3
		f.set("rax", f.get("rax")+5)
		f.set("eflags", 0x246^uint64(f.at&1)<<6)
		f.last = f.get("rsp") + uint64(f.at%16)*8
		f.write(f.last, byte(f.at))
	}
}

var errEnded = errors.New("the program has ended")

func (f *fake) Do(_ context.Context, c view.Command) (view.Reply, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.did = append(f.did, c)
	if f.state == view.Ended && c.Op != view.Restart && c.Op != view.Resize {
		return view.Reply{}, errEnded
	}
	n := max(c.Count, 1)
	switch c.Op {
	case view.StepInst, view.NextInst, view.Step, view.Next, view.Block, view.ToStore:
		f.step(n)
		f.stop(string(c.Op))
	case view.Continue:
		f.state = view.Running
		f.send(view.Event{Kind: view.EventResume})
	case view.Finish, view.Until:
		f.step(7)
		f.stop(string(c.Op))
	case view.Pause:
		f.step(5)
		f.stop("paused")
	case view.Kill, view.Shutdown:
		f.state, f.reason = view.Ended, "killed by SIGKILL"
		f.send(view.Event{Kind: view.EventExit, Pid: 4242, Value: 9})
	case view.Restart:
		f.at = 0
		f.send(view.Event{Kind: view.EventStart, Text: f.program})
		f.stop("start of " + f.program)
	case view.Break, view.Watch:
		return f.breakAt(c)
	case view.Delete:
		var keep []view.BreakPoint
		for _, b := range f.breaks {
			if c.ID != 0 && b.ID != c.ID {
				keep = append(keep, b)
			}
		}
		f.breaks = keep
	case view.Enable, view.Disable:
		for i := range f.breaks {
			if f.breaks[i].ID == c.ID {
				f.breaks[i].Enabled = c.Op == view.Enable
			}
		}
	case view.Write:
		for i, b := range c.Data {
			if c.Half != view.Backup {
				f.native[c.Addr+uint64(i)] = b
			}
			if c.Half != view.Native {
				f.mirror[c.Addr+uint64(i)] = b
			}
		}
	case view.SetReg:
		f.set(c.Text, c.Value)
	case view.Eval:
		return f.eval(c.Text)
	case view.Mirror:
		f.off[fakeStack>>16] = !c.On
		f.count.BytesMirrored = 3 << 20
		if !c.On {
			f.count.BytesMirrored = 2 << 20
		}
		f.send(view.Event{Kind: view.EventMirror, Text: c.Text, On: c.On})
	case view.Inject:
		f.inject(c.Text)
	case view.Verify:
		return view.Reply{Compared: 90 << 10, Divergent: f.divergent()}, nil
	case view.Why:
		return view.Reply{Text: "written last by 400133 <enter+3>, block 400130, ledger.c:46"}, nil
	case view.Explain:
		return view.Reply{Text: "add %rsi,0x403000(,%rdi,8) writes 8 bytes.\nIts result is copied to the mirror: 4 instructions, 31 bytes."}, nil
	case view.Count:
		f.count.Counting = c.On
	case view.Input:
		f.input = append(f.input, c.Data...)
		f.send(view.Event{Kind: view.EventOutput, Data: c.Data})
	}
	return view.Reply{}, nil
}

func (f *fake) breakAt(c view.Command) (view.Reply, error) {
	addr := c.Addr
	if c.Text != "" {
		found := false
		for _, s := range f.symbols {
			if s.Name == c.Text {
				addr, found = s.Value, true
			}
		}
		if !found && c.Op == view.Break {
			return view.Reply{}, &view.CommandError{Text: c.Text, End: len(c.Text), Problem: "is no function, line or address", Hint: "break main"}
		}
	}
	id := len(f.breaks) + 1
	text := c.Text
	if text == "" {
		text = f.symbol(addr)
	}
	f.breaks = append(f.breaks, view.BreakPoint{ID: id, Kind: string(c.Op), Addr: addr, Size: c.Size, Text: text, If: c.If, Temporary: c.Temporary, Enabled: true})
	return view.Reply{ID: id, Addr: addr}, nil
}

func (f *fake) eval(text string) (view.Reply, error) {
	if name, ok := strings.CutPrefix(text, "$"); ok {
		for i, n := range f.regs.Names {
			if n == name {
				return view.Reply{Value: f.regs.Values[i]}, nil
			}
		}
	}
	for _, s := range f.symbols {
		if s.Name == strings.TrimPrefix(text, "&") {
			return view.Reply{Value: s.Value}, nil
		}
	}
	return view.Reply{}, &view.CommandError{Text: text, End: len(text), Problem: "is no symbol", Hint: "p/x $rax"}
}

func (f *fake) inject(spec string) {
	id := f.count.Injected + 1
	at := uint64(fakeStack - 0x200)
	was := f.native[at]
	fail := view.Failure{ID: id, What: "page", Mechanism: "uffd-poison", Seed: 1, Before: []byte{was, 2, 3}}
	base := view.Event{Addr: at, Size: 4096, Half: view.Native, Range: "stack", Text: spec}
	for i, kind := range []view.Kind{view.EventInjected, view.EventDetected, view.EventRecovered} {
		e := base
		e.Kind, e.Time = kind, f.clock
		v := fail
		if i == 1 {
			v.How, v.Age = "sigbus", 0.25
		}
		if i == 2 {
			v.Latency, v.After = 61.5, v.Before
		}
		e.Failure = &v
		f.send(e)
		e.Seq = f.seq
		f.faults = append(f.faults, e)
		f.clock += 0.125
	}
	f.count.Injected, f.count.Detected, f.count.Recovered = id, id, id
}

func (f *fake) divergent() (out []view.Divergent) {
	for a := uint64(fakeStack - 0x400); a < fakeStack; a++ {
		if f.native[a] != f.mirror[a] {
			if n := len(out); n > 0 && out[n-1].End == a {
				out[n-1].End++
			} else {
				out = append(out, view.Divergent{Start: a, End: a + 1, Range: "stack", Cause: "mirroring was off"})
			}
		}
	}
	return out
}

func (f *fake) Look(_ context.Context, q view.Query) (*view.Snapshot, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	s := &view.Snapshot{Seq: f.seq, Time: f.clock, State: f.state, Reason: f.reason, Program: f.program, Argv: []string{f.program}, Pid: 4242, Thread: 4242, Counters: f.count, Offset: 0x400008000000}
	if q.Registers && f.state == view.Paused {
		r := f.regs
		r.Values = append([]uint64(nil), f.regs.Values...)
		if !q.Vectors {
			r.Vectors = nil
		}
		s.Registers = &r
	}
	if q.Code != nil && f.state != view.Ended {
		s.Code = f.code(*q.Code)
	}
	for _, w := range q.Memory {
		s.Memory = append(s.Memory, f.window(w))
	}
	if f.state == view.Paused {
		s.Stack = []view.Frame{{PC: f.trace[f.at], CFA: fakeStack - 0x100, Symbol: f.symbol(f.trace[f.at]), Source: "ledger.c:46", Module: "ledger"},
			{PC: f.trace[len(f.trace)/2], CFA: fakeStack - 0x80, Symbol: f.symbol(f.trace[len(f.trace)/2]), Source: "ledger.c:80", Module: "ledger"}}
	}
	s.Threads = []view.Thread{{ID: 4242, Pid: 4242, Name: "ledger", State: "stopped", PC: f.trace[f.at], Symbol: f.symbol(f.trace[f.at])}, {ID: 4243, Pid: 4242, Name: "auditor", State: "in system call futex"}}
	s.Processes = []view.Process{{Pid: 4242, Program: f.program, Threads: 2, State: string(f.state)}}
	s.Ranges = f.ranges()
	s.Breaks = append([]view.BreakPoint(nil), f.breaks...)
	s.Gaps = []view.Gap{{Kind: "instruction", Where: "libfoo.so+0x1234", Addr: f.trace[3], Name: "xsaves", Count: 17, Unmirrored: true}, {Kind: "syscall", Where: "io_uring_enter", Name: "completion ring", Count: 4211, Unmirrored: true}}
	s.Failures = append([]view.Event(nil), f.faults...)
	for i := 0; q.Blocks && i < 5; i++ {
		l := f.lines[i*7]
		s.Blocks = append(s.Blocks, view.BlockInfo{Addr: l.Block, Size: 12, Cache: 0x10000, CacheSize: 84, Instructions: 3, Stores: 1, Count: 1000 >> i, Symbol: l.Symbol})
	}
	return s, nil
}

func (f *fake) ranges() []view.Range {
	state := "mirrored"
	if f.off[fakeStack>>16] {
		state = "off"
	}
	return []view.Range{
		{Start: 0x400000, End: 0x401000, Kind: "text", Name: f.program, Prot: "r-x", State: "read-only"},
		{Start: 0x402000, End: 0x404000, Kind: "data", Name: f.program, Prot: "rw-", State: "mirrored", Resident: 8192, StoreRate: 2e6},
		{Start: 0x403000, End: 0x404000, Kind: "variable", Name: "accounts", Prot: "rw-", State: "mirrored", Resident: 4096},
		{Start: fakeHeap, End: fakeHeap + 0x21000, Kind: "heap", Name: "[heap]", Prot: "rw-", State: "fenced", Resident: 65536},
		{Start: fakeHeap + 0x100000, End: fakeHeap + 0x200000, Kind: "shared", Name: "/dev/shm/x", Prot: "rw-", State: "unprotected", Why: "written by other processes"},
		{Start: fakeStack - 0x20000, End: fakeStack, Kind: "stack", Name: "[stack]", Prot: "rw-", State: state, Resident: 16384, Errors: f.count.Injected},
	}
}

func (f *fake) code(q view.CodeQuery) []view.CodeLine {
	at := q.Addr
	if at == 0 {
		at = f.trace[f.at]
	}
	i := sort.Search(len(f.lines), func(i int) bool { return f.lines[i].Addr >= at })
	out := append([]view.CodeLine(nil), f.lines[max(i-q.Before, 0):min(i+q.After, len(f.lines))]...)
	for j := range out {
		for _, b := range f.breaks {
			if b.Addr == out[j].Addr && b.Kind == "break" {
				out[j].Break = b.ID
			}
		}
	}
	if len(out) > 6 {
		out[5].Uncovered = out[5].Writes > 0
	}
	return out
}

func (f *fake) window(q view.MemoryQuery) view.Window {
	at := q.Addr
	if name, ok := strings.CutPrefix(q.Text, "$"); ok {
		at = f.get(name)
	}
	w := view.Window{Addr: at, State: "mirrored", Range: "[stack]", Low: fakeStack - 0x20000, High: fakeStack, Last: f.last, LastN: 8}
	for i := range uint64(q.Size) {
		if a := at + i; a < fakeStack && a >= fakeStack-0x20000 {
			w.Native = append(w.Native, f.native[a])
			w.Mirror = append(w.Mirror, f.mirror[a])
		}
	}
	return w
}

func (f *fake) Events() <-chan view.Event { return f.events }

func (f *fake) Close() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.closed {
		f.closed = true
		close(f.events)
	}
	return nil
}

func (f *fake) done() []view.Command {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]view.Command(nil), f.did...)
}

// steps counts the commands that stepped.
func (f *fake) steps() (n int) {
	for _, c := range f.done() {
		if c.Op == view.StepInst {
			n++
		}
	}
	return n
}

func (f *fake) typed() []byte {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]byte(nil), f.input...)
}
