package engine

import (
	"encoding/binary"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"kmv/engine/ptrace"
	"kmv/engine/view"
	"kmv/translator/x86"
)

// nativeStep is a native program in front of one instruction.
type nativeStep struct {
	regs ptrace.Regs
	text string
	flow x86.Flow
}

// fixedRandom stands for what the kernel puts at AT_RANDOM.
var fixedRandom = []byte("sixteen bytes ok")

// randomAt finds the address of the random bytes in an initial stack.
func randomAt(stack []byte) uint64 {
	word := func(i int) uint64 { return binary.LittleEndian.Uint64(stack[8*i:]) }
	i := 1
	for range 2 {
		for word(i) != 0 {
			i++
		}
		i++
	}
	for ; word(i) != auxNull; i += 2 {
		if word(i) == auxRandom {
			return word(i + 1)
		}
	}
	return 0
}

// withoutRandomLayout makes programs that are started meanwhile lie where they lay the last time.
func withoutRandomLayout(t *testing.T) {
	const noRandomize = 0x40000
	set := func(v uintptr) {
		if _, _, errno := syscall.AllThreadsSyscall(unix.SYS_PERSONALITY, v, 0, 0); errno != 0 {
			t.Skip("personality: ", errno)
		}
	}
	set(noRandomize)
	t.Cleanup(func() { set(0) })
}

// traceNative steps a program natively. What cannot be the same under kmv is made so: the features that cpuid names, the
// time stamp, rseq.
func traceNative(t *testing.T, n int, argv, env []string) (steps []nativeStep, areas []area) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	pid, err := ptrace.Start(argv[0], argv, env, []uintptr{0, 1, 2}, false)
	if err != nil {
		t.Skip(err)
	}
	mem, err := ptrace.OpenMemory(pid)
	if err != nil {
		t.Fatal(err)
	}
	defer mem.Close()
	if areas, err = readMaps(pid); err != nil {
		t.Fatal(err)
	}
	var r ptrace.Regs
	check := func(err error) {
		if err != nil {
			t.Fatal(err)
		}
	}
	check(ptrace.GetRegs(pid, &r))
	stack := make([]byte, 4096)
	_, _ = mem.ReadSome(r.Rsp, stack)
	check(mem.Write(randomAt(stack), fixedRandom))
	for range n {
		code := make([]byte, 16)
		_, _ = mem.ReadSome(r.Rip, code)
		var in x86.Inst
		check(x86.Decode(code, &in))
		s := nativeStep{r, in.Text(code, r.Rip), in.Flow}
		steps = append(steps, s)
		if in.Flow == x86.FlowSyscall && r.Rax == unix.SYS_RSEQ {
			r.Rax, r.Rip = uint64(fail(unix.ENOSYS)), r.Rip+2
			r.Rcx, r.R11 = r.Rip, r.Eflags
			check(ptrace.SetRegs(pid, &r))
			continue
		}
		for { // the SIGCONT that ended the start is still to come
			check(ptrace.Step(pid, 0))
			if stop, err := ptrace.WaitFor(pid); err != nil || stop.Kind != ptrace.Signaled {
				t.Fatalf("%v, %v", stop, err)
			} else if stop.Sig == unix.SIGTRAP {
				break
			}
		}
		check(ptrace.GetRegs(pid, &r))
		if s.text == "cpuid" {
			maskCPUID(uint32(s.regs.Rax), uint32(s.regs.Rcx), &r)
			check(ptrace.SetRegs(pid, &r))
		}
		r.Eflags &^= trapFlag
		if in.Flow == x86.FlowSyscall {
			r.R11 &^= trapFlag
			check(ptrace.SetRegs(pid, &r))
		}
	}
	check(unix.Kill(pid, unix.SIGKILL))
	_, err = ptrace.WaitEnd(pid)
	check(err)
	return steps, areas
}

// layoutPair knows where what lies natively lies under kmv.
type layoutPair struct {
	regions []pairRegion
	deltas  []uint64
}

type pairRegion struct{ start, end, delta uint64 }

func (l *layoutPair) add(start, size, there uint64) {
	l.regions = append(l.regions, pairRegion{start, start + size, there - start})
	if d := there - start; !slices.Contains(l.deltas, d) {
		l.deltas = append(l.deltas, d)
	}
}

// same says whether a value of the native program and one of kmv's mean the same: equal, the same place, or a sum or
// difference of two places.
func (l *layoutPair) same(native, here uint64) bool {
	if native == here {
		return true
	}
	delta := here - native
	for i := len(l.regions) - 1; i >= 0; i-- {
		if r := l.regions[i]; native >= r.start && native <= r.end && delta == r.delta {
			return true
		}
	}
	cut := ^uint64(0)
	if native < 1<<32 { // the lower half of one
		cut = 1<<32 - 1
	}
	for _, a := range l.deltas {
		for _, b := range append(l.deltas, 0) {
			for _, d := range [...]uint64{a - b, b - a, a + b, -a - b} {
				if delta&cut == d&cut {
					return true
				}
			}
		}
	}
	return false
}

// Stepping under kmv is stepping: the same instructions, and the same registers behind each, as the processor's trap flag
// shows them of the native program.
func TestStepsAreTheProcessors(t *testing.T) {
	withoutRandomLayout(t)
	const steps = 10000
	argv, env := []string{"/bin/true"}, []string{"PATH=/usr/bin:/bin", "LC_ALL=C"}
	native, areas := traceNative(t, steps, argv, env)
	s := steer(t, Options{}, argv...)
	first := look(t, s.Live, view.Query{Registers: true, Ranges: true, Memory: []view.MemoryQuery{{Text: "$rsp", Size: 4096}}})
	do(t, s.Live, view.Command{Op: view.Write, Addr: randomAt(first.Memory[0].Native), Data: fixedRandom, Half: view.Both})

	var pair layoutPair
	for _, a := range areas {
		for _, r := range first.Ranges {
			size := a.end - a.start
			if r.Name == a.name && a.name == "[stack]" {
				pair.add(a.start, size, r.End-size)
			} else if r.Name == a.name || a.name == "" && r.End-r.Start == size {
				if i := slices.IndexFunc(areas, func(b area) bool { return b.name == a.name }); i >= 0 && areas[i].start == a.start {
					pair.add(a.start, lastEnd(areas, a.name)-a.start, r.Start)
					break
				}
			}
		}
	}
	flags := 0
	for i, want := range native {
		got := look(t, s.Live, view.Query{Registers: true}).Registers
		var r ptrace.Regs
		for j, n := range got.Names {
			*registerOf(&r, n) = got.Values[j]
		}
		if i > 0 && native[i-1].flow == x86.FlowSyscall {
			before := native[i-1].regs
			switch before.Rax {
			case unix.SYS_MMAP:
				pair.add(want.regs.Rax, before.Rsi, r.Rax)
			case unix.SYS_BRK:
				pair.add(want.regs.Rax, 1<<20, r.Rax)
			case unix.SYS_SET_TID_ADDRESS:
				want.regs.Rax = r.Rax
			}
		}
		if i > 0 {
			for _, n := range unlike(&native[i-1]) {
				v := *registerOf(&want.regs, n)
				do(t, s.Live, view.Command{Op: view.SetReg, Text: n, Value: v})
				*registerOf(&r, n) = v
			}
		}
		if bad := differs(&pair, &want.regs, &r); bad != "" {
			last := ""
			if i > 0 {
				last = native[i-1].text
			}
			t.Fatalf("step %d, behind %q:\n%s\nnative %+v\nkmv    %+v", i, last, bad, want.regs, r)
		}
		if want.regs.Eflags != r.Eflags {
			flags++
		}
		if ev := s.run(view.Command{Op: view.StepInst}); ev.Text != "step" {
			t.Fatalf("step %d ended with %q", i, ev.Text)
		}
	}
	if flags > steps/100 { // comparisons of addresses in different ranges
		t.Errorf("flags differ behind %d of %d instructions", flags, steps)
	}
	t.Logf("%d instructions equal; flags of comparisons between ranges differ behind %d", steps, flags)
}

// unlike names the registers that an instruction fills with what is different each time: the time, the number of the processor
// that it runs on (SDM 2A, CPUID leaves 1 and 0xb).
func unlike(s *nativeStep) []string {
	switch {
	case s.text == "rdtsc":
		return []string{"rax", "rdx"}
	case s.text == "cpuid" && s.regs.Rax == 1:
		return []string{"rbx"}
	case s.text == "cpuid" && s.regs.Rax == 0xb:
		return []string{"rdx"}
	}
	return nil
}

func lastEnd(areas []area, name string) (end uint64) {
	for _, a := range areas {
		if a.name == name {
			end = a.end
		}
	}
	return end
}

func differs(pair *layoutPair, want, got *ptrace.Regs) string {
	var list []string
	for _, n := range append(generalNames[:], "rip", "fs_base") {
		if a, b := *registerOf(want, n), *registerOf(got, n); !pair.same(a, b) {
			list = append(list, fmt.Sprintf("%s is %#x, natively %#x", n, b, a))
		}
	}
	const comparison = 0x8c5 // CF PF ZF SF OF: of a comparison of addresses
	if (want.Eflags^got.Eflags)&^comparison != 0 {
		list = append(list, fmt.Sprintf("flags are %#x, natively %#x", got.Eflags, want.Eflags))
	}
	return strings.Join(list, "\n")
}
