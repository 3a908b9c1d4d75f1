package bench

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// Sample is one measured round of one command.
type Sample struct {
	Wall float64 `json:"wall_s"`
	CPU  float64 `json:"cpu_s"` // user and system time of the whole process tree, kmv included
}

// outcome is what a program did, for comparison: output and status.
type outcome struct {
	output []byte
	status string
}

// limit is how long one run may take: what hangs must not hold up the bench.
const limit = 2 * time.Minute

// environment is the same for all: nothing of the user's that programs react to.
var environment = []string{"PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin", "HOME=/nonexistent", "LC_ALL=C.UTF-8", "TZ=UTC",
	"PYTHONHASHSEED=0", "PYTHONDONTWRITEBYTECODE=1", "PERL_HASH_SEED=0"}

// measure runs a command some times and adds the times up; outputs go through a file, because a pipe's reader would
// take turns with the program.
func measure(ctx context.Context, argv []string, times int) (s Sample, o outcome, err error) {
	out, err := os.CreateTemp("", "kmv-bench-*")
	if err != nil {
		return s, o, err
	}
	defer os.Remove(out.Name())
	defer out.Close()
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	for range max(times, 1) {
		var complaint bytes.Buffer
		cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
		cmd.Stdout, cmd.Stderr, cmd.Env, cmd.Dir = out, &complaint, environment, os.TempDir()
		cmd.WaitDelay = time.Second // a child that is left behind must not keep the pipe open
		start := time.Now()
		err := cmd.Run()
		s.Wall += time.Since(start).Seconds()
		var failed *exec.ExitError
		switch {
		case ctx.Err() != nil:
			return s, o, fmt.Errorf("%s: no end within %v", filepath.Base(argv[0]), limit)
		case err != nil && !errors.As(err, &failed):
			return s, o, err
		case err != nil && o.status == "":
			o.status = fmt.Sprintf("%v, %s", failed, lastLines(complaint.String()))
		}
		s.CPU += cmd.ProcessState.UserTime().Seconds() + cmd.ProcessState.SystemTime().Seconds()
	}
	o.output, err = os.ReadFile(out.Name())
	return s, o, err
}

// lastLines are the ones worth showing of what a program wrote before it failed.
func lastLines(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return strings.Join(lines[:min(3, len(lines))], " | ")
}

// differs says in words how a run differs from the native one; "" if it does not.
func (o outcome) differs(native outcome) string {
	switch {
	case o.status != native.status:
		return fmt.Sprintf("it ended with %q, natively with %q", o.status, native.status)
	case bytes.Equal(o.output, native.output):
		return ""
	}
	at := 0
	for at < len(o.output) && at < len(native.output) && o.output[at] == native.output[at] {
		at++
	}
	return fmt.Sprintf("its output of %d bytes, natively %d, differs from byte %d on", len(o.output), len(native.output), at)
}
