package engine

import (
	"encoding/binary"
	"fmt"
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

// The kernel keeps where a program's code, data, arguments and auxiliary vector are, and tells it (/proc/PID/stat, cmdline,
// auxv) and others (ps). After the split they are elsewhere: prctl(PR_SET_MM, PR_SET_MM_MAP) says where, without privileges.
// On a kernel without it (CONFIG_CHECKPOINT_RESTORE) those files show the places of before.

// Fields of /proc/PID/stat (proc(5)), from the state on, which is the third.
const (
	statStartCode  = 26 - 3 // and end_code, start_stack
	statStartStack = 28 - 3
	statStartData  = 45 - 3 // and end_data, start_brk, arg_start, arg_end, env_start, env_end
	statArgStart   = 48 - 3
	statEnvEnd     = 51 - 3
)

// describe tells the kernel where everything is.
func (l *loader) describe() error {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", l.t.pid))
	if err != nil {
		return err
	}
	f := strings.Fields(string(text[strings.LastIndexByte(string(text), ')')+1:]))
	if len(f) <= statEnvEnd {
		return nil
	}
	var m []byte // struct prctl_mm_map (linux/prctl.h)
	add := func(first, n int) {
		for _, word := range f[first : first+n] {
			var v uint64
			_, _ = fmt.Sscan(word, &v)
			m = binary.LittleEndian.AppendUint64(m, l.moved(v))
		}
	}
	add(statStartCode, 2)
	add(statStartData, 2)
	for range 2 { // start_brk, brk: the engine's own (mm.go)
		m = binary.LittleEndian.AppendUint64(m, l.p.heap.low)
	}
	add(statStartStack, 1)
	add(statArgStart, 4)
	m = binary.LittleEndian.AppendUint64(m, l.vector)
	m = binary.LittleEndian.AppendUint32(m, l.vectorSize)
	m = binary.LittleEndian.AppendUint32(m, ^uint32(0)) // exe_fd: it stays
	mem, at := l.t.p.code.thread(l.t.slot)[lendOffset:], l.t.p.code.threadAddress(l.t.slot)+lendOffset
	copy(mem, m)
	c := &call{nr: unix.SYS_PRCTL, args: [6]uint64{unix.PR_SET_MM, unix.PR_SET_MM_MAP, at, uint64(len(m))}}
	if err := l.t.inject(c); err != nil {
		return err
	}
	if err := c.err(); err != nil {
		l.e.logf("%d: prctl(PR_SET_MM_MAP): %v: /proc/%d/stat shows the places of before the split", l.t.tid, err, l.t.pid)
	}
	return nil
}
