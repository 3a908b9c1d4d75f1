package programs

import (
	"os/exec"
	"strconv"
	"strings"
	"testing"
)

// TestShortProcesses starts many processes one after the other: kmv must not keep descriptors or memory of them. The script
// looks at its parent, which is kmv, after the first few and at the end.
func TestShortProcesses(t *testing.T) {
	t.Parallel()
	count := "200"
	if soak {
		count = "2000"
	}
	const script = `look() { echo $(ls /proc/$PPID/fd | wc -l) $(grep VmRSS /proc/$PPID/status | tr -dc 0-9) $(cat /proc/$PPID/task/*/children | wc -w); }
i=0; while [ $i -lt 20 ]; do /bin/true; i=$((i+1)); done; look
i=0; while [ $i -lt $0 ]; do /bin/true; i=$((i+1)); done; look`
	out, err := exec.Command(kmvBinary, "run", "--cache", "off", "--", "/bin/sh", "-c", script, count).Output()
	if err != nil {
		t.Fatal(err)
	}
	var n []int
	for _, word := range strings.Fields(string(out)) {
		v, err := strconv.Atoi(word)
		if err != nil {
			t.Fatalf("%q", out)
		}
		n = append(n, v)
	}
	const growth = 16 << 10 // KiB: of 2,000 processes, and what the garbage collector has not looked at yet
	if len(n) != 6 || n[3] > n[0]+3 || n[4] > n[1]+growth || n[5] > n[2]+1 {
		t.Errorf("descriptors, KiB of memory and children of kmv, before and after: %q", out)
	}
}
