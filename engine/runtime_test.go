package engine

import (
	"testing"

	"kmv/engine/syscalls"
	"kmv/shadowmem"
	"kmv/translator/x86"
)

// TestRoutine holds every instruction of the syscall routine against what its place promises: a thread may be found at
// any of them, and must be brought to native state there.
func TestRoutine(t *testing.T) {
	image := emitRuntime(shadowmem.Default(), true, false)
	const free = 1<<x86.RAX | 1<<x86.RCX | 1<<x86.R11
	for off := image.syscall; off < image.end; {
		var in x86.Inst
		if err := x86.Decode(image.code[off:], &in); err != nil {
			t.Fatalf("%#x: %v", off, err)
		}
		p := image.place(off)
		wrong := func(what string) {
			t.Errorf("%#x: % x (phase %d): %s", off, image.code[off:off+uint32(in.Len)], p.phase, what)
		}
		if (in.Reads|in.Writes)>>x86.RSP&1 != 0 && in.Flow == x86.FlowNext {
			wrong("uses the program's stack pointer")
		}
		if in.Form != x86.NoStore && in.HasMem && in.Mem.Seg == x86.NoSeg {
			wrong("stores into native memory")
		}
		system := in.Flow == x86.FlowSyscall
		switch p.phase {
		case outside:
			wrong("nothing is known here")
		case entered, deciding:
			if in.FlagsWrite != 0 && !system {
				wrong("changes flags")
			}
			fallthrough
		case comparing:
			if in.Writes&^(free|p.saved) != 0 {
				wrong("changes a register that is not restored")
			}
		case returned:
			if system {
				wrong("a second system call")
			}
			if in.Writes&^(p.saved|1<<x86.RCX) != 0 {
				wrong("changes a register that has no slot")
			}
		}
		off += uint32(in.Len)
	}
}

// TestRoutineTable says which system calls have handlers.
func TestRoutineTable(t *testing.T) {
	image := emitRuntime(shadowmem.Default(), true, false)
	low := uint32(shadowmem.Default().Cache.Low)
	for nr, at := range image.table {
		if may := mayRunInTarget(uint64(nr)); may != (at != 0) {
			t.Errorf("%s: may run in the target: %v; handler at %#x", syscalls.Lookup(uint64(nr)).Name, may, at)
		}
		if at != 0 && (at-low <= image.finish || at-low >= image.end) {
			t.Errorf("handler of %d at %#x", nr, at)
		}
	}
	if all := emitRuntime(shadowmem.Default(), true, true); all.table != [syscalls.Max]uint32{} {
		t.Error("a handler though all calls should stop")
	}
}

func BenchmarkEmitRuntime(b *testing.B) {
	for b.Loop() {
		emitRuntime(shadowmem.Default(), true, false)
	}
}
