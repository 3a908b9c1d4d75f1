package programs

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// endless are trees that are killed at some moment. Left alone they end within seconds, each process of them.
var endless = []string{
	"dash -c 'i=0; while [ $i -lt 200 ]; do /bin/true; i=$((i+1)); done'",
	"bash -c 'for i in $(seq 30); do seq 1000 | grep 7 | sort -r | wc -l & done; wait'",
	"bash -c 'trap \"exit 9\" TERM; for i in $(seq 60); do (exit 3); $(type -p true); done'",
	guestDir + "/threads/exit_under_signals.c",
	guestDir + "/processes/fork_while_spawning.c",
	guestDir + "/processes/killed_in_fork.c",
}

// TestEnds sends signals at random moments to random members of a tree, to its leader, and to kmv. kmv must end as the leader
// does, with nothing left behind, and a failure of its own is none of the ends.
func TestEnds(t *testing.T) {
	require(t, need{"gcc", "gcc"})
	rounds := 3
	if soak {
		rounds = 60
	}
	for i, tree := range endless {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			t.Parallel()
			words := []string{"sh", "-c", "exec " + tree}
			if filepath.Ext(tree) == ".c" {
				g := readGuest(t, tree)
				words = []string{g.build(t)}
			}
			for round := range rounds {
				for _, sig := range []syscall.Signal{syscall.SIGKILL, syscall.SIGTERM, syscall.SIGINT} {
					if sig == syscall.SIGINT && strings.HasPrefix(tree, "bash") {
						// Natively, too, bash 5.2 sends itself SIGINT for ever if one comes while it is about to wait
						// (wait_sigint_handler, before the old handler is kept).
						continue
					}
					killedTree(t, words, sig, rand.New(rand.NewPCG(uint64(round), uint64(sig))))
				}
			}
		})
	}
}

// killedTree runs a tree, in a process group of its own with kmv, to an end by signals.
func killedTree(t *testing.T, words []string, sig syscall.Signal, r *rand.Rand) {
	t.Helper()
	var stderr bytes.Buffer
	cmd := exec.Command(kmvBinary, append([]string{"run", "--verify", "--"}, words...)...)
	cmd.Stderr = &stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Dir = t.TempDir()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	kmv := cmd.Process.Pid
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	var err error
	sent, running, limit := "", true, time.After(2*time.Minute)
	for n := 3 + r.IntN(4); running; n-- { // the last one is kmv's, and what of the tree does not mind comes to its own end
		var next <-chan time.Time
		if n >= 0 {
			next = time.After(time.Duration(r.IntN(120)) * time.Millisecond)
		}
		select {
		case err = <-ended:
			running = false
		case <-limit:
			_ = syscall.Kill(-kmv, syscall.SIGKILL)
			t.Fatalf("%q still runs 2 minutes after its last signal (%s)", words, sent)
		case <-next:
			to := kmv
			if all := members(t, kmv); n > 0 && len(all) > 0 {
				to = all[r.IntN(len(all))]
			} else if n > 0 {
				continue
			}
			sent += fmt.Sprintf(" %v to %d", sig, to-kmv)
			_ = syscall.Kill(to, sig)
		}
	}
	if status := cmd.ProcessState.ExitCode(); status == 125 || strings.Contains(stderr.String(), "BUG") {
		t.Errorf("%q: %v after%s\n%s", words, err, sent, &stderr)
	}
	for start := time.Now(); len(members(t, kmv)) > 0; time.Sleep(10 * time.Millisecond) { // where kmv was killed the kernel ends the tree, soon
		if time.Since(start) > time.Minute {
			t.Fatalf("%q: left behind after%s: %v", words, sent, members(t, kmv))
		}
	}
}

// members are the processes of a group that live, without kmv's own.
func members(t *testing.T, group int) (pids []int) {
	files, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		stat, _ := os.ReadFile(file)
		fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
		exe, _ := os.Readlink(filepath.Dir(file) + "/exe")
		if len(fields) < 3 || fields[2] != strconv.Itoa(group) || strings.Contains("ZX", fields[0]) || exe == kmvBinary {
			continue
		}
		pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(file)))
		pids = append(pids, pid)
	}
	return pids
}
