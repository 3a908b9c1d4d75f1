package ptrace

import (
	"runtime"
	"testing"
)

func TestBell(t *testing.T) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	b, err := NewBell()
	if err != nil {
		t.Fatal(err)
	}
	for range 100 {
		go b.Ring()
		s, err := Wait(false)
		if err != nil || !b.Rang(s) {
			t.Fatalf("%v, %v", s, err)
		}
		if err := b.Answer(); err != nil {
			t.Fatal(err)
		}
	}
	b.Close()
	for {
		s, err := Wait(false)
		if err == ErrNoTarget {
			return
		}
		if err != nil || !b.Rang(s) {
			t.Fatalf("%v, %v", s, err)
		}
	}
}
