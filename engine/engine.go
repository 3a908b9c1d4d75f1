package engine

import (
	"context"
	"fmt"
	"io"
	"os"
	"strconv"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"kmv/engine/ptrace"
	"kmv/engine/saved"
	"kmv/engine/symbols"
	"kmv/engine/view"
	"kmv/shadowmem"
	"kmv/translator"
)

// engine drives one target: a program and what it starts.
type engine struct {
	opts         Options
	layout       shadowmem.Layout
	log          io.Writer
	threads      map[int]*thread
	processes    map[int]*process       // by process id
	strays       map[int]ptrace.Stop    // children that stopped before their parent told of them
	objects      map[objectKey]*object  // shared objects with a twin
	accounts     []*account             // of all processes, in the order of their beginning
	account      map[int]*account       // of those that live, by process id
	unlisted     int                    // processes without an account
	limit        *unix.Rlimit           // RLIMIT_AS that kmv was started with
	watching     watch                  // which calls that may write to one stop
	memories     map[objectKey]*process // whose memory somebody has a descriptor to write to
	misses       int                    // such calls that did not, since somebody was found who might
	sink         int                    // swallows the mirror writes of what is not mirrored
	sinkSize     int64
	queue        []ptrace.Stop // stops seen while waiting for another
	root         int
	rootEnd      ptrace.Stop
	unseen       map[gapKey]bool // those of the gaps that may have written memory
	started      int
	resolved     bool // the symbols of the policy were found in the program
	stops        map[string]int
	sys          SyscallStats
	verify       VerifyStats
	differed     uint64 // bytes, in verifications before the last one that was asked for
	gaps         map[gapKey]int
	gapSymbols   map[gapKey]string // where each was met first
	total        totals
	lastMirror   MirrorReport
	last         *view.Snapshot // of the program itself, when its end was certain
	bell         *ptrace.Bell
	requests     *requests
	paused       bool        // no thread runs, and stops have to wait
	pausedNow    atomic.Bool // the same for other goroutines, or true a little longer
	knowsOrigins bool        // ptrace.Origins counts
	failed       error       // what went wrong while a request was carried out: the end of the run
	reason       string      // of the pause
	parked       []*thread   // that go on when the pause ends
	current      int         // the thread that stopped last
	debug        debugger
	sampler      sampler
	images       map[string]*symbols.Image // by file
	sources      map[string][]string       // lines of source files, by path
	events       *eventQueue
	start        time.Time
	image        *runtimeImage
	emitted      chan *runtimeImage // what will be image
	saved        *saved.Store
	spare        *codeCache   // for the next address space
	asleep       []*codeCache // with code, for the next address spaces of their programs
	near         near
	failures     Failures
	placement    Placement
	scrubber     *scrubber // nil if it is off
	scrubStats   ScrubStats
	scrubAt      atomic.Uint64 // where it is
	scrubbed     atomic.Uint64 // bytes it has compared
	triggers     triggers
	how          string // what would notice a bad page now: see view.Failure

	noHWPoison  bool  // the kernel does not give up frames on request
	noUserfault error // why there is no UFFDIO_POISON
}

func newEngine(o Options) *engine {
	return &engine{
		opts: o, layout: shadowmem.Default(), log: o.Log,
		threads: map[int]*thread{}, processes: map[int]*process{}, strays: map[int]ptrace.Stop{},
		stops: map[string]int{}, account: map[int]*account{}, gaps: map[gapKey]int{}, gapSymbols: map[gapKey]string{}, start: time.Now(), how: "engine",
	}
}

// run runs the program to its end and reports what was done. started gets nil when the program stands in front of its first
// instruction, or the reason why it does not.
func (e *engine) run(ctx context.Context, started chan<- error) (r *Report, err error) {
	defer func() { started <- err }() // a second one is dropped: the channel has room for what the caller reads
	e.saved = saved.Open(e.opts.Cache, e.logf)
	defer e.dropSpare()
	defer e.near.end()
	defer e.watchEnds()()
	if err := checkNode(e.opts.MirrorNode); err != nil {
		return nil, err
	}
	if err := e.layout.Validate(); err != nil {
		return nil, fmt.Errorf("BUG: %w", err)
	}
	e.emitEarly()
	e.limit = liftLimit()
	ptrace.Quiet()
	pid, err := ptrace.Start(e.opts.Path, e.opts.Argv, e.opts.Env, e.files(), e.opts.Terminal != nil)
	if err != nil {
		return nil, &StartError{e.opts.Path, err}
	}
	e.root = pid
	defer e.closeSink()
	defer e.killAll()
	if e.bell, err = ptrace.NewBell(); err != nil {
		return nil, err
	}
	e.requests.group = e.bell
	stop := e.forwardSignals(ctx)
	defer stop()
	e.paused, e.reason = e.opts.Paused, "start"
	e.pausedNow.Store(e.opts.Paused)
	for _, t := range e.opts.Triggers {
		if t.Place == "" {
			e.wait(t)
		} else {
			e.paused = true // until its place is known
		}
	}
	if err := e.first(); gone(err, pid) {
		e.paused = false // it was killed at once; the loop meets its end
	} else if err != nil {
		return nil, err
	}
	e.startPaused()
	if err := e.waitForPlaces(); err != nil && !gone(err, pid) {
		return nil, err
	}
	e.requests.open(e.bell)
	started <- nil
	defer e.verifyOften()()
	defer e.scrub()()
	if err := e.loop(); err != nil {
		return nil, err
	}
	return e.report(time.Since(e.start)), nil
}

// files are the descriptors that the program starts with.
func (e *engine) files() []uintptr {
	if e.opts.Files == nil {
		return []uintptr{0, 1, 2}
	}
	var fds []uintptr
	for _, f := range e.opts.Files {
		fds = append(fds, f.Fd())
	}
	return fds
}

// first takes over the program that Start left in front of its first instruction.
func (e *engine) first() error {
	t := &thread{tid: e.root, pid: e.root, signals: &signalTable{}, limit: e.limit}
	e.threads[t.tid] = t
	e.started++
	e.openAccount(t.pid, 0, e.opts.Path)
	mask, err := ptrace.Sigmask(t.tid)
	if err != nil {
		return err
	}
	t.mask = mask
	if err := t.signals.inherit(t.pid); err != nil {
		return err
	}
	if err := ptrace.SetSigmask(t.tid, mask&^unblockable); err != nil {
		return err
	}
	return e.begin(t)
}

// inherit notes which signals a process ignores from the start (proc(5), SigIgn).
func (st *signalTable) inherit(pid int) error {
	mask, err := statusMask(pid, "SigIgn:")
	if err != nil {
		return err
	}
	for s := 1; s < signals; s++ {
		if mask&bit(unix.Signal(s)) != 0 {
			st.actions[s].handler = sigIgnore
		}
	}
	return nil
}

// config is what all translations of this run depend on.
func (e *engine) config() translator.Config {
	return translator.Config{
		Offset: e.layout.Offset, JumpMap: e.layout.JumpMap, Mirror: !e.opts.Policy.None(), Fenced: e.opts.Policy.AnyFenced(), MaxInsts: 64,
		Answers: answersAt(e.layout),
	}
}

// killAll ends whatever is left of the target. With EXITKILL the kernel would do it too; this waits for it.
func (e *engine) killAll() {
	for _, t := range e.threads {
		_ = unix.Kill(t.pid, unix.SIGKILL)
	}
	for tid := range e.strays {
		_ = unix.Kill(tid, unix.SIGKILL)
	}
	if e.bell != nil {
		e.bell.Close()
	}
	for len(e.threads) > 0 || e.bell != nil {
		s, err := ptrace.Wait(false)
		if err != nil {
			return
		}
		if !s.End() {
			continue
		}
		if delete(e.threads, s.Tid); e.bell != nil && e.bell.Rang(s) {
			e.bell = nil
		}
	}
}

// verifyOften verifies all processes every VerifyEvery, from the end of one to the start of the next, until stop is called.
func (e *engine) verifyOften() (stop func()) {
	if e.opts.VerifyEvery <= 0 {
		return func() {}
	}
	done := make(chan struct{})
	go func() {
		took := time.Duration(0)
		for {
			select {
			case <-time.After(max(e.opts.VerifyEvery, took)): // the program gets half of the time at least
			case <-done:
				return
			}
			ended := e.requests.do(func(e *engine) {
				start := time.Now()
				if err := e.verifyAll(); err != nil {
					e.failed = err
				}
				took = time.Since(start)
			})
			if ended != nil {
				return
			}
		}
	}()
	return func() { close(done) }
}

// stackSize is how much address space the main stack gets: what the program may use, as on a native stack that grows.
func (e *engine) stackSize(content uint64) uint64 {
	const most = 1 << 30
	var lim unix.Rlimit
	size := uint64(8 << 20)
	if unix.Getrlimit(unix.RLIMIT_STACK, &lim) == nil {
		size = min(lim.Cur, most)
	}
	return pageUp(max(size, content+128<<10))
}

// statusMask reads a signal mask of /proc/PID/status.
func statusMask(pid int, key string) (uint64, error) {
	b, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/status")
	if err != nil {
		return 0, err
	}
	return parseMask(b, key)
}
