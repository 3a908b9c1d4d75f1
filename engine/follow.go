package engine

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"

	"golang.org/x/sys/unix"

	"kmv/engine/ptrace"
	"kmv/engine/view"
	"kmv/shadowmem"
)

// Follow says which of the programs that the tree executes are translated. The one that is started always is.
type Follow struct {
	None bool
	Glob string // of the whole path or its last part; empty: all
}

func (f Follow) wants(exe string) bool {
	if f.Glob == "" {
		return !f.None
	}
	return shadowmem.Glob(f.Glob, exe) || shadowmem.Glob(f.Glob, filepath.Base(exe))
}

// unfollowed says why the program that a thread has just executed is not translated; empty if it is. note is how that is
// reported: nothing is lost of what --follow leaves out.
func (e *engine) unfollowed(t *thread, exe string) (why string, note func(kind string, at uint64, name string)) {
	if !e.opts.Follow.wants(exe) {
		return "runs natively, as --follow says", e.gap
	}
	if class, machine, ok := elfKind(t.pid); ok && (class != elf.ELFCLASS64 || machine != elf.EM_X86_64) {
		return fmt.Sprintf("runs natively: kmv does not translate %v code of %v", machine, class), e.unmirrored
	}
	return "", nil
}

// elfKind reads the kind of program that a process runs.
func elfKind(pid int) (elf.Class, elf.Machine, bool) {
	f, err := os.Open("/proc/" + strconv.Itoa(pid) + "/exe")
	if err != nil {
		return 0, 0, false
	}
	defer f.Close()
	var head [20]byte // the ELF header, up to e_machine
	if n, _ := f.ReadAt(head[:], 0); n < len(head) || string(head[:4]) != elf.ELFMAG {
		return 0, 0, false
	}
	return elf.Class(head[elf.EI_CLASS]), elf.Machine(binary.LittleEndian.Uint16(head[18:])), true
}

// letGo leaves a process that has just executed a program to itself, with the signal mask that it should have. The program
// that was started remains a child of kmv, which waits for its end.
func (e *engine) letGo(t *thread, exe, why string) error {
	e.logf("%d: %s %s", t.pid, exe, why)
	if err := e.giveFilters(t); err != nil { // natively it would not run without them either
		e.gap("process", 0, fmt.Sprintf("%s is killed: %v", exe, err))
		_ = unix.Kill(t.pid, unix.SIGKILL)
	}
	for _, info := range append(t.held, t.deferred...) {
		if err := ptrace.Requeue(t.pid, t.tid, &info); err != nil {
			return err
		}
	}
	if err := ptrace.SetSigmask(t.tid, t.signalMask()); err != nil {
		return err
	}
	e.near.release(t)
	delete(e.threads, t.tid)
	if t.tid != e.root {
		e.closeAccount(t.pid, ptrace.Stop{})
		e.emit(view.Event{Kind: view.EventExit, Pid: t.pid, Thread: t.tid, Text: why})
	}
	if err := ptrace.Detach(t.tid, 0); err != nil && !errors.Is(err, unix.ESRCH) {
		return err
	}
	return e.vanished(t)
}

// limited notes that an executable's set-user-id bit or capabilities had no effect, as under any tracer that may not have
// given them itself (execve(2), "ptrace").
func (e *engine) limited(t *thread, exe string) {
	file := "/proc/" + strconv.Itoa(t.pid) + "/exe"
	var st unix.Stat_t
	if unix.Stat(file, &st) != nil {
		return
	}
	if st.Mode&unix.S_ISUID != 0 && st.Uid != effectiveUID(t.pid) {
		e.gap("process", 0, exe+" is set-user-id, which a traced process does not get: it runs without its owner's rights")
	}
	if n, _ := unix.Getxattr(file, "security.capability", nil); n > 0 && os.Geteuid() != 0 {
		e.gap("process", 0, exe+" has file capabilities, which a traced process does not get")
	}
}

// effectiveUID is that of a process (proc(5), Uid: real, effective, saved, filesystem).
func effectiveUID(pid int) uint32 {
	b, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/status")
	if err != nil {
		return 0
	}
	var real, effective uint32
	_, line, _ := bytes.Cut(b, []byte("\nUid:"))
	_, _ = fmt.Sscan(string(line), &real, &effective)
	return effective
}
