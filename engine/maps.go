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

func parseArea(line string) (area, error) {
	var a area
	var perms string
	var major, minor uint64
	n, err := fmt.Sscanf(line, "%x-%x %s %x %x:%x %d", &a.start, &a.end, &perms, &a.offset, &major, &minor, &a.ino)
	if n != 7 || len(perms) != 4 {
		return a, fmt.Errorf("line of /proc/PID/maps %q: %w", line, err)
	}
	a.dev = unix.Mkdev(uint32(major), uint32(minor))
	for i, bit := range [...]int{unix.PROT_READ, unix.PROT_WRITE, unix.PROT_EXEC} {
		if perms[i] != '-' {
			a.prot |= bit
		}
	}
	a.shared = perms[3] == 's'
	if f := strings.SplitN(line, " ", 6); len(f) == 6 {
		a.name = strings.TrimLeft(f[5], " ")
	}
	return a, nil
}
