package engine

import (
	"io"
	"os"
	"time"

	"kmv/shadowmem"
)

// Options says what to run and how.
type Options struct {
	Path         string   // the executable, already looked up in PATH
	Argv         []string // Argv[0] is the name that the program sees
	Env          []string
	Files        []*os.File // descriptors 0 to 2 of the program; nil: kmv's own
	Terminal     *Terminal  // make one for the program, as all three and as its controlling terminal; its output becomes events
	Policy       shadowmem.Policy
	Follow       Follow
	VerifyAtExit bool
	VerifyEvery  time.Duration // 0: never in between
	Ranges       bool          // report the program's mappings, and how much of the mirror is resident
	VerifyCalls  bool          // at every system call that stops: slow, to find which code diverges
	Triggers     []Trigger     // what is to be done in the course of the run
	Watched      bool          // somebody reads Live.Events
	Paused       bool          // wait in front of the first instruction for view.Continue
	Cache        string        // directory for translations that outlive the run; empty: none do
	Scrub        ScrubRate     // compare in the background; zero: no
	OnUndecided  string        // which copy is right where nothing tells: TrustNative ("" too), TrustMirror, TrustNone
	Retire       int           // move a page to another frame after so many repaired errors; 0: never
	MirrorNode   *int          // bind the copies to this NUMA node
	Log          io.Writer     // what the engine does, a line each; nil for silence

	testCall    func(*engine, *thread, [6]uint64) int64 // of tests: does the system call testNumber
	testInstall func(*engine) error                     // of tests: called before a lost page is replaced
	testMove    int                                     // of tests: replace lost pages as if the kernel had given them up, 2: by mremap
	testAsk     bool                                    // of tests: the scrubber passes only when it is asked
	testOld     bool                                    // of tests: a kernel without UFFDIO_POISON
}

// testNumber is a number that no kernel has.
const testNumber = 1000

// StartError says that the program could not be started; Err is the kernel's errno (ENOENT, EACCES, ENOEXEC ...).
type StartError struct {
	Path string
	Err  error
}

func (e *StartError) Error() string { return e.Path + ": " + e.Err.Error() }
func (e *StartError) Unwrap() error { return e.Err }
