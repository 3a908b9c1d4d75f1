package sessions

import (
	"bytes"
	"encoding/xml"
	"flag"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"kmv/engine/view"
)

var update = flag.Bool("update", false, "write the golden files")

// story is a recording made by hand: a run with an error that heals, gaps, stops, hostile names, and something left out.
func story() *Recording {
	counters := func(i int) *view.Counters {
		return &view.Counters{Stores: uint64(i * i * 1000), Counting: true, Syscalls: uint64(40 * i), Stops: 900, Blocks: 1200, BytesMirrored: 900 << 10,
			BytesWritable: 1000 << 10, BytesResident: 300 << 10, Gaps: 1, Injected: i / 3, Detected: i / 3, Recovered: i / 4}
	}
	r := &Recording{Path: "story.kmv", Size: 4321, Frames: 7, Ended: true, Header: &Header{
		Format: 1, Version: "0.1.0", Program: "/usr/bin/demo", Argv: []string{"demo", "<script>alert(1)</script>", "\x1b[31mred"}, BuildID: "c0ffee",
		Kernel: "Linux 6.18.0", CPU: "A Processor", Policy: []string{"all", "stack=fenced"}, Seeds: []uint64{42}, Offset: 1<<46 + 1<<27,
		Start: time.Date(2026, 11, 22, 20, 0, 0, 0, time.UTC),
	}}
	add := func(l *Line) { l.N = uint64(len(r.Lines) + 1); r.Lines = append(r.Lines, l) }
	event := func(e view.Event) { add(&Line{Event: &e}) }
	add(&Line{Header: r.Header})
	event(view.Event{Seq: 1, Kind: view.EventStart, Pid: 9, Text: "/usr/bin/demo"})
	add(&Line{Key: true})
	add(&Line{Code: &Code{9, []view.CodeLine{{Addr: 0x401136, Bytes: []byte{0xc3}, Text: "ret", Symbol: "note+4"}}}})
	failure := view.Failure{ID: 1, What: "flip", Mechanism: "write", Seed: 42, Bits: 1, Before: []byte{1, 2}, Broken: []byte{1, 6}, After: []byte{1, 2}}
	for i := range 8 {
		t := float64(i)
		p := &Pull{Why: PullSecond, Seq: 1, Time: t, State: view.Running, Pid: 9, Thread: 9, Counters: counters(i)}
		switch i {
		case 0:
			p.Ranges = &RangeDelta{Set: []view.Range{{Start: 0x10000, End: 0x20000, Kind: "heap", Prot: "rw-", State: "mirrored", Resident: 4096},
				{Start: 0x30000, End: 0x31000, Kind: "shared", Name: "/dev/shm/<b>", Prot: "rw-", State: "unprotected", Why: "other processes write it"}}}
		case 3:
			event(view.Event{Seq: 2, Time: 2.5, Kind: view.EventInjected, Pid: 9, Addr: 0x10008, Half: view.Native, Range: "heap", Failure: &failure})
		case 4:
			healed := failure
			healed.How, healed.Latency = "scrub, checksum", 12.5
			event(view.Event{Seq: 3, Time: 3.25, Kind: view.EventDetected, Pid: 9, Addr: 0x10008, Half: view.Native, Range: "heap", Failure: &healed})
			event(view.Event{Seq: 4, Time: 3.26, Kind: view.EventRecovered, Pid: 9, Addr: 0x10008, Half: view.Native, Range: "heap", Failure: &healed})
			p.Gaps = []view.Gap{{Kind: "syscall", Where: "0x401200", Name: "vmsplice", Count: 3}}
		case 5:
			event(view.Event{Seq: 5, Time: 4.5, Kind: view.EventStop, Pid: 9, Thread: 9, Text: "breakpoint 1"})
			p = &Pull{Why: PullStop, Seq: 5, Time: 4.5, State: view.Paused, Reason: "breakpoint 1", Pid: 9, Thread: 9, Counters: counters(5),
				Registers: []RegisterDelta{{Thread: 9, Full: true, Names: []string{"rip"}, Values: []uint64{0x401136}}}}
		case 6:
			event(view.Event{Seq: 6, Time: 5.5, Kind: view.EventResume})
			event(view.Event{Seq: 7, Time: 5.6, Kind: view.EventOutput, Data: []byte("hello\n")})
			add(&Line{Dropped: &Dropped{Time: 5.7, Pulls: 2, Output: 77, Why: "disk"}})
		}
		add(&Line{Pull: p})
	}
	event(view.Event{Seq: 8, Time: 7.5, Kind: view.EventExit, Pid: 9, Value: 3 << 8})
	add(&Line{End: &End{Time: 7.5, Reason: "the run ended"}})
	return r
}

// golden compares with a file in testdata.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s differs; go test ./sessions -update, and look at the difference. Now:\n%s", file, got)
	}
}

func TestShow(t *testing.T) {
	var b bytes.Buffer
	Show(&b, story(), true)
	golden(t, "show.txt", b.Bytes())
	b.Reset()
	r := story()
	r.Ended, r.Damage = false, []Damage{{Offset: 4000, Length: 321, Before: 20, Cut: true, Err: errCut}}
	if Verify(&b, r) {
		t.Error("a file that is cut off is not whole")
	}
	golden(t, "verify.txt", b.Bytes())
}

func TestHTML(t *testing.T) {
	var b bytes.Buffer
	if err := WriteHTML(&b, story()); err != nil {
		t.Fatal(err)
	}
	golden(t, "page.html", b.Bytes())
	for _, bad := range []string{"<script", "http://", "https://", "src=", "url(", "@import", "ZgotmplZ", "\x1b"} {
		if strings.Contains(b.String(), bad) {
			t.Errorf("the page has %q in it", bad)
		}
	}
	for _, want := range []string{"prefers-color-scheme: dark", "&lt;script&gt;", "<polyline", `class="recovered"`, "vmsplice", "unprotected"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("the page has no %q", want)
		}
	}
	d := xml.NewDecoder(&b)
	d.Strict, d.AutoClose, d.Entity = false, xml.HTMLAutoClose, xml.HTMLEntity
	for {
		if _, err := d.Token(); err == io.EOF {
			break
		} else if err != nil {
			t.Fatalf("the page's tags do not match: %v", err)
		}
	}
}

// TestEmptyPage: a recording with nothing in it is shown too.
func TestEmptyPage(t *testing.T) {
	r := &Recording{Path: "x.kmv", Header: &Header{Format: 1}, Lines: []*Line{{N: 1, Header: &Header{Format: 1}}}}
	var b bytes.Buffer
	if err := WriteHTML(&b, r); err != nil || strings.Contains(b.String(), "NaN") {
		t.Errorf("%v\n%s", err, b.String())
	}
	Show(&b, r, false)
	p := Play(r)
	defer p.Close()
	if s, err := p.Look(t.Context(), view.Query{}); err != nil || s.State != view.Ended || s.Stops != 1 {
		t.Errorf("%+v, %v", s, err)
	}
}

// TestTicks: axes have a few round numbers within them.
func TestTicks(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for range 1000 {
		low := float64(rng.IntN(100)) / 7
		high := low + rng.ExpFloat64()*1000
		v := ticks(low, high, 6)
		if len(v) > 7 || len(v) < 1 && high > low {
			t.Fatalf("%v to %v: %v", low, high, v)
		}
		for _, x := range v {
			if x < low-1e-6*high || x > high*(1+1e-6) {
				t.Fatalf("%v to %v: %v", low, high, v)
			}
		}
	}
}
