package programs

import (
	"os/exec"
	"strings"
	"testing"
)

// TestFewDescriptors starts more processes than kmv may have descriptors for: forks of the program fail, and nothing else.
func TestFewDescriptors(t *testing.T) {
	require(t, python)
	t.Parallel()
	const script = `import os
r, w = os.pipe()
made, refused = [], 0
for i in range(40):
    try: pid = os.fork()
    except BlockingIOError: refused += 1; continue
    if pid == 0:
        os.close(w); os.read(r, 1); os._exit(0) # an execve might be refused, too
    made.append(pid)
os.close(w)
print(len(made) > 0, refused > 0, all(os.waitpid(p, 0)[1] == 0 for p in made))
print(os.waitstatus_to_exitcode(os.system("exit 4")))`
	cmd := exec.Command("sh", "-c", `ulimit -n 40; exec "$0" run --verify --report - -- /usr/bin/python3 -c "$1"`, kmvBinary, script)
	var report strings.Builder
	cmd.Stderr = &report
	out, err := cmd.Output()
	if err != nil || string(out) != "True True True\n4\n" || !strings.Contains(report.String(), "may not have descriptors") {
		said, _, _ := strings.Cut(report.String(), "\n{")
		t.Errorf("%v, %q, %s", err, out, said)
	}
}

// TestAddressLimit starts kmv under a limit on the address space: it is the program's, of its own half.
func TestAddressLimit(t *testing.T) {
	require(t, python)
	t.Parallel()
	const script = `import resource, subprocess
print(resource.getrlimit(resource.RLIMIT_AS)[0], len(bytearray(10**9)))
try: bytearray(3 * 10**9)
except MemoryError: print("no more")
print(subprocess.run(["sh", "-c", "ulimit -v"], capture_output=True).stdout)`
	run := func(name string, args ...string) string {
		cmd := exec.Command("sh", append([]string{"-c", `ulimit -Sv 2000000; exec "$@"`, "sh", name}, args...)...)
		var said strings.Builder
		cmd.Stderr = &said
		out, err := cmd.Output()
		if err != nil {
			t.Errorf("%v, %s", err, &said)
		}
		return string(out)
	}
	want := run("/usr/bin/python3", "-c", script)
	if got := run(kmvBinary, "run", "--verify", "--strict", "--", "/usr/bin/python3", "-c", script); got != want || !strings.Contains(want, "no more") {
		t.Errorf("%q, natively %q", got, want)
	}
}
