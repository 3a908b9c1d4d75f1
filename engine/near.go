package engine

import (
	"bytes"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"kmv/engine/ptrace"
)

// A stop is two changes from one thread to another: the target's to the engine's, and back. On one processor that takes 3 us; to
// wake another that sleeps, 12 and more. So while a thread stops all the time (a program that has just started, a parent that waits
// for its children), it is kept on the engine's processor, and let go as soon as it does work of its own: parallel work stays parallel.

// near is the threads that are kept.
type near struct {
	mu      sync.Mutex
	threads map[*thread]unix.CPUSet // which processors they may use otherwise
	hand    int                     // the engine's own thread, while it stays where it is; else 0
	cpus    unix.CPUSet             // which processors that may use otherwise
	timer   *time.Timer
}

const (
	nearPace  = 100 * time.Microsecond // the time that a thread runs between two stops: it is kept
	farPace   = 2 * nearPace           // it is let go; longer times do not count more than twice this
	nearAlone = 5 * time.Millisecond   // without a stop: it is let go
	nearLook  = 4 * time.Millisecond   // how often the kernel is asked for a thread's time
)

// paced notes how long a thread ran until it stopped, and keeps it near or lets it go.
func (e *engine) paced(t *thread) {
	if t.p == nil || t.ownCPUs || t.p.threads > 1 && !(t.borrows && t.p.threads == 2) {
		e.near.release(t)
		return
	}
	t.stops++
	if ran, ok := t.ran(time.Since(t.resumed())); ok {
		t.pace = (3*t.pace + min(ran, 2*farPace)) / 4
	}
	if t.pace > farPace {
		e.near.release(t)
	} else if t.pace < nearPace {
		e.near.keep(t)
	}
}

// ran is how long a thread ran between two stops that were so far apart. It may have slept most of that: the kernel knows its
// processor's time, and also how long it waited for a processor, which is time that another one would have had for it.
func (t *thread) ran(apart time.Duration) (time.Duration, bool) {
	if apart <= nearPace {
		return apart, true
	}
	now := time.Now()
	if now.Sub(t.looked) < nearLook {
		return 0, false
	}
	used, ok := schedTime(t.tid)
	if !ok {
		return apart, true
	}
	mean := (used - t.used) / time.Duration(t.stops)
	t.looked, t.used, t.stops = now, used, 0
	return mean, true
}

// schedTime is how long a thread has run and waited for a processor (Documentation/scheduler/sched-stats.rst).
func schedTime(tid int) (time.Duration, bool) {
	var buf [64]byte
	fd, err := unix.Open("/proc/"+strconv.Itoa(tid)+"/schedstat", unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return 0, false
	}
	defer unix.Close(fd)
	n, _ := unix.Read(fd, buf[:])
	var sum int64
	words := bytes.Fields(buf[:max(n, 0)])
	if len(words) < 2 {
		return 0, false
	}
	for _, w := range words[:2] {
		v, err := strconv.ParseInt(string(w), 10, 64)
		if err != nil {
			return 0, false
		}
		sum += v
	}
	return time.Duration(sum), true
}

// resumed is when a thread was let run last.
func (t *thread) resumed() time.Time { return time.UnixMicro(atomic.LoadInt64(&t.ranAt)) }

// keep moves a stopped thread to the engine's processor. It is called on the engine's thread.
func (n *near) keep(t *thread) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if _, ok := n.threads[t]; ok {
		return
	}
	var cpus, one unix.CPUSet
	if unix.SchedGetaffinity(t.tid, &cpus) != nil || cpus.Count() < 2 {
		return
	}
	if n.hand == 0 && !n.settle() {
		return
	}
	if unix.SchedGetaffinity(n.hand, &one) != nil || unix.SchedSetaffinity(t.tid, &one) != nil {
		return
	}
	n.add(t, cpus)
}

func (n *near) add(t *thread, cpus unix.CPUSet) {
	if n.threads == nil {
		n.threads = map[*thread]unix.CPUSet{}
	}
	t.cpus = &cpus
	if n.threads[t] = cpus; n.timer == nil {
		n.timer = time.AfterFunc(nearAlone, n.look)
	}
}

// settle keeps the engine's thread where it is.
func (n *near) settle() bool {
	cpu, err := ptrace.CPU()
	if err != nil || unix.SchedGetaffinity(0, &n.cpus) != nil || !n.cpus.IsSet(cpu) {
		return false
	}
	var one unix.CPUSet
	one.Set(cpu)
	if unix.SchedSetaffinity(0, &one) != nil {
		return false
	}
	n.hand = unix.Gettid()
	return true
}

// inherit is for a thread whose parent is kept, or was when the kernel gave the child its processor.
func (n *near) inherit(parent, child *thread) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if cpus, ok := n.threads[parent]; ok {
		n.add(child, cpus)
	} else if parent.cpus != nil {
		child.cpus = parent.cpus
		_ = unix.SchedSetaffinity(child.tid, child.cpus)
	}
}

// release lets a thread use all its processors again.
func (n *near) release(t *thread) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.drop(t)
}

func (n *near) drop(t *thread) {
	cpus, ok := n.threads[t]
	if !ok {
		return
	}
	delete(n.threads, t)
	_ = unix.SchedSetaffinity(t.tid, &cpus) // it may have ended
}

// look lets threads go that have run for long. It is not on the engine's thread, which sleeps.
func (n *near) look() {
	n.mu.Lock()
	defer n.mu.Unlock()
	for t := range n.threads {
		if time.Since(t.resumed()) > nearAlone {
			n.drop(t)
		}
	}
	n.timer = nil
	if len(n.threads) > 0 {
		n.timer = time.AfterFunc(nearAlone, n.look)
	} else if n.hand != 0 {
		_ = unix.SchedSetaffinity(n.hand, &n.cpus)
		n.hand = 0
	}
}

// end lets everything go.
func (n *near) end() {
	n.mu.Lock()
	defer n.mu.Unlock()
	for t := range n.threads {
		n.drop(t)
	}
	if n.hand != 0 {
		_ = unix.SchedSetaffinity(n.hand, &n.cpus)
		n.hand = 0
	}
}

// affinity is sched_setaffinity and sched_getaffinity: the program finds its own processors, and one that chooses some is left alone.
func affinity(e *engine, t *thread, a [6]uint64) error {
	u := e.threads[int(int32(a[0]))]
	if a[0] == 0 {
		u = t
	}
	if u != nil {
		e.near.release(u)
		if t.regs.Rax == unix.SYS_SCHED_SETAFFINITY {
			u.ownCPUs, u.cpus = true, nil
		}
	}
	return e.pass(t, nil)
}

func init() {
	handlers[unix.SYS_SCHED_SETAFFINITY], handlers[unix.SYS_SCHED_GETAFFINITY] = affinity, affinity
}
