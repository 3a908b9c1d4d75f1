package programs

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// TestCoreFile lets a program dump core under kmv: it holds the program, not its copy nor the terabytes of the jump map, and gdb reads it.
func TestCoreFile(t *testing.T) {
	require(t, need{"gdb", "gdb"}, need{"gcc", "gcc"})
	if pattern, _ := os.ReadFile("/proc/sys/kernel/core_pattern"); strings.TrimSpace(string(pattern)) != "core" {
		t.Skip("core files go elsewhere here")
	}
	var lim unix.Rlimit
	if unix.Getrlimit(unix.RLIMIT_CORE, &lim) != nil || lim.Max != unix.RLIM_INFINITY {
		t.Skip("core files are limited here")
	}
	dir := t.TempDir()
	source, binary := filepath.Join(dir, "crash.c"), filepath.Join(dir, "crash")
	code := "int *nowhere, filled[8 << 20];\nvoid deep(int n) { if (n) deep(n - 1); else *nowhere = n; __asm__ volatile(\"\"); }\nint main(void) { for (int i = 0; i < 8 << 20; i++) filled[i] = i | 1; deep(3); return 0; }\n"
	if err := os.WriteFile(source, []byte(code), 0o644); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("gcc", "-g", "-O0", "-o", binary, source).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	cmd := exec.Command("/bin/sh", "-c", "ulimit -c unlimited; exec "+kmvBinary+" run -- ./crash")
	cmd.Dir = dir
	if err := cmd.Run(); err == nil || !strings.HasPrefix(err.Error(), "signal: segmentation fault") {
		t.Fatalf("%v", err)
	}
	cores, _ := filepath.Glob(filepath.Join(dir, "core*"))
	if len(cores) != 1 {
		t.Fatalf("core files: %v", cores)
	}
	info, err := os.Stat(cores[0])
	if err != nil {
		t.Fatal(err)
	}
	if used := info.Sys().(*syscall.Stat_t).Blocks * 512; used < 32<<20 || used > 60<<20 || info.Size() > 1<<30 {
		t.Errorf("the core file has %d bytes, %d on the disk", info.Size(), used)
	}
	out, err := exec.Command("gdb", "-nx", "--batch", "-ex", "bt", binary, cores[0]).CombinedOutput()
	if err != nil || !strings.Contains(string(out), "in deep (n=3)") || !strings.Contains(string(out), "main () at") {
		t.Errorf("gdb: %v\n%s", err, out)
	}
}
