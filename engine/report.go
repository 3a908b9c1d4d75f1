package engine

import (
	"os"
	"strconv"
	"time"

	"kmv/engine/view"
	"kmv/shadowmem"
)

// Report is what a run did, as `kmv run --report` prints it. Field names are an interface: scripts read them.
type Report struct {
	Version     string           `json:"version"`
	Program     string           `json:"program"`
	Argv        []string         `json:"argv"`
	Exit        Exit             `json:"exit"`
	WallSeconds float64          `json:"wall_s"`
	Mirror      MirrorReport     `json:"mirror"`
	Translation TranslationStats `json:"translation"`
	Syscalls    SyscallStats     `json:"syscalls"`
	Verify      VerifyStats      `json:"verify"`
	Gaps        []Gap            `json:"gaps"`
	Failures    Failures         `json:"failures"`
	Scrub       ScrubStats       `json:"scrub"`
	Placement   Placement        `json:"placement"`
	Threads     int              `json:"threads"` // threads ever started, the first one included
	Processes   []ProcessReport  `json:"processes"`
	Unlisted    int              `json:"processes_unlisted,omitempty"` // more than a report lists: they are in the totals
}

// Exit is how the program ended: a code, or the signal that killed it.
type Exit struct {
	Code   *int   `json:"code,omitempty"`
	Signal int    `json:"signal,omitempty"`
	Name   string `json:"signal_name,omitempty"`
	Core   bool   `json:"core,omitempty"` // the kernel's "core dumped" flag
}

// MirrorReport describes the two halves as they were at the end.
type MirrorReport struct {
	Offset        uint64        `json:"offset"`
	Ranges        []RangeReport `json:"ranges"`
	BytesMirrored uint64        `json:"bytes_mirrored"` // address space that has a copy
	BytesResident uint64        `json:"bytes_resident"` // of the copies, in physical memory
}

// RangeReport is one mapping of the program.
type RangeReport struct {
	Start uint64 `json:"start"`
	End   uint64 `json:"end"`
	Kind  string `json:"kind"`
	Name  string `json:"name,omitempty"`
	State string `json:"state"`
}

// TranslationStats counts what the translator did. Counts of instructions and stores are of code, not of executions.
type TranslationStats struct {
	Blocks             int            `json:"blocks"`
	LoadedBlocks       int            `json:"loaded_blocks"` // of them, translated by an earlier run or in another address space
	NativeInstructions int            `json:"native_instructions"`
	NativeBytes        int            `json:"native_bytes"`
	CacheBytes         int            `json:"cache_bytes"`
	Stores             int            `json:"stores"`
	StoresMirrored     int            `json:"stores_mirrored"`
	Misses             int            `json:"misses"`
	Stops              map[string]int `json:"stops"` // ptrace stops by reason
	Seconds            float64        `json:"seconds"`
}

// SyscallStats counts system calls. Those in the target are counted there, by thread, and so known when a thread ends.
type SyscallStats struct {
	Total         uint64 `json:"total"`
	InTarget      uint64 `json:"in_target"`
	Stopped       uint64 `json:"stopped"`
	BytesMirrored uint64 `json:"bytes_mirrored"`
}

// addThread takes in what a thread counted in its block.
func (s *SyscallStats) addThread(t *thread) {
	n := t.slotAt(slotCalls)
	s.Total += n
	s.InTarget += n
	s.BytesMirrored += t.slotAt(slotBytes)
}

// syscallStats is the state of the counts, with those of the threads that live.
func (e *engine) syscallStats() SyscallStats {
	s := e.sys
	for _, t := range e.threads {
		if t.p != nil {
			s.addThread(t)
		}
	}
	return s
}

// VerifyStats is the result of all verifications of a run.
type VerifyStats struct {
	Runs           int         `json:"runs"`
	BytesCompared  uint64      `json:"bytes_compared"`
	PagesCompared  uint64      `json:"pages_compared"`
	DivergentBytes uint64      `json:"divergent_bytes"`
	Divergent      []Divergent `json:"divergent"`
}

// Divergent is a range whose halves differ.
type Divergent struct {
	Start uint64 `json:"start"`
	End   uint64 `json:"end"`
	Range string `json:"range"`
	Cause string `json:"cause"`
}

// Gap is something that is not as natively: a write, or a source of writes, that is not mirrored, or what the program was refused.
type Gap struct {
	Kind  string `json:"kind"`  // instruction, syscall, mapping, process, ...
	Where string `json:"where"` // address and symbol, or the range
	Name  string `json:"name"`
	Count int    `json:"count"`

	Unmirrored bool `json:"unmirrored"` // memory may have been written without its copy
}

// seconds rounds a duration to what a report can honestly say.
func seconds(d time.Duration) float64 { return d.Round(time.Microsecond).Seconds() }

// Version of kmv, as the report gives it.
const Version = "0.1.0"

// totals sums what the processes of a run did.
type totals struct {
	TranslationStats
	ranges []RangeReport
}

// add takes in what ended with a process's address space.
func (s *totals) add(p *process) {
	if p.code == nil {
		return
	}
	if p.code.users == 1 {
		c := p.code.stats
		s.Blocks += p.code.index.len()
		s.LoadedBlocks += c.LoadedBlocks
		s.NativeInstructions += c.NativeInstructions
		s.NativeBytes += c.NativeBytes
		s.CacheBytes += int(p.code.pos)
		s.Stores += c.Stores
		s.StoresMirrored += c.StoresMirrored
		s.Misses += c.Misses
		s.Seconds += c.Seconds
	}
}

// report is the whole of a run that has ended.
func (e *engine) report(wall time.Duration) *Report {
	r := &Report{
		Version: Version, Program: e.opts.Path, Argv: e.opts.Argv, WallSeconds: seconds(wall),
		Mirror: e.lastMirror, Translation: e.total.TranslationStats, Syscalls: e.syscallStats(), Verify: e.verify,
		Gaps: e.gapList(e.gaps), Threads: e.started, Failures: e.failures, Exit: exitOf(e.rootEnd),
		Processes: e.processReports(), Unlisted: e.unlisted,
		Scrub: e.scrubStats, Placement: e.placement,
	}
	if r.Failures.Events == nil {
		r.Failures.Events = []view.Event{}
	}
	r.Mirror.Offset = e.layout.Offset
	if r.Mirror.Ranges == nil {
		r.Mirror.Ranges = []RangeReport{}
	}
	if r.Verify.Divergent == nil {
		r.Verify.Divergent = []Divergent{}
	}
	r.Translation.Stops = e.stops
	return r
}

// noteRanges describes the address space of the program itself while it still exists.
func (e *engine) noteRanges(t *thread) error {
	r := MirrorReport{Ranges: []RangeReport{}}
	pagemap, err := os.Open("/proc/" + strconv.Itoa(t.tid) + "/pagemap")
	if err != nil {
		return err
	}
	defer pagemap.Close()
	for _, m := range t.p.space.All() {
		r.Ranges = append(r.Ranges, RangeReport{uint64(m.Start), uint64(m.End), m.Kind.String(), m.Name, m.State.String()})
		if !m.Compared() {
			continue
		}
		r.BytesMirrored += m.Len()
		parts, err := e.touched(pagemap, m, uint64(e.layout.Mirror(m.Start)))
		if err != nil {
			return err
		}
		for _, part := range parts {
			words, err := pagemapWords(pagemap, uint64(e.layout.Mirror(part.Start)), part.Len())
			if err != nil {
				return err
			}
			native, err := pagemapWords(pagemap, uint64(part.Start), part.Len())
			if err != nil {
				return err
			}
			e.noteFrames(part, native, words)
			for _, w := range words {
				if w&shadowmem.PagePresent != 0 && w&shadowmem.PageFile == 0 {
					r.BytesResident += shadowmem.PageSize
				}
			}
		}
	}
	e.notePlacement()
	e.lastMirror = r
	return nil
}
