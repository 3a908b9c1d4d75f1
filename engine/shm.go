package engine

import (
	"bufio"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"kmv/shadowmem"
)

// shmat attaches a System V segment where the engine finds room for it (shmop(2)).
func (e *engine) shmat(t *thread, a [6]uint64) (int64, error) {
	size, empty, ok := shmSize(int32(a[0]))
	if !ok {
		return fail(unix.EINVAL), nil
	}
	const rdonly, remap = 0o10000, 0o40000
	flags := int(int32(a[2]))
	at := a[1] &^ 4095
	if at == 0 {
		place, err := e.choose(t, 0, pageUp(size), 0, 0, false)
		if err != nil {
			return fail(unix.ENOMEM), nil
		}
		at = place
	} else if flags&remap == 0 && !e.freeBehind(t, at, at+pageUp(size)) || !e.owns(at, at+pageUp(size)) {
		return fail(unix.EINVAL), nil
	}
	c := &call{nr: unix.SYS_SHMAT, args: [6]uint64{a[0], at, a[2]}}
	if err := t.inject(c); err != nil || c.err() != nil {
		return c.ret, err
	}
	m := shadowmem.Mapping{Start: nativeAddr(at), End: nativeAddr(at + pageUp(size)), Prot: unix.PROT_READ | unix.PROT_WRITE,
		Flags: unix.MAP_SHARED, Kind: shadowmem.Shared, Name: "/SYSV" + strconv.Itoa(int(int32(a[0]))),
		Dev: sysvDevice, Ino: uint64(uint32(a[0]))}
	if flags&rdonly != 0 {
		m.Prot = unix.PROT_READ
	}
	if empty {
		if err := e.fresh(m); err != nil {
			return 0, err
		}
	}
	ops, err := t.p.space.MmapOps(m, shadowmem.Birth{Twin: true})
	if err != nil {
		return 0, err
	}
	if err := e.apply(t, ops, 0); err != nil {
		return e.unmapped(t, at, at+pageUp(size), err)
	}
	return c.ret, nil
}

// shmdt detaches it.
func (e *engine) shmdt(t *thread, a [6]uint64) (int64, error) {
	m, ok := t.p.space.Find(nativeAddr(a[0]))
	if !ok || uint64(m.Start) != a[0] || !strings.HasPrefix(m.Name, "/SYSV") {
		return fail(unix.EINVAL), nil
	}
	if err := e.settleLost(t, uint64(m.Start), uint64(m.End)); err != nil {
		return 0, err
	}
	c := &call{nr: unix.SYS_SHMDT, args: [6]uint64{a[0]}}
	if err := t.inject(c); err != nil || c.err() != nil {
		return c.ret, err
	}
	if err := e.apply(t, t.p.space.MunmapOps(m.Start, m.End), 0); err != nil {
		return 0, err
	}
	return 0, e.forgetLost(t, uint64(m.Start), uint64(m.End))
}

// shmSize looks a segment up in /proc/sysvipc/shm (proc(5)):
//
//	key shmid perms size cpid lpid nattch uid gid cuid cgid atime dtime ctime rss swap
func shmSize(id int32) (size uint64, empty, ok bool) {
	f, err := os.Open("/proc/sysvipc/shm")
	if err != nil {
		return 0, false, false
	}
	defer f.Close()
	for s := bufio.NewScanner(f); s.Scan(); {
		w := strings.Fields(s.Text())
		if len(w) > 15 && w[1] == strconv.Itoa(int(id)) {
			n, err := strconv.ParseUint(w[3], 10, 64)
			return n, w[14] == "0" && w[15] == "0", err == nil
		}
	}
	return 0, false, false
}
