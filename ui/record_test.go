package ui

import (
	"context"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"kmv/engine"
	"kmv/engine/view"
	errors "kmv/inject"
	"kmv/sessions"
	"kmv/testdata/demo"
)

var update = flag.Bool("update", false, "write the golden frames anew")
var rerecord = flag.Bool("rerecord", false, "make the recordings in testdata anew (then -update)")

// TestRecord makes the recordings that the golden frames show: real runs of the demo's program, and of a C++ program with
// threads, libraries and a child.
func TestRecord(t *testing.T) {
	if !*rerecord {
		t.Skip("-rerecord makes the recordings anew")
	}
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	dir := "/tmp/kmv-ledger"
	os.MkdirAll(dir+"/src", 0o755)
	os.WriteFile(dir+"/ledger", demo.Program, 0o755)
	os.WriteFile(dir+"/src/ledger.c", demo.Source, 0o644)
	os.WriteFile(dir+"/threads.cc", []byte(read(t, "testdata/threads.cc")), 0o644)
	if out, err := exec.Command("g++", "-g", "-O0", "-pthread", "-o", dir+"/threads", dir+"/threads.cc").CombinedOutput(); err != nil {
		t.Fatalf("%v %s", err, out)
	}
	t.Chdir(dir)
	record(t, dir+"/ledger", here+"/testdata/ledger.kmv", view.MemoryQuery{Addr: 0x403000, Size: 4096}, []view.Command{
		{Op: view.Count, On: true},
		{Op: view.Break, Text: "*enter"}, {Op: view.Watch, Addr: 0x402000, Size: 8},
		{Op: view.Continue}, {Op: view.StepInst}, {Op: view.ToStore}, {Op: view.Next}, {Op: view.Continue},
		{Op: view.Write, Half: view.Backup, Addr: 0x403ac8, Data: []byte{0xde, 0xad}}, {Op: view.Verify},
		{Op: view.Next}, {Op: view.Write, Half: view.Backup, Addr: 0x403ac8, Data: []byte{0x4a, 0}},
		{Op: view.Delete}, {Op: view.Inject, Text: "page@sym:accounts,half=native,seed=1"},
		{Op: view.Break, Text: "*tell", Temporary: true}, {Op: view.Continue},
		{Op: view.Break, Text: "*enter"}, {Op: view.Continue},
	})
	record(t, dir+"/threads", here+"/testdata/threads.kmv", view.MemoryQuery{Text: "&accounts", Size: 384}, []view.Command{
		{Op: view.Break, Text: "deposit"}, {Op: view.Watch, Text: "counter", If: "counter == 3"},
		{Op: view.Continue}, {Op: view.Next}, {Op: view.Count, On: true}, {Op: view.Finish}, {Op: view.Step},
		{Op: view.Delete, ID: 1}, {Op: view.Continue}, {Op: view.Mirror, Text: "heap"},
		{Op: view.Inject, Text: "flip:2@sym:accounts,half=mirror,seed=1"}, {Op: view.Block}, {Op: view.Verify},
		{Op: view.Break, Text: "std::mutex::lock"}, {Op: view.Continue},
	})
}

// record steers a run through commands and keeps it in a file.
func record(t *testing.T, program, into string, memory view.MemoryQuery, commands []view.Command) {
	t.Helper()
	run, err := engine.Start(context.Background(), engine.Options{Path: program, Argv: []string{filepath.Base(program)}, Env: []string{"A=b"}, Watched: true, Paused: true, Terminal: &engine.Terminal{Columns: 80, Rows: 24}})
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "run.kmv")
	out, err := sessions.Create(file)
	if err != nil {
		t.Fatal(err)
	}
	r, err := sessions.NewRecorder(out, errors.Run{Live: run}, sessions.Options{Version: "golden"})
	if err != nil {
		t.Fatal(err)
	}
	stops := make(chan view.Event, 100)
	go func() {
		for e := range r.Events() {
			if e.Kind == view.EventStop {
				stops <- e
			}
		}
		close(stops)
	}()
	q := view.Query{Code: &view.CodeQuery{Before: 60, After: 130}, Memory: []view.MemoryQuery{{Text: "$rsp", Size: 1024}, memory}, Registers: true, Vectors: true,
		Stack: true, Threads: true, Ranges: true, Breaks: true, Gaps: true, Failures: true, Blocks: true}
	<-stops
	for _, c := range commands {
		r.Look(t.Context(), q)
		time.Sleep(3 * time.Second) // as a person would: the recorder may spend a twentieth of the time
		if _, err := r.Do(t.Context(), c); err != nil {
			t.Errorf("%s: %v", c.Op, err)
		} else if resuming[c.Op] {
			<-stops
		}
	}
	r.Look(t.Context(), q)
	r.Do(t.Context(), view.Command{Op: view.Kill})
	for range stops {
	}
	r.Close()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d bytes", len(data))
	if err := os.WriteFile(into, data, 0o644); err != nil {
		t.Fatal(err)
	}
}
