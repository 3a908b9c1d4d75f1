package programs

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"kmv/engine"
)

// TestFollow leaves programs out of the translation; the output is the same, and the report names them.
func TestFollow(t *testing.T) {
	const script = "trap '' USR1; /bin/echo a; (echo b | /bin/cat); kill -USR1 $$; exec /bin/sh -c 'kill -USR1 $$; /bin/echo c; exit 7'"
	for _, row := range []struct{ follow, native string }{
		{"all", ""},
		{"none", "dash echo cat"},
		{"*/echo", "dash cat"},
		{"dash", "echo cat"},
	} {
		t.Run(row.follow, func(t *testing.T) {
			t.Parallel()
			file := filepath.Join(t.TempDir(), "report.json")
			cmd := exec.Command(kmvBinary, "run", "--follow", row.follow, "--verify", "--report", file, "--", "/bin/sh", "-c", script)
			if out, err := cmd.CombinedOutput(); cmd.ProcessState.ExitCode() != 7 || string(out) != "a\nb\nc\n" {
				t.Fatalf("%v, %q", err, out)
			}
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			var r engine.Report
			if err := json.Unmarshal(data, &r); err != nil {
				t.Fatal(err)
			}
			native := map[string]bool{}
			for _, g := range r.Gaps {
				path, _, _ := strings.Cut(g.Name, " ")
				native[filepath.Base(path)] = true
			}
			for _, name := range []string{"dash", "echo", "cat"} {
				if native[name] != strings.Contains(row.native, name) {
					t.Errorf("%s ran natively: %v; %v", name, native[name], r.Gaps)
				}
			}
			if *r.Exit.Code != 7 || r.Verify.DivergentBytes != 0 {
				t.Errorf("%s", data)
			}
		})
	}
}

// TestFollowFiltered lets a program go that was executed under seccomp filters: it has them natively.
func TestFollowFiltered(t *testing.T) {
	require(t, need{"gcc", "gcc"})
	t.Parallel()
	g := readGuest(t, guestDir+"/processes/exec_filtered.c")
	cmd := exec.Command(kmvBinary, "run", "--follow", "none", "--", g.build(t), "sh", "-c", "mkdir x; rmdir x; grep Seccomp: /proc/self/status")
	cmd.Dir = t.TempDir()
	out, err := cmd.CombinedOutput()
	if said := string(out); err != nil || strings.Count(said, "No space left on device") != 2 || !strings.Contains(said, "Seccomp:\t2") {
		t.Errorf("%v, %s", err, said)
	}
}
