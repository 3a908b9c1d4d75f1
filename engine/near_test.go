package engine

import (
	"runtime"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// A thread that sleeps between its stops is not one that computes.
func TestRanWithoutSleep(t *testing.T) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	start := time.Now()
	before, ok := schedTime(unix.Gettid())
	if !ok {
		t.Skip("the kernel does not tell what a thread has used (CONFIG_SCHED_INFO)")
	}
	sleeper := &thread{tid: unix.Gettid(), stops: 1, used: before}
	for range 3 {
		_ = unix.Nanosleep(&unix.Timespec{Nsec: 50e6}, nil)
	}
	apart := time.Since(start)
	ran, ok := sleeper.ran(apart)
	if !ok || ran > apart-100*time.Millisecond { // the time of a thread that runs is known to a tick only
		t.Errorf("of %v, with 150 ms of sleep, it ran %v (%v)", apart, ran, ok)
	}
	sleeper.looked = time.Now().Add(time.Hour)
	if _, ok := sleeper.ran(apart); ok {
		t.Error("the kernel is asked again too early")
	}
	if ran, ok := sleeper.ran(nearPace / 2); !ok || ran != nearPace/2 {
		t.Errorf("a short run of %v counts as %v (%v)", nearPace/2, ran, ok)
	}
}
