package ptrace

import (
	"os"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

func TestQuiet(t *testing.T) {
	Quiet()
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"SigCgt", "SigIgn"} { // neither: ignored children would not be there to be waited for
		var mask uint64
		for line := range strings.Lines(string(status)) {
			if value, ok := strings.CutPrefix(line, key+":\t"); ok {
				for _, c := range strings.TrimSpace(value) {
					mask = mask<<4 | uint64(strings.IndexRune("0123456789abcdef", c))
				}
			}
		}
		if mask&(1<<(unix.SIGCHLD-1)) != 0 {
			t.Errorf("SIGCHLD is in %s %#x", key, mask)
		}
	}
}
