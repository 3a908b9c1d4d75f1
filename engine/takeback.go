package engine

import (
	"bytes"
	"os"
	"strconv"
	"strings"

	"kmv/engine/ptrace"
	"kmv/translator"
)

// takeBack parks the threads whose stop still waits to be handled and is a fault in the middle of a store: the mirror may
// have what native has not. They stand in front of the instruction then, and will fault again.
func (e *engine) takeBack(wanted func(*thread) bool) (parked []*thread, err error) {
	queue := e.queue
	e.queue = nil
	for i, s := range queue {
		u := e.threads[s.Tid]
		back := false
		if u != nil && u.p != nil && u.parent == 0 && s.Kind == ptrace.Signaled && wanted(u) {
			back, err = e.takeBackOne(u, s)
			if err != nil && !gone(err, u.tid) {
				e.queue = append(e.queue, queue[i:]...)
				return parked, err
			}
			back = back && err == nil
		}
		if back {
			parked = append(parked, u)
		} else {
			e.queue = append(e.queue, s)
		}
	}
	return parked, nil
}

func (e *engine) takeBackOne(u *thread, s ptrace.Stop) (bool, error) {
	var info ptrace.Siginfo
	if err := ptrace.GetSiginfo(u.tid, &info); err != nil || !fatal(s.Sig) || info.Code <= 0 {
		return false, err
	}
	if err := ptrace.GetRegs(u.tid, &u.regs); err != nil {
		return false, err
	}
	off, ok := u.p.code.offset(u.regs.Rip)
	if !ok || off < u.p.code.rt.end || u.regs.Rip == 0 || e.atLookup(u) {
		return false, nil
	}
	pt, ok := u.p.point(off)
	if !ok || pt.State != translator.Ahead && pt.State != translator.Repeat {
		return false, nil
	}
	u.running, u.stopped = false, s
	return true, e.undo(u, pt, info)
}

// undo brings a thread that faulted inside an instruction to the point in front of it, and the halves to be equal there. A
// string instruction keeps what it has done.
func (e *engine) undo(u *thread, pt translator.Point, info ptrace.Siginfo) error {
	switch pt.State {
	case translator.Repeat:
		return e.mirrorRepeat(u, pt)
	case translator.Ahead:
		if err := e.undoAhead(u, info.Addr()); err != nil {
			return err
		}
	}
	u.restore(pt)
	return nil
}

// restful says whether all threads of a process, and of those that share memory with it, really stand where they should.
// Who is killed does not, and who has just been born has not got there.
func (e *engine) restful(p *process) bool {
	for _, t := range e.threads {
		if t.p == nil || t.p != p && !together(t.p, p) || t.exiting || t.p.exiting || t.vforking {
			continue
		}
		if state, ends := stateOf(t.tid); ends || t.killed || t.parent != 0 || state != 't' && state != 'T' {
			return false
		}
	}
	return true
}

// dead says whether a thread has been killed, and what is known of it is history: SIGKILL waits for nobody. A thread that exits
// has lost its memory some time before it is a zombie.
func dead(tid int) bool {
	state, ends := stateOf(tid)
	return ends || strings.ContainsRune("ZXx", state)
}

// stateOf is the state of a thread, and whether it ends (proc_pid_stat(5)); a thread that is not there has ended.
func stateOf(tid int) (state rune, ends bool) {
	const stateField, flagsField, exiting = 0, 6, 0x4 // PF_EXITING
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(tid) + "/stat")
	if err != nil {
		return 'X', true
	}
	fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
	if len(fields) <= flagsField {
		return 'X', true
	}
	flags, err := strconv.ParseUint(fields[flagsField], 10, 64)
	return rune(fields[stateField][0]), err != nil || flags&exiting != 0
}
