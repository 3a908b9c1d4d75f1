package cli

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"kmv/engine"
)

// TestRecord records a real program, and puts the file through all commands; then a piece of it.
func TestRecord(t *testing.T) {
	if _, err := exec.LookPath("sh"); err != nil {
		t.Skip(err)
	}
	dir := t.TempDir()
	file := filepath.Join(dir, "r.kmv")
	if _, status, _, errs := run(t, engine.Run, "run", "--cache", "off", "--mirror", "all", "--no-mirror", "stack", "--record", file, "sh", "-c", "exit 3"); status != 3 || errs != "" {
		t.Fatalf("status %d, %s", status, errs)
	}
	for _, c := range []struct {
		args string
		says []string
	}{
		{"sessions ls " + dir, []string{file, "complete", "sh -c exit 3"}},
		{"sessions show " + file, []string{"exited with 3", "--no-mirror stack", "complete"}},
		{"sessions verify " + file, []string{": complete; "}},
		{"sessions export --html " + file, []string{"<!doctype html>", "exited with 3", "<polyline"}},
		{"sessions export --cast " + file, []string{`{"version":2,"width":120,"height":40,`, `"o","\u001b[?25l`, "exited with 3"}},
		{"sessions export --json " + file, []string{`{"n":1,"header":{`, `"kind":"exit"`}},
	} {
		_, status, out, errs := run(t, nil, strings.Fields(c.args)...)
		for _, want := range c.says {
			if status != 0 || errs != "" || !strings.Contains(out, want) {
				t.Errorf("%s: status %d, no %q in %s%s", c.args, status, want, out, errs)
			}
		}
	}
	out := filepath.Join(dir, "r.json")
	if _, status, _, errs := run(t, nil, "sessions", "export", "--json", file, "-o", out); status != 0 || errs != "" {
		t.Errorf("%d %s", status, errs)
	}
	lines, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(lines)) {
		if !json.Valid([]byte(line)) {
			t.Errorf("not JSON: %s", line)
		}
	}
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, b[:len(b)-3], 0o600); err != nil {
		t.Fatal(err)
	}
	if _, status, out, _ := run(t, nil, "sessions", "verify", file); status != statusDamaged || !strings.Contains(out, "cut off") {
		t.Errorf("a file that is cut off: status %d, %s", status, out)
	}
	if _, status, _, errs := run(t, nil, "sessions", "export", "--json", file); status != 0 || !strings.Contains(errs, "cut off") {
		t.Errorf("export of it: status %d, %s", status, errs)
	}
}
