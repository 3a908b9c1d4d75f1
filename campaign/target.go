package campaign

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// Target is a program that is run again and again.
type Target struct {
	Name   string   `json:"name"`
	Argv   []string `json:"argv"` // Argv[0] is a path, or a name in PATH
	Stdin  string   `json:"stdin,omitempty"`
	Suite  bool     `json:"suite,omitempty"`  // it is one of the suite's
	Client string   `json:"client,omitempty"` // a shell command that uses the program, a server; it waits until that answers
}

// result is what a run left: all that is compared.
type result struct {
	status string // "exit 0", "signal 11"
	output string
	files  string // names and hashes
}

// sameAs compares output and files, not the status.
func (r result) sameAs(golden result) bool {
	return r.output == golden.output && r.files == golden.files
}

// errTimeout says that a run was ended because it took too long.
var errTimeout = errors.New("not done in time")

// run runs a command line of the target in a directory and gives what it left there. prefix goes in front of the program.
func (t Target) run(ctx context.Context, dir string, prefix []string, timeout time.Duration) (r result, stderr string, err error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	argv := append(slices.Clone(prefix), t.Argv...)
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.Dir, cmd.WaitDelay = dir, time.Second
	var out, complaints bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &complaints
	if t.Stdin != "" {
		in, err := os.Open(t.Stdin)
		if err != nil {
			return r, "", err
		}
		defer in.Close()
		cmd.Stdin = in
	}
	if err := cmd.Start(); err != nil {
		return r, "", err
	}
	if t.Client == "" {
		_ = cmd.Wait()
	} else {
		answer := t.use(ctx, dir, cmd)
		out.Reset()
		out.WriteString(answer)
	}
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return r, complaints.String(), errTimeout
	}
	if ctx.Err() != nil {
		return r, "", ctx.Err()
	}
	r = result{status: statusOf(cmd.ProcessState), output: out.String()}
	r.files, err = hashes(dir)
	return r, complaints.String(), err
}

// use runs the client of a server and gives what it printed, with its own status. Then the server is to end; if it ends
// before, the client has a little time to notice.
func (t Target) use(ctx context.Context, dir string, server *exec.Cmd) string {
	const grace = 3 * time.Second
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	ended := make(chan struct{})
	go func() {
		_ = server.Wait()
		close(ended)
		time.AfterFunc(grace, cancel)
	}()
	answer := t.ask(ctx, dir)
	_ = server.Process.Signal(unix.SIGTERM) // fails if it is gone
	<-ended
	return answer
}

// ask runs the client.
func (t Target) ask(ctx context.Context, dir string) string {
	client := exec.CommandContext(ctx, "sh", "-c", t.Client)
	client.Dir, client.WaitDelay = dir, time.Second
	out, err := client.CombinedOutput()
	return fmt.Sprintf("%s(client: %v)\n", out, err)
}

func statusOf(s *os.ProcessState) string {
	ws := s.Sys().(syscall.WaitStatus)
	if ws.Signaled() {
		return fmt.Sprintf("signal %d", ws.Signal())
	}
	return fmt.Sprintf("exit %d", ws.ExitStatus())
}

// hashes describes the files below a directory. Sockets and the like are not results.
func hashes(dir string) (string, error) {
	var b strings.Builder
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		fmt.Fprintf(&b, "%x %s\n", sha256.Sum256(data), strings.TrimPrefix(path, dir))
		return nil
	})
	return b.String(), err
}
