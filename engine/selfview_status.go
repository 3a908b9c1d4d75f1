package engine

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/sys/unix"

	"kmv/engine/ptrace"
)

// status is the native text of /proc/PID/status, in the lines that would tell of kmv: no tracer, the signals as the program
// has them, the filters that the engine obeys in the kernel's place, and the sizes of the native half. The kernel's text comes from the
// descriptor of who has opened it: what numbers a process and a user have there depends on that.
func (e *engine) status(t *thread, fd int64, of *thread) ([]byte, error) {
	e.near.release(of) // Cpus_allowed
	text, err := readTheirs(t.pid, int(fd))
	if err != nil {
		return nil, err
	}
	lines := of.statusLines()
	if err := of.p.memoryLines(of.tid, lines); err != nil {
		return nil, err
	}
	var b bytes.Buffer
	for line := range strings.Lines(string(text)) {
		key, _, _ := strings.Cut(line, ":")
		if strings.HasPrefix(line, "State:\tt") { // it is stopped for this
			lines[key] = "R (running)"
			if of.stopped.Kind == ptrace.GroupStop {
				lines[key] = "T (stopped)"
			}
		}
		if own, ok := lines[key]; ok {
			line = key + ":\t" + own + "\n"
		}
		b.WriteString(line)
	}
	return b.Bytes(), nil
}

// readTheirs reads a file of a target's from its start, through a descriptor of the target, whose position stays.
func readTheirs(pid, fd int) ([]byte, error) {
	mine, err := ptrace.TakeFD(pid, fd)
	if err != nil {
		return nil, err
	}
	f := os.NewFile(uintptr(mine), "status")
	defer f.Close()
	return io.ReadAll(io.NewSectionReader(f, 0, 1<<20))
}

func (t *thread) statusLines() map[string]string {
	ignored, caught := uint64(0), uint64(0)
	for sig := unix.Signal(1); sig < signals; sig++ {
		switch t.signals.actions[sig].handler {
		case sigDefault:
		case sigIgnore:
			ignored |= bit(sig)
		default:
			caught |= bit(sig)
		}
	}
	return map[string]string{
		"TracerPid":       "0",
		"SigBlk":          fmt.Sprintf("%016x", t.signalMask()),
		"SigIgn":          fmt.Sprintf("%016x", ignored),
		"SigCgt":          fmt.Sprintf("%016x", caught),
		"Seccomp":         fmt.Sprint(t.filters.Mode()),
		"Seccomp_filters": fmt.Sprint(t.filters.Count()),
	}
}

// memoryLines adds the sizes (proc(5), /proc/PID/status). The highest ones are those of the moments at which somebody looked.
func (p *process) memoryLines(tid int, lines map[string]string) error {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/smaps", tid))
	if err != nil {
		return err
	}
	var size, data, stack, exe, lib, shmem uint64
	areas := p.space.Lines()
	for _, m := range areas {
		n := m.Len() >> 10
		size += n
		switch {
		case m.Name == "[stack]":
			stack += n
		case m.Writable() && !m.IsShared():
			data += n
		case m.Prot&unix.PROT_EXEC != 0 && !m.Writable() && m.Name == p.exe:
			exe += n
		case m.Prot&unix.PROT_EXEC != 0 && !m.Writable():
			lib += n
		}
	}
	sum := map[string]uint64{}
	for _, s := range nativeSections(areas, parseSections(text)) {
		for _, line := range s.details {
			key, n, _ := detail(line)
			if sum[key] += n; key == "Rss:" && s.shared && inMemory(s.name) {
				shmem += n
			}
		}
	}
	rss := sum["Rss:"]
	p.mostSize, p.mostRSS = max(p.mostSize, size), max(p.mostRSS, rss)
	for key, n := range map[string]uint64{
		"VmPeak": p.mostSize, "VmSize": size, "VmHWM": p.mostRSS, "VmRSS": rss, "RssAnon": sum["Anonymous:"], "RssShmem": shmem,
		"RssFile": rss - min(rss, sum["Anonymous:"]+shmem), "VmData": data, "VmStk": stack, "VmExe": exe, "VmLib": lib, "VmSwap": sum["Swap:"], "VmLck": sum["Locked:"],
	} {
		lines[key] = fmt.Sprintf("%8d kB", n)
	}
	return nil
}

// inMemory says whether a file of this name has no disk behind it.
func inMemory(name string) bool {
	for _, prefix := range []string{"/dev/zero", "/dev/shm/", "/memfd:", "/SYSV"} {
		if strings.HasPrefix(name, prefix) {
			return true
		}
	}
	return name == ""
}
