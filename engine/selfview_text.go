package engine

import (
	"bytes"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"kmv/shadowmem"
)

// section is what /proc/PID/maps and smaps say of one range: a line, and in smaps others below it.
type section struct {
	area
	details []string
}

// views make the native text of the files of /proc/PID that list memory (proc(5)) from the kernel's.
var views = map[string]func(*engine, *process, []byte) []byte{
	"maps":         sectionView(func(b *bytes.Buffer, s []section) { printSections(b, s, false) }),
	"smaps":        sectionView(func(b *bytes.Buffer, s []section) { printSections(b, s, true) }),
	"smaps_rollup": sectionView(rollup),
	"numa_maps":    numaView,
}

// view is the text of a thread's file of that name. What smaps_rollup sums up is in smaps.
func (e *engine) view(t *thread, name string) ([]byte, error) {
	raw := name
	if name == "smaps_rollup" {
		raw = "smaps"
	}
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/%s", t.tid, raw))
	if err != nil {
		return nil, err
	}
	return views[name](e, t.p, text), nil
}

func sectionView(print func(*bytes.Buffer, []section)) func(*engine, *process, []byte) []byte {
	return func(e *engine, p *process, raw []byte) []byte {
		var b bytes.Buffer
		print(&b, nativeSections(p.space.Lines(), parseSections(raw)))
		return b.Bytes()
	}
}

func parseSections(raw []byte) (all []section) {
	for line := range strings.Lines(string(raw)) {
		line = strings.TrimSuffix(line, "\n")
		if line != "" && line[0] >= 'A' && line[0] <= 'Z' { // a detail; most lines are
			if n := len(all); n > 0 {
				all[n-1].details = append(all[n-1].details, line)
			}
		} else if a, err := parseArea(line); err == nil {
			all = append(all, section{area: a})
		}
	}
	return all
}

// nativeSections puts what the kernel knows into the ranges and protections that the program gave its memory: native code
// may not be executed where it is, translated pages not written, and the kernel joins what differs only in that. What it
// counts of a range that must be divided is shown with the first part.
func nativeSections(lines []shadowmem.Mapping, kernel []section) (all []section) {
	i := 0
	for _, m := range lines {
		for i < len(kernel) && kernel[i].end <= uint64(m.Start) {
			i++
		}
		if i == len(kernel) || kernel[i].start >= uint64(m.End) {
			continue
		}
		s := kernel[i]
		if s.ino != 0 {
			s.offset += int64(uint64(m.Start) - s.start)
		}
		s.start, s.end, s.prot = uint64(m.Start), uint64(m.End), m.Prot
		if strings.HasPrefix(m.Name, "[") {
			s.name = m.Name
		}
		s.details = nil
		for j := i; j < len(kernel) && kernel[j].start < s.end; j++ {
			s.details = addDetails(s.details, kernel[j].details)
			kernel[j].details = emptied(kernel[j].details)
		}
		all = append(all, s)
	}
	for _, s := range kernel {
		if s.start >= 1<<63 { // [vsyscall]
			all = append(all, s)
		}
	}
	return all
}

// addDetails adds the numbers of b, in kB, to those of a.
func addDetails(a, b []string) []string {
	if a == nil {
		return b
	}
	sum := make([]string, len(a))
	for i, line := range a {
		sum[i] = line
		key, n, counted := detail(line)
		if !counted || i >= len(b) {
			continue
		}
		if _, more, ok := detail(b[i]); ok && strings.HasPrefix(b[i], key) {
			sum[i] = kilobytes(key, n+more)
		}
	}
	return sum
}

// emptied are the details of a range of which the first part was shown.
func emptied(details []string) []string {
	var left []string
	for _, line := range details {
		if key, _, ok := detail(line); ok {
			line = kilobytes(key, 0)
		}
		left = append(left, line)
	}
	return left
}

// detail splits "Rss:    12 kB"; page sizes are not counts.
func detail(line string) (key string, n uint64, ok bool) {
	f := strings.Fields(line)
	if len(f) != 3 || f[2] != "kB" || strings.HasSuffix(f[0], "PageSize:") {
		return "", 0, false
	}
	n, err := strconv.ParseUint(f[1], 10, 64)
	return f[0], n, err == nil
}

func kilobytes(key string, n uint64) string { return fmt.Sprintf("%-16s%8d kB", key, n) }

// printSections prints them as the kernel does (fs/proc/task_mmu.c).
func printSections(b *bytes.Buffer, all []section, details bool) {
	for _, s := range all {
		line := fmt.Sprintf("%08x-%08x %s %08x %02x:%02x %d ", s.start, s.end, rights(s.prot, s.shared), s.offset, unix.Major(s.dev), unix.Minor(s.dev), s.ino)
		if s.name != "" {
			line = fmt.Sprintf("%-72s %s", line, s.name)
		}
		fmt.Fprintln(b, line)
		if !details {
			continue
		}
		for _, d := range s.details {
			switch {
			case strings.HasPrefix(d, "Size:"):
				d = kilobytes("Size:", (s.end-s.start)>>10)
			case strings.HasPrefix(d, "VmFlags:"):
				d = vmFlags(d, s.prot)
			}
			fmt.Fprintln(b, d)
		}
	}
}

func rights(prot int, shared bool) string {
	r := []byte("---p")
	for i, bit := range [...]int{unix.PROT_READ, unix.PROT_WRITE, unix.PROT_EXEC} {
		if prot&bit != 0 {
			r[i] = "rwx"[i]
		}
	}
	if shared {
		r[3] = 's'
	}
	return string(r)
}

// vmFlags gives a line of flags the protection that the program asked for: rd wr ex come first, in this order.
func vmFlags(line string, prot int) string {
	flags := "VmFlags:"
	for i, bit := range [...]int{unix.PROT_READ, unix.PROT_WRITE, unix.PROT_EXEC} {
		if prot&bit != 0 {
			flags += " " + [...]string{"rd", "wr", "ex"}[i]
		}
	}
	for _, f := range strings.Fields(line)[1:] {
		if f != "rd" && f != "wr" && f != "ex" {
			flags += " " + f
		}
	}
	return flags + " "
}

// rollup sums up.
func rollup(b *bytes.Buffer, all []section) {
	if all = slices.DeleteFunc(all, func(s section) bool { return s.start >= 1<<63 }); len(all) == 0 {
		return
	}
	var sum []string
	for _, s := range all {
		sum = addDetails(sum, s.details)
	}
	fmt.Fprintf(b, "%-72s %s\n", fmt.Sprintf("%08x-%08x ---p 00000000 00:00 0 ", all[0].start, all[len(all)-1].end), "[rollup]")
	for _, line := range sum {
		if key, _, ok := detail(line); ok && key != "Size:" {
			fmt.Fprintln(b, line)
		}
	}
}

// numaView leaves out the lines that are not of the native half.
func numaView(e *engine, _ *process, raw []byte) []byte {
	var b []byte
	for line := range bytes.Lines(raw) {
		addr, _, _ := bytes.Cut(line, []byte(" "))
		if at, err := strconv.ParseUint(string(addr), 16, 64); err == nil && e.layout.InNative(at) {
			b = append(b, line...)
		}
	}
	return b
}
