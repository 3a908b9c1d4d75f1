package engine

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"

	"golang.org/x/sys/unix"

	"kmv/shadowmem"
)

// An object that is a file can also be written through a descriptor. While the tree has twins of such objects, the calls that
// do so stop, and what they wrote is copied into the twin. What processes outside of the tree write is not seen here; a
// difference that it makes is told from one of ours by looking for such a process (outsider).

// writesAt says, for each of those calls, which argument is the descriptor, and what may have been written.
var writesAt = map[uint64]struct {
	fd      int // -1: the result
	written func(a [6]uint64, ret, pos int64) (start, end int64)
}{
	unix.SYS_WRITE:           {0, beforePosition},
	unix.SYS_WRITEV:          {0, beforePosition},
	unix.SYS_SENDFILE:        {0, beforePosition},
	unix.SYS_PWRITE64:        {0, atOffset},
	unix.SYS_PWRITEV:         {0, atOffset},
	unix.SYS_PWRITEV2:        {0, wholeObject}, // at offset -1 it is the position, and flags may append
	unix.SYS_SPLICE:          {2, wholeObject},
	unix.SYS_COPY_FILE_RANGE: {2, wholeObject},
	unix.SYS_FTRUNCATE:       {0, wholeObject},
	unix.SYS_FALLOCATE:       {0, wholeObject},
	unix.SYS_OPEN:            {-1, wholeObject}, // O_TRUNC
	unix.SYS_CREAT:           {-1, wholeObject},
	unix.SYS_OPENAT:          {-1, wholeObject},
	unix.SYS_OPENAT2:         {-1, wholeObject},
}

const untilEnd = 1 << 62

func wholeObject([6]uint64, int64, int64) (int64, int64) { return 0, untilEnd }

func beforePosition(_ [6]uint64, ret, pos int64) (int64, int64) { return pos - ret, pos }

func atOffset(a [6]uint64, ret, _ int64) (int64, int64) { return int64(a[3]), int64(a[3]) + ret }

func init() {
	for nr := range writesAt {
		handlers[nr] = writing
	}
}

// watch says which of the calls in writesAt stop.
type watch uint8

const (
	watchNone  watch = iota
	watchOpens       // there are objects, but nobody has a descriptor of one: it must be opened first
	watchWrites
)

// watchWrites makes the calls stop in all processes that have to.
func (e *engine) watchWrites() {
	want := watchNone
	if len(e.memories) > 0 {
		want = watchWrites
	}
	for key, o := range e.objects {
		switch {
		case o.open:
			want = watchWrites
		case key.dev != sysvDevice:
			want = max(want, watchOpens)
		}
	}
	if want == e.watching {
		return
	}
	e.watching = want
	e.allowCallsEverywhere()
}

// missesMost is how many calls stop in vain before it is looked whether an object can be written through a descriptor at all.
const missesMost = 64

// missed counts a call that stopped in vain.
func (e *engine) missed() {
	if e.misses++; e.misses < missesMost {
		return
	}
	e.misses = 0
	for _, o := range e.objects {
		o.open = false
	}
	memories := e.memories
	e.memories = nil
	for _, p := range e.processes {
		eachFile(p.pid, func(key objectKey, writable bool) {
			if o := e.objects[key]; o != nil && writable {
				o.open = true
			}
			if of := memories[key]; of != nil {
				if e.memories == nil {
					e.memories = map[objectKey]*process{}
				}
				e.memories[key] = of
			}
		})
	}
	e.watchWrites()
}

// eachFile visits the descriptors of a process.
func eachFile(pid int, visit func(key objectKey, writable bool)) {
	fds, _ := os.ReadDir(fmt.Sprintf("/proc/%d/fd", pid))
	for _, fd := range fds {
		var st unix.Stat_t
		if unix.Stat(fmt.Sprintf("/proc/%d/fd/%s", pid, fd.Name()), &st) != nil {
			continue
		}
		n, _ := strconv.ParseInt(fd.Name(), 10, 64)
		mode, ok := openFlags(pid, n)
		visit(objectKey{st.Dev, st.Ino}, !ok || mode&unix.O_ACCMODE != unix.O_RDONLY)
	}
}

// writing is a call that may write to an object.
func writing(e *engine, t *thread, a [6]uint64) error {
	row, nr := writesAt[t.regs.Rax], t.regs.Rax
	var before unix.Stat_t
	if nr == unix.SYS_FTRUNCATE {
		_ = unix.Stat(fmt.Sprintf("/proc/%d/fd/%d", t.tid, int32(a[0])), &before)
	}
	return e.pass(t, func(e *engine, t *thread, ret int64) (int64, error) {
		if ret < 0 {
			return ret, nil
		}
		fd := ret
		if row.fd >= 0 {
			fd = int64(int32(a[row.fd]))
		} else if err := e.opened(t, fd); err != nil {
			return 0, err
		}
		if len(e.objects)+len(e.memories) == 0 {
			return ret, nil
		}
		file := fmt.Sprintf("/proc/%d/fd/%d", t.tid, fd)
		var st unix.Stat_t
		if unix.Stat(file, &st) != nil {
			return ret, nil
		}
		if p := e.memories[objectKey{st.Dev, st.Ino}]; p != nil && row.fd >= 0 {
			start, end := row.written(a, ret, position(t.tid, fd))
			if nr == unix.SYS_PWRITEV2 {
				if start, end = atOffset(a, ret, 0); int64(a[3]) == -1 {
					start, end = beforePosition(a, ret, position(t.tid, fd))
				}
			}
			return ret, e.memoryWritten(t, p, uint64(start), uint64(end))
		}
		o := e.objects[objectKey{st.Dev, st.Ino}]
		if o == nil {
			if row.fd >= 0 {
				e.missed()
			}
			return ret, nil
		}
		if o.open = true; row.fd < 0 {
			e.watchWrites()
		}
		if nr == unix.SYS_OPEN && a[1]&unix.O_TRUNC == 0 || nr == unix.SYS_OPENAT && a[2]&unix.O_TRUNC == 0 {
			return ret, nil
		}
		start, end := row.written(a, ret, position(t.tid, fd))
		if nr == unix.SYS_FTRUNCATE { // what is cut off, or what a store that natively is an error has left there
			start = min(before.Size, int64(a[1]))
		}
		if err := o.refresh(file, start, end); err != nil {
			e.unmirrored("mapping", t.regs.Rcx-2, "a shared object was written through a descriptor, and could not be read: "+err.Error())
		}
		return ret, nil
	})
}

// position is where a descriptor stands in its file (proc(5), fdinfo).
func position(tid int, fd int64) int64 {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/fdinfo/%d", tid, fd))
	if err != nil {
		return 0
	}
	line, _, _ := bytes.Cut(bytes.TrimPrefix(b, []byte("pos:")), []byte("\n"))
	n, _ := strconv.ParseInt(string(bytes.TrimSpace(line)), 10, 64)
	return n
}

// refresh copies [start, end) of a file into the twin; behind the file's end are zeros.
func (o *object) refresh(file string, start, end int64) error {
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	defer f.Close()
	buf := make([]byte, copyPiece)
	for at, end := start, min(end, o.size); at < end; {
		b := buf[:min(end-at, copyPiece)]
		n, err := f.ReadAt(b, at)
		if err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		clear(b[n:])
		if allZero(b) {
			err = unix.Fallocate(o.fd, unix.FALLOC_FL_PUNCH_HOLE|unix.FALLOC_FL_KEEP_SIZE, at, int64(len(b)))
		} else {
			_, err = unix.Pwrite(o.fd, b, at)
		}
		if err != nil {
			return err
		}
		at += int64(len(b))
	}
	return nil
}

// writtenOutside says whether a process that is not followed can write to the object behind a mapping, now that its twin
// differs. Then the object is not protected, and the report names the process.
func (e *engine) writtenOutside(m shadowmem.Mapping) bool {
	o := e.objects[keyOf(m)]
	if !twinned(m) || o == nil || o.others {
		return o != nil && o.others
	}
	pid := e.outsider(o.key)
	if pid == 0 {
		return false
	}
	o.others = true
	why := fmt.Sprintf("process %d, which is not followed, writes to it", pid)
	for _, p := range e.processes {
		p.space.Unprotect(m.Dev, m.Ino, why)
	}
	e.unmirrored("mapping", uint64(m.Start), m.Name+": "+why)
	return true
}

// outsider finds a process outside of the tree with a writable descriptor of an object, or a writable shared mapping.
func (e *engine) outsider(key objectKey) (pid int) {
	list, err := os.ReadDir("/proc")
	if err != nil {
		return 0
	}
	for _, entry := range list {
		pid, err := strconv.Atoi(entry.Name())
		if err != nil || pid == os.Getpid() || e.threads[pid] != nil {
			continue
		}
		areas, _ := readMaps(pid)
		for _, a := range areas {
			if a.shared && a.prot&unix.PROT_WRITE != 0 && (objectKey{a.dev, a.ino}) == key {
				return pid
			}
		}
		found := false
		eachFile(pid, func(k objectKey, writable bool) { found = found || k == key && writable })
		if found {
			return pid
		}
	}
	return 0
}
