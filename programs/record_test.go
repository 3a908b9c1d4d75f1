package programs

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"kmv/sessions"
)

// TestRecordKilled kills kmv while it records: what was on the disk is read, and not older than it may be.
func TestRecordKilled(t *testing.T) {
	require(t, need{"/usr/bin/python3", "python3"})
	file := filepath.Join(t.TempDir(), "r.kmv")
	kmv := exec.Command(kmvBinary, "run", "--record", file, "--", "/usr/bin/python3", "-c", "while True: pass")
	if err := kmv.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { kmv.Process.Kill(); kmv.Wait() }()
	var before *sessions.Recording
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(50 * time.Millisecond) { // a few frames, while it goes on
		if r, err := sessions.Read(file); err == nil && r.Frames >= 4 {
			before = r
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("no four frames in a minute")
		}
	}
	if err := kmv.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	kmv.Wait()
	r, err := sessions.Read(file)
	if err != nil {
		t.Fatal(err)
	}
	if r.Ended || len(r.Lines) < len(before.Lines) || len(r.Damage) > 1 || len(r.Damage) == 1 && !r.Damage[0].Cut {
		t.Errorf("ended %v, %d lines, %d before, damage %v", r.Ended, len(r.Lines), len(before.Lines), r.Damage)
	}
	if s := sessions.Summarize(r); s.Moments < 2 || s.Counters.BytesMirrored == 0 || !strings.Contains(s.Header.Program, "python3") {
		t.Errorf("%d moments, %+v of %s", s.Moments, s.Counters, s.Header.Program)
	}
}

// TestRecordFullDisk fills the disk: kmv says so once, the program's output and status are its own, the file is whole.
func TestRecordFullDisk(t *testing.T) {
	dir := t.TempDir()
	if err := unix.Mount("tmpfs", dir, "tmpfs", 0, "size=8k"); err != nil {
		t.Skipf("mount a small tmpfs: %v (needs root)", err)
	}
	defer unix.Unmount(dir, 0)
	file := filepath.Join(dir, "r.kmv")
	kmv := exec.Command(kmvBinary, "run", "--record", file, "--", "/bin/sh", "-c", "i=0; while [ $i -lt 150 ]; do /bin/true; i=$((i+1)); done; echo done; exit 4")
	var out, errs bytes.Buffer
	kmv.Stdout, kmv.Stderr = &out, &errs
	err := kmv.Run()
	if kmv.ProcessState.ExitCode() != 4 || out.String() != "done\n" {
		t.Errorf("%v, output %q", err, out.String())
	}
	if n := strings.Count(errs.String(), "no space left on device"); n != 1 || !strings.Contains(errs.String(), "kmv sessions show "+file) {
		t.Errorf("said %q", errs.String())
	}
	r, err := sessions.Read(file)
	if err != nil || len(r.Damage) > 0 || r.Ended || len(r.Lines) < 2 {
		t.Fatalf("%+v, %v", r, err)
	}
}

// TestTwoRecordings records two runs at once, each complete, with the programs' own output.
func TestTwoRecordings(t *testing.T) {
	require(t, need{"sqlite3", "sqlite3"})
	dir := t.TempDir()
	type result struct {
		out string
		err error
	}
	results := make(chan result)
	for i := range 2 {
		go func() {
			b, err := exec.Command(kmvBinary, "run", "--record", fmt.Sprintf("%s/%d.kmv", dir, i), "--", "sqlite3", ":memory:",
				"with recursive c(x) as (select 1 union all select x+1 from c where x<100000) select sum(x) from c;").CombinedOutput()
			results <- result{string(b), err}
		}()
	}
	for range 2 {
		if r := <-results; r.err != nil || r.out != "5000050000\n" {
			t.Errorf("%q, %v", r.out, r.err)
		}
	}
	for i := range 2 {
		r, err := sessions.Read(fmt.Sprintf("%s/%d.kmv", dir, i))
		if err != nil || !r.Ended || len(r.Damage) > 0 || sessions.Summarize(r).Program != "exited with 0" {
			t.Errorf("%d: %+v, %v", i, r, err)
		}
		if info, err := os.Stat(r.Path); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("mode %v, %v", info.Mode(), err)
		}
	}
}
