package engine

import (
	"fmt"
	"io"
	"sort"
	"time"

	"golang.org/x/sys/unix"

	"kmv/engine/ptrace"
)

// account is what one process did, over all programs that it executed.
type account struct {
	pid, parent  int
	program      string // the last one
	began, ended time.Time
	end          ptrace.Stop
	threads      int
	stops        map[string]int
	sys          SyscallStats
	verify       VerifyStats
	gaps         map[gapKey]int
	code         totals
	mirrored     uint64
}

// accountsMost bounds the list of processes in a report; what more there were is in the totals.
const accountsMost = 10000

// open begins the account of a new process.
func (e *engine) openAccount(pid, parent int, program string) {
	if len(e.accounts) < accountsMost {
		e.accounts = append(e.accounts, &account{pid: pid, parent: parent, program: program, began: time.Now(), threads: 1,
			stops: map[string]int{}, gaps: map[gapKey]int{}})
		e.account[pid] = e.accounts[len(e.accounts)-1]
		return
	}
	delete(e.account, pid)
	e.unlisted++
}

// accountOf is the account of a process; what is not listed goes to one that nobody reads.
func (e *engine) accountOf(pid int) *account {
	if a := e.account[pid]; a != nil {
		return a
	}
	return &account{stops: map[string]int{}, gaps: map[gapKey]int{}}
}

// here is the account of the process whose stop is being handled.
func (e *engine) here() *account {
	if t := e.threads[e.current]; t != nil {
		return e.accountOf(t.pid)
	}
	return e.accountOf(0)
}

// closeAccount notes the end of a process.
func (e *engine) closeAccount(pid int, s ptrace.Stop) {
	a := e.accountOf(pid)
	a.end, a.ended = s, time.Now()
	delete(e.account, pid)
}

// verified adds what e.verify has gained since before to a process's account.
func (a *account) verified(before, now VerifyStats) {
	a.verify.Runs += now.Runs - before.Runs
	a.verify.BytesCompared += now.BytesCompared - before.BytesCompared
	a.verify.PagesCompared += now.PagesCompared - before.PagesCompared
	a.verify.DivergentBytes += now.DivergentBytes - before.DivergentBytes
	a.verify.Divergent = append(a.verify.Divergent, now.Divergent[len(before.Divergent):]...)
}

// ProcessReport is what one process of the tree did: the fields of Report for it alone. Code that a forked child shares with
// its parent counts for the last of them that ends. Ranges are listed for the first process only, in Report.
type ProcessReport struct {
	Pid         int              `json:"pid"`
	Parent      int              `json:"parent"` // 0 for the first one
	Program     string           `json:"program"`
	Exit        Exit             `json:"exit"`
	WallSeconds float64          `json:"wall_s"`
	Mirror      MirrorReport     `json:"mirror"`
	Translation TranslationStats `json:"translation"`
	Syscalls    SyscallStats     `json:"syscalls"`
	Verify      VerifyStats      `json:"verify"`
	Gaps        []Gap            `json:"gaps"`
	Threads     int              `json:"threads"`
}

func (e *engine) processReports() []ProcessReport {
	list := make([]ProcessReport, 0, len(e.accounts))
	for _, a := range e.accounts {
		r := ProcessReport{
			Pid: a.pid, Parent: a.parent, Program: a.program, Exit: exitOf(a.end), WallSeconds: seconds(a.until().Sub(a.began)),
			Mirror:      MirrorReport{Offset: e.layout.Offset, Ranges: []RangeReport{}, BytesMirrored: a.mirrored},
			Translation: a.code.TranslationStats, Syscalls: a.sys, Verify: a.verify, Gaps: e.gapList(a.gaps), Threads: a.threads,
		}
		r.Translation.Stops = a.stops
		if a.pid == e.root {
			r.Mirror.BytesResident = e.lastMirror.BytesResident
		}
		if r.Verify.Divergent == nil {
			r.Verify.Divergent = []Divergent{}
		}
		list = append(list, r)
	}
	return list
}

func (a *account) until() time.Time {
	if a.ended.IsZero() {
		return time.Now()
	}
	return a.ended
}

// exitOf says how a process ended.
func exitOf(s ptrace.Stop) Exit {
	if s.Kind == ptrace.Exited {
		return Exit{Code: &s.Code}
	}
	return Exit{Signal: int(s.Sig), Name: unix.SignalName(s.Sig), Core: s.Core}
}

// summary lists the processes that live, for people: a line each, and one of the tree.
func (e *engine) summary(w io.Writer) {
	live := e.accounts[:0:0]
	for _, a := range e.accounts {
		if e.account[a.pid] == a {
			live = append(live, a)
		}
	}
	sort.SliceStable(live, func(i, j int) bool { return live[i].pid < live[j].pid })
	fmt.Fprintf(w, "kmv: %7s %7s %4s %9s %9s %9s %9s  %s\n", "PID", "PARENT", "THR", "SECONDS", "MIRRORED", "STOPS", "DIVERGENT", "PROGRAM")
	for _, a := range live {
		threads, stops, mirrored := 0, 0, uint64(0)
		for _, t := range e.threads {
			if t.pid == a.pid {
				threads++
				if t.p != nil && t.tid == t.pid {
					mirrored = t.p.mirrored()
				}
			}
		}
		for _, n := range a.stops {
			stops += n
		}
		fmt.Fprintf(w, "kmv: %7d %7d %4d %9.1f %8dK %9d %9d  %s\n", a.pid, a.parent, threads, time.Since(a.began).Seconds(),
			mirrored>>10, stops, a.verify.DivergentBytes, a.program)
	}
	fmt.Fprintf(w, "kmv: %s: %d processes live, %d began, %d system calls, %d bytes compared, %d differ, %d kinds of gaps\n", time.Since(e.start).Round(time.Millisecond),
		len(live), len(e.accounts)+e.unlisted, e.syscallStats().Total, e.verify.BytesCompared, e.verify.DivergentBytes, len(e.unseen))
}

// mirrored is how much of the address space has a copy.
func (p *process) mirrored() (bytes uint64) {
	for _, m := range p.space.All() {
		if m.Compared() {
			bytes += m.Len()
		}
	}
	return bytes
}
