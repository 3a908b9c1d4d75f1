package control

import (
	"errors"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

func TestListen(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	l, err := Listen(path)
	if err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v %v", info.Mode(), err)
	}
	if _, err := Listen(path); err == nil || !strings.Contains(err.Error(), "another run listens there") {
		t.Errorf("a socket in use: %v", err)
	}
	l.SetUnlinkOnClose(false) // as when kmv was killed
	l.Close()
	if l, err = Listen(path); err != nil {
		t.Fatalf("a socket that was left behind: %v", err)
	}
	l.Close()
	if err := os.WriteFile(path, []byte("precious"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Listen(path); err == nil || !strings.Contains(err.Error(), "not a socket") {
		t.Errorf("a file in the way: %v", err)
	}
	if b, _ := os.ReadFile(path); string(b) != "precious" {
		t.Error("the file was overwritten")
	}
	if _, err := Listen("/tmp/" + strings.Repeat("x", 120)); err == nil || !strings.Contains(err.Error(), "107 bytes") {
		t.Errorf("a long path: %v", err)
	}
}

func TestDirIsPrivate(t *testing.T) {
	runtime := t.TempDir()
	t.Setenv("XDG_RUNTIME_DIR", runtime)
	dir, err := Dir()
	if err != nil || dir != filepath.Join(runtime, "kmv") {
		t.Fatal(dir, err)
	}
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if _, err := Dir(); err == nil || !strings.Contains(err.Error(), "yours alone") {
		t.Errorf("a directory that others can read: %v", err)
	}
	if err := os.Remove(dir); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("/tmp", dir); err != nil {
		t.Fatal(err)
	}
	if _, err := Dir(); err == nil {
		t.Error("a link to elsewhere was taken")
	}
	t.Setenv("XDG_RUNTIME_DIR", "")
	if dir, err := Dir(); err != nil || dir != "/tmp/kmv-"+strconv.Itoa(os.Getuid()) {
		t.Error(dir, err)
	}
}

func TestRunning(t *testing.T) {
	t.Setenv("XDG_RUNTIME_DIR", t.TempDir())
	path, err := Path("auto")
	if err != nil {
		t.Fatal(err)
	}
	l, err := Listen(path)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	gone := exec.Command("true")
	if err := gone.Run(); err != nil {
		t.Fatal(err)
	}
	stale := leave(t, filepath.Dir(path), gone.ProcessState.Pid())
	reused := leave(t, filepath.Dir(path), 1) // another process has the number now
	if pids := Running(); !slices.Equal(pids, []int{os.Getpid()}) {
		t.Errorf("running %v, want %d", pids, os.Getpid())
	}
	if _, err := os.Lstat(stale); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the socket of a process that is gone: %v", err)
	}
	if _, err := os.Lstat(reused); err != nil {
		t.Errorf("a socket that may be about to open: %v", err)
	}
	if p, err := Path(strconv.Itoa(os.Getpid())); err != nil || p != path {
		t.Errorf("path by process id: %s %v", p, err)
	}
	if _, err := Dial("1"); err == nil || !strings.Contains(err.Error(), "now: "+strconv.Itoa(os.Getpid())) {
		t.Errorf("dialling a run that is gone: %v", err)
	}
}

// leave makes a socket that nobody listens at.
func leave(t *testing.T, dir string, pid int) string {
	t.Helper()
	path := socketOf(dir, pid)
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	l.SetUnlinkOnClose(false)
	l.Close()
	return path
}
