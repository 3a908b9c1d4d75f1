package programs

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestOtherUser runs kmv without privilege: what the kernel keeps from others there, kmv must do without.
func TestOtherUser(t *testing.T) {
	require(t, need{"gcc", "gcc"})
	if os.Geteuid() != 0 {
		t.Skip("only root can be another user")
	}
	t.Parallel()
	dir, err := os.MkdirTemp("", "kmv-user-")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	g := readGuest(t, guestDir+"/processes/dumpable.c")
	for name, from := range map[string]string{"kmv": kmvBinary, "dumpable": g.build(t), "unreadable": "/bin/true"} {
		if out, err := exec.Command("cp", from, filepath.Join(dir, name)).CombinedOutput(); err != nil {
			t.Fatalf("%v, %s", err, out)
		}
	}
	for name, mode := range map[string]os.FileMode{".": 0o755, "kmv": 0o755, "dumpable": 0o755, "unreadable": 0o711} {
		if err := os.Chmod(filepath.Join(dir, name), mode); err != nil {
			t.Fatal(err)
		}
	}
	run := func(args ...string) (out, errs string) {
		var said strings.Builder
		cmd := exec.Command(filepath.Join(dir, "kmv"), append([]string{"run", "--cache", "off", "--verify", "--stats", "--"}, args...)...)
		cmd.Dir, cmd.Stderr = dir, &said
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
		b, err := cmd.Output()
		if err != nil {
			t.Errorf("%v: %v, %s", args, err, &said)
		}
		return string(b), said.String()
	}
	if out, errs := run("./dumpable"); !strings.HasSuffix(out, "at last 1\n") || strings.Contains(errs, "DIFFER") || strings.Contains(errs, "gap") {
		t.Errorf("%s%s", out, errs)
	}
	if out, errs := run("sh", "-c", "./unreadable; echo $?"); out != "0\n" || !strings.Contains(errs, "gap         process an executable runs natively: kmv may not read it") {
		t.Errorf("%s%s", out, errs)
	}
}
