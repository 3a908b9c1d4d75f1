package engine

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"kmv/engine/expr"
	"kmv/engine/ptrace"
	"kmv/engine/symbols"
	"kmv/engine/syscalls"
	"kmv/engine/view"
	"kmv/shadowmem"
)

// shownRegisters are those of a snapshot, in the order in which people read them.
var shownRegisters = []string{"rax", "rbx", "rcx", "rdx", "rsi", "rdi", "rbp", "rsp", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15",
	"rip", "eflags", "fs_base", "gs_base"}

func (e *engine) registers(t *thread, vectors bool) *view.Registers {
	r := e.nativeRegs(t)
	v := &view.Registers{Names: shownRegisters}
	for _, n := range shownRegisters {
		v.Values = append(v.Values, *registerOf(&r, n))
	}
	if vectors {
		if x, err := ptrace.GetVectors(t.tid); err == nil {
			v.Vectors, v.Masks, v.MXCSR = x.Registers, x.Masks, x.MXCSR
		}
	}
	return v
}

// registersOf puts the registers that a call of a thread had into r, as far as its callees have kept them, and gives its number.
func (e *engine) registersOf(t *thread, frame int, r *view.Registers) int {
	env := e.environmentOf(t, frame)
	for i, n := range shownRegisters {
		if n != "fs_base" && n != "gs_base" && n != "eflags" {
			r.Values[i] = *registerOf(&env.regs, n)
		}
	}
	return env.index
}

// windowMost bounds one window.
const windowMost = 1 << 20

// window reads both copies of a piece of memory.
func (e *engine) window(t *thread, frame int, q view.MemoryQuery) (view.Window, error) {
	addr := q.Addr
	if q.Text != "" {
		a, err := expr.Address(q.Text, e.environmentOf(t, frame))
		if err != nil {
			return view.Window{}, commandError(err)
		}
		addr = a
	}
	w := view.Window{Addr: addr, State: "unmapped"}
	m, ok := t.p.space.Find(nativeAddr(addr))
	if !ok || q.Size <= 0 {
		return w, nil
	}
	size := min(q.Size, windowMost)
	b := make([]byte, size)
	n, _ := t.p.mem.ReadRaw(addr, b) // whoever only looks does not meet an error that waits there
	w.Native = b[:n]
	if m.Twin == shadowmem.SourceAnon || m.Twin == shadowmem.SourceFile {
		b := make([]byte, min(uint64(size), uint64(m.End)-addr))
		n, _ := t.p.mem.ReadRaw(uint64(e.layout.Mirror(nativeAddr(addr))), b)
		w.Mirror = b[:n]
	}
	w.State, w.Range, w.Low, w.High = m.State.String(), rangeName(m), uint64(m.Start), uint64(m.End)
	w.Last, w.LastN = t.p.lastStore, t.p.lastSize
	return w, nil
}

func rangeName(m shadowmem.Mapping) string {
	name := m.Name
	if name == "" {
		name = m.Object
	}
	return strings.TrimSpace(m.Kind.String() + " " + name)
}

func (e *engine) threadList() []view.Thread {
	var list []view.Thread
	for _, t := range e.threads {
		if t.p == nil {
			continue
		}
		v := view.Thread{ID: t.tid, Pid: t.pid, State: "running"}
		if b, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/comm", t.pid, t.tid)); err == nil {
			v.Name = strings.TrimSpace(string(b))
		}
		if nr, in := e.callUnderWay(t); in {
			v.State = "in system call " + syscalls.Name(nr)
		} else if e.paused {
			v.State = "stopped"
		}
		if e.paused && !t.running {
			v.PC = e.nativeRegs(t).Rip
			v.Symbol = e.symbolAt(t.p, v.PC)
		}
		list = append(list, v)
	}
	slices.SortFunc(list, func(a, b view.Thread) int { return cmp.Or(a.Pid-b.Pid, a.ID-b.ID) })
	return list
}

// callUnderWay is the system call that a thread is in.
func (e *engine) callUnderWay(t *thread) (nr uint64, in bool) {
	if t.call != nil {
		return t.call.nr, true
	}
	if !t.running {
		if e.interrupted(t) {
			return t.slotAt(slotNumber), true
		}
		return 0, false
	}
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/syscall", t.pid, t.tid))
	word, _, _ := strings.Cut(string(b), " ")
	nr, err2 := strconv.ParseUint(word, 10, 32)
	return nr, err == nil && err2 == nil
}

func (e *engine) processList() []view.Process {
	var list []view.Process
	for _, p := range e.processes {
		v := view.Process{Pid: p.pid, Program: p.exe, Threads: p.threads, State: string(view.Running)}
		if e.paused {
			v.State = string(view.Paused)
		}
		if b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.pid)); err == nil {
			if _, rest, ok := strings.Cut(string(b), "\nPPid:\t"); ok {
				line, _, _ := strings.Cut(rest, "\n")
				v.Parent, _ = strconv.Atoi(line)
			}
		}
		list = append(list, v)
	}
	slices.SortFunc(list, func(a, b view.Process) int { return a.Pid - b.Pid })
	return list
}

func (e *engine) gapViews() []view.Gap {
	var list []view.Gap
	for _, g := range e.gapList(e.gaps) {
		v := view.Gap{Kind: g.Kind, Where: g.Where, Name: g.Name, Count: g.Count, Unmirrored: g.Unmirrored}
		addr, _, _ := strings.Cut(strings.TrimPrefix(g.Where, "0x"), " ")
		v.Addr, _ = strconv.ParseUint(addr, 16, 64)
		list = append(list, v)
	}
	return list
}

// sourceOf is a position as people write it.
func sourceOf(r symbols.Row) string { return fmt.Sprintf("%s:%d", filepath.Base(r.File), r.Line) }
