package engine

import "time"

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
	Threads     int              `json:"threads"` // threads ever started, the first one included
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
	NativeInstructions int            `json:"native_instructions"`
	NativeBytes        int            `json:"native_bytes"`
	CacheBytes         int            `json:"cache_bytes"`
	Stores             int            `json:"stores"`
	StoresMirrored     int            `json:"stores_mirrored"`
	Misses             int            `json:"misses"`
	Stops              map[string]int `json:"stops"` // ptrace stops by reason
	Seconds            float64        `json:"seconds"`
}

// SyscallStats counts system calls. In-target ones are counted only while statistics are on.
type SyscallStats struct {
	Total         uint64 `json:"total"`
	InTarget      uint64 `json:"in_target"`
	Stopped       uint64 `json:"stopped"`
	BytesMirrored uint64 `json:"bytes_mirrored"`
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

// Gap is a write, or a source of writes, that is not mirrored.
type Gap struct {
	Kind  string `json:"kind"`  // instruction, syscall, mapping, process, ...
	Where string `json:"where"` // address and symbol, or the range
	Name  string `json:"name"`
	Count int    `json:"count"`
}

// seconds rounds a duration to what a report can honestly say.
func seconds(d time.Duration) float64 { return d.Round(time.Microsecond).Seconds() }
