package ptrace

import (
	"runtime"
	"testing"

	"golang.org/x/sys/unix"
)

// A started program has executed nothing: its instruction pointer is the entry of its interpreter, and it then runs to
// its own exit status.
func TestStart(t *testing.T) {
	runtime.LockOSThread()
	for range 20 {
		pid, err := Start("/bin/sh", []string{"sh", "-c", "exit 7"}, nil, []uintptr{0, 1, 2}, false)
		if err != nil {
			t.Fatal(err)
		}
		var r Regs
		if err := GetRegs(pid, &r); err != nil {
			t.Fatal(err)
		}
		if r.Rsp&0xf != 0 || r.Rax != 0 {
			t.Errorf("registers are not those of a fresh program: %+v", r)
		}
		if err := Cont(pid, 0); err != nil {
			t.Fatal(err)
		}
		for {
			s, err := Wait(false)
			if err != nil {
				t.Fatal(err)
			}
			if s.Kind == Exited {
				if s.Code != 7 {
					t.Errorf("exit status %d, want 7", s.Code)
				}
				break
			}
			sig := unix.Signal(0)
			if s.Kind == Signaled {
				sig = s.Sig
			}
			if err := Cont(pid, sig); err != nil {
				t.Fatal(err)
			}
		}
	}
}
