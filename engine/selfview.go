package engine

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// /proc/PID/maps and its like tell a program where it lies, and natively nothing of kmv is there. When a process of the tree
// opens such a file of one of the tree, its descriptor is replaced by that of a memfd with the native view (selfview_text.go),
// as of the moment; status is another (selfview_status.go). The routine stops for opens whose path may lead there (syscalls.ProcWords); what has been opened is told
// from the descriptor, whatever the path was.

// opened looks at the descriptor that an open has returned.
func (e *engine) opened(t *thread, fd int64) error {
	link := fmt.Sprintf("/proc/%d/fd/%d", t.tid, fd)
	name, _ := os.Readlink(link)
	base := filepath.Base(name)
	var fs unix.Statfs_t
	if base != "mem" && base != "status" && views[base] == nil || unix.Statfs(link, &fs) != nil || fs.Type != unix.PROC_SUPER_MAGIC {
		return nil
	}
	of := e.shownBy(link, name)
	flags, ok := openFlags(t.tid, fd)
	if of == nil || of.p == nil || !ok || flags&unix.O_PATH != 0 {
		return nil
	}
	if base == "mem" {
		return e.memoryOpened(of.p, link, flags)
	}
	var text []byte
	var err error
	if base == "status" {
		text, err = e.status(t, fd, of)
	} else {
		text, err = e.view(of, base)
	}
	if err == nil {
		err = e.substitute(t, fd, flags, text)
	}
	if err != nil {
		e.gap("file", t.regs.Rcx-2, fmt.Sprintf("%s shows kmv's part of the address space, too: %v", name, err))
	}
	return nil
}

// shownBy is the thread that a file of a proc file system is about: /proc/123/maps, /proc/123/task/124/maps. In another PID
// namespace the number is another one.
func (e *engine) shownBy(link, name string) *thread {
	tid, err := strconv.Atoi(filepath.Base(filepath.Dir(name)))
	if err != nil {
		return nil
	}
	var there, here unix.Stat_t
	if unix.Stat(link, &there) != nil || unix.Stat("/proc/self", &here) != nil {
		return nil
	}
	if there.Dev == here.Dev {
		return e.threads[tid]
	}
	for _, t := range e.threads {
		if t.p != nil && innermost(t.tid) == tid {
			return t
		}
	}
	return nil
}

// innermost is a thread's number in its own PID namespace.
func innermost(tid int) int {
	status, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", tid))
	_, rest, _ := bytes.Cut(status, []byte("\nNSpid:"))
	line, _, _ := bytes.Cut(rest, []byte("\n"))
	f := strings.Fields(string(line))
	if len(f) == 0 {
		return 0
	}
	n, _ := strconv.Atoi(f[len(f)-1])
	return n
}

// openFlags are a descriptor's flags as open(2) has them.
func openFlags(tid int, fd int64) (uint64, bool) {
	info, _ := os.ReadFile(fmt.Sprintf("/proc/%d/fdinfo/%d", tid, fd))
	_, flags, _ := bytes.Cut(info, []byte("flags:\t"))
	line, _, _ := bytes.Cut(flags, []byte("\n"))
	mode, err := strconv.ParseUint(string(line), 8, 64)
	return mode, err == nil
}

// substitute puts a file with this text, to be read only, in the place of a descriptor.
func (e *engine) substitute(t *thread, fd int64, flags uint64, text []byte) error {
	file, err := newMemory("maps")
	if err != nil {
		return err
	}
	defer unix.Close(file)
	if _, err := unix.Write(file, text); err != nil {
		return err
	}
	if err := unix.Fchmod(file, 0o444); err != nil {
		return err
	}
	read, err := unix.Open(fmt.Sprintf("/proc/self/fd/%d", file), unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(read)
	lent, err := t.lend(read)
	if err != nil {
		return err
	}
	move := &call{nr: unix.SYS_DUP3, args: [6]uint64{lent, uint64(fd), flags & unix.O_CLOEXEC}}
	if err := t.inject(move, &call{nr: unix.SYS_CLOSE, args: [6]uint64{lent}}); err != nil {
		return err
	}
	return move.err()
}

// memoryOpened notes a descriptor through which a process's memory can be written: from now on the calls that write to
// descriptors stop.
func (e *engine) memoryOpened(p *process, link string, flags uint64) error {
	var st unix.Stat_t
	if flags&unix.O_ACCMODE == unix.O_RDONLY || unix.Stat(link, &st) != nil {
		return nil
	}
	if e.memories == nil {
		e.memories = map[objectKey]*process{}
	}
	e.memories[objectKey{st.Dev, st.Ino}] = p
	e.watchWrites()
	return nil
}

// memoryWritten does what a store to [start, end) of p does: the bytes are mirrored, and code that they were is forgotten.
func (e *engine) memoryWritten(t *thread, p *process, start, end uint64) error {
	if p.threads == 0 || p.exiting || end <= start {
		return nil
	}
	if err := p.copyToMirror(start, end-start); err != nil {
		return err
	}
	if p != t.p {
		p.text.forget(start, end)
		if m, ok := p.space.Find(nativeAddr(start)); ok && m.Prot&unix.PROT_EXEC != 0 {
			e.gap("mapping", start, fmt.Sprintf("code of process %d was changed through its /proc/PID/mem: it may go on with the old", p.pid))
		}
		return nil
	}
	var pages []uint64
	for page := range p.guarded {
		if page < end && page+4096 > start {
			pages = append(pages, page)
		}
	}
	if err := e.unguard(t, pages...); err != nil {
		return err
	}
	return e.codeChanged(t, start&^4095, (end+4095)&^4095)
}
