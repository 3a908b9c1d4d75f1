package engine

import (
	"bufio"
	"fmt"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// area is one line of /proc/PID/maps (proc(5)).
type area struct {
	start, end uint64
	prot       int
	shared     bool
	offset     int64
	dev, ino   uint64
	name       string
}

// readMaps lists a process's memory areas as the kernel has them.
func readMaps(pid int) ([]area, error) {
	f, err := os.Open("/proc/" + strconv.Itoa(pid) + "/maps")
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var all []area
	for s := bufio.NewScanner(f); s.Scan(); {
		a, err := parseArea(s.Text())
		if err != nil {
			return nil, err
		}
		all = append(all, a)
	}
	return all, nil
}

// parseArea takes "start-end perms offset major:minor inode   name" apart, the first five in a form that never changes.
func parseArea(line string) (area, error) {
	var a area
	f := strings.SplitN(line, " ", 6)
	if len(f) < 5 || len(f[1]) != 4 {
		return a, fmt.Errorf("line of /proc/PID/maps %q: %d fields", line, len(f))
	}
	start, end, _ := strings.Cut(f[0], "-")
	major, minor, _ := strings.Cut(f[3], ":")
	var devMajor, devMinor, offset uint64
	for _, v := range [...]struct {
		to   *uint64
		text string
		base int
	}{{&a.start, start, 16}, {&a.end, end, 16}, {&offset, f[2], 16}, {&devMajor, major, 16}, {&devMinor, minor, 16}, {&a.ino, f[4], 10}} {
		var err error
		if *v.to, err = strconv.ParseUint(v.text, v.base, 64); err != nil {
			return a, fmt.Errorf("line of /proc/PID/maps %q: %w", line, err)
		}
	}
	perms := f[1]
	a.offset = int64(offset)
	a.dev = unix.Mkdev(uint32(devMajor), uint32(devMinor))
	for i, bit := range [...]int{unix.PROT_READ, unix.PROT_WRITE, unix.PROT_EXEC} {
		if perms[i] != '-' {
			a.prot |= bit
		}
	}
	a.shared = perms[3] == 's'
	if len(f) == 6 {
		a.name = strings.TrimLeft(f[5], " ")
	}
	return a, nil
}
