package ui

import (
	"context"
	"flag"
	"os"
	"path/filepath"
	"testing"

	"kmv/engine"
	"kmv/engine/view"
	"kmv/sessions"
	"kmv/testdata/demo"
)

var update = flag.Bool("update", false, "write the golden frames anew")
var rerecord = flag.Bool("rerecord", false, "record testdata/ledger.kmv anew (then -update)")

// TestRecordLedger makes the recording that the golden frames show: a real run of the demo's program.
func TestRecordLedger(t *testing.T) {
	if !*rerecord {
		t.Skip("-rerecord makes the recording anew")
	}
	dir := "/tmp/kmv-ledger"
	os.MkdirAll(dir+"/src", 0o755)
	os.WriteFile(dir+"/ledger", demo.Program, 0o755)
	os.WriteFile(dir+"/src/ledger.c", demo.Source, 0o644)
	t.Chdir(dir)
	run, err := engine.Start(context.Background(), engine.Options{Path: dir + "/ledger", Argv: []string{"ledger"}, Env: []string{"A=b"}, Watched: true, Paused: true, Terminal: &engine.Terminal{Columns: 80, Rows: 24}})
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "ledger.kmv")
	out, err := sessions.Create(file)
	if err != nil {
		t.Fatal(err)
	}
	r, err := sessions.NewRecorder(out, run, sessions.Options{Version: "golden"})
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
	q := view.Query{Code: &view.CodeQuery{Before: 60, After: 130}, Memory: []view.MemoryQuery{{Text: "$rsp", Size: 1024}, {Addr: 0x403000, Size: 4096}}, Registers: true, Vectors: true,
		Stack: true, Threads: true, Ranges: true, Breaks: true, Gaps: true, Failures: true, Blocks: true}
	<-stops
	r.Look(t.Context(), q)
	for _, c := range []view.Command{
		{Op: view.Count, On: true},
		{Op: view.Break, Text: "*enter"}, {Op: view.Watch, Addr: 0x404000, Size: 8},
		{Op: view.Continue}, {Op: view.StepInst}, {Op: view.ToStore}, {Op: view.Next}, {Op: view.Continue},
		{Op: view.Write, Half: view.Backup, Addr: 0x403ac8, Data: []byte{0xde, 0xad}}, {Op: view.Verify},
		{Op: view.Delete}, {Op: view.Inject, Text: "page@sym:accounts,half=native,seed=1"},
		{Op: view.Break, Text: "*tell", Temporary: true}, {Op: view.Continue},
		{Op: view.Break, Text: "*enter"}, {Op: view.Continue},
	} {
		if _, err := r.Do(t.Context(), c); err != nil {
			t.Errorf("%s: %v", c.Op, err)
		} else if resuming[c.Op] {
			<-stops
		}
		r.Look(t.Context(), q)
	}
	r.Do(t.Context(), view.Command{Op: view.Kill})
	for range stops {
	}
	r.Close()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d bytes", len(data))
	here := os.Getenv("KMV_UI_TESTDATA")
	if err := os.WriteFile(here+"/ledger.kmv", data, 0o644); err != nil {
		t.Fatal(err)
	}
}
