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

// TestRefused makes programs meet each limit: they are told as they would be where the kernel has no such thing, the report names it,
// and --strict objects only where something was written.
func TestRefused(t *testing.T) {
	require(t, need{"gcc", "gcc"})
	t.Parallel()
	binary := filepath.Join(t.TempDir(), "refused")
	if out, err := exec.Command("gcc", "-w", "-O1", "-I", guestDir, "-o", binary, "../testdata/programs/limits/refused.c").CombinedOutput(); err != nil {
		t.Fatalf("%v, %s", err, out)
	}
	for _, row := range []struct {
		what, told, named string
		written           bool
	}{
		{"io_uring", "ENOSYS", "io_uring", false},
		{"aio", "ENOSYS", "asynchronous I/O", false},
		{"userfaultfd", "ENOSYS", "userfaultfd", false},
		{"ptrace", "EPERM", "traces others", false},
		{"listener", "EINVAL", "a filter with a listener", false},
		{"gs", "EPERM", "GS base", false},
		{"dispatch", "EINVAL", "sent to a handler", false},
		{"int80", "SIGSEGV", "32-bit system calls", false},
		{"far", "ENOMEM", "0x700000000000", false},
		{"ring", "done", "anon_inode:[perf_event] device memory or a ring", true},
		{"device", "ENOTTY", "a userfaultfd", false},
	} {
		t.Run(row.what, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "report.json")
			cmd := exec.Command(kmvBinary, "run", "--strict", "--verify", "--report", file, "--", binary, row.what)
			out, _ := cmd.Output()
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			var r engine.Report
			if err := json.Unmarshal(data, &r); err != nil {
				t.Fatal(err)
			}
			if string(out) != row.told+"\n" || len(r.Gaps) != 1 || !strings.Contains(r.Gaps[0].Name, row.named) || r.Gaps[0].Unmirrored != row.written {
				t.Errorf("told %q, want %s; gaps %+v", out, row.told, r.Gaps)
			}
			want := 0
			if row.written {
				want = 120
			}
			if got := cmd.ProcessState.ExitCode(); got != want {
				t.Errorf("exit status %d, want %d", got, want)
			}
		})
	}
}
