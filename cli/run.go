package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"kmv/engine"
	"kmv/engine/saved"
	"kmv/engine/view"
	"kmv/shadowmem"
)

// runFlags are the flags of `kmv run`.
type runFlags struct {
	policy  shadowmem.Policy
	follow  followFlag
	verify  verifyFlag
	report  string
	strict  bool
	stats   bool
	cache   string
	verbose bool
	failing failingFlags
	live    liveFlags
	inject  injectFlag
}

func (a *app) runCommand() *cobra.Command {
	var f runFlags
	cmd := &cobra.Command{
		Use:   "run [flags] [--] PROG [ARG...]",
		Short: "Run a program with its memory writes mirrored",
		Long: `Run PROG unmodified, every memory write executed twice: at its native address and at its mirror address.
Standard input and output, the terminal, the environment, the working directory and the limits are the program's own.

SPEC is ` + shadowmem.Forms + `.
The last option that matches a range decides; the default is --mirror all.
With =fenced, threads that race on plain stores cannot leave the copies different. It is a property of code, which does
not know where it will store: one such range makes all stores of the program race-proof, and slower.`,
		Example: `  kmv run --verify --stats -- sqlite3 :memory: 'select 6*7'
  kmv run --mirror heap --mirror stack=fenced --report - -- ./server
  kmv run --no-mirror 'file:*libc.so*' --verify=100ms --strict -- python3 script.py`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return failure{err: errors.New("no program given"), hint: "kmv run [flags] [--] PROG [ARG...]"}
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error { return a.runProgram(cmd.Context(), &f, args) },
	}
	fl := cmd.Flags()
	fl.SetInterspersed(false) // flags end at PROG
	fl.SortFlags = false
	fl.Var(&mirrorFlag{policy: &f.policy, add: f.policy.Mirror}, "mirror", "mirror what SPEC names (repeatable, in order)")
	fl.Var(&mirrorFlag{policy: &f.policy, add: f.policy.NoMirror}, "no-mirror", "leave out what SPEC names (repeatable, in order)")
	fl.Var(&f.follow, "follow", "translate of the programs that PROG executes `all|none|GLOB`; the others run natively")
	fl.Var(&f.verify, "verify", "compare all mirrored bytes with their copies at the end, or every DURATION too")
	fl.Lookup("verify").NoOptDefVal = "exit"
	fl.StringVar(&f.report, "report", "", "write a JSON report to `FILE` (- is standard error)")
	fl.BoolVar(&f.strict, "strict", false, "exit 120 if a copy differed or a write was left unmirrored")
	fl.StringVar(&f.cache, "cache", "", "keep translations for later runs in `DIR`, or off (default $KMV_CACHE, or kmv/code in the user's cache directory)")
	fl.BoolVar(&f.stats, "stats", false, "print a short summary on standard error at the end")
	f.failing.add(fl)
	fl.Var(&f.inject, "inject", "make memory errors: see kmv inject --help (repeatable)")
	f.live.add(fl)
	fl.BoolVarP(&f.verbose, "verbose", "v", false, "say what the engine does, on standard error")
	return cmd
}

// runProgram looks the program up, runs it, and turns its report into files, text and a status.
func (a *app) runProgram(ctx context.Context, f *runFlags, args []string) error {
	if err := f.live.check(); err != nil {
		return err
	}
	collectOften()
	path, err := lookup(args[0], os.Getenv("PATH"))
	if err != nil {
		return notStarted(err)
	}
	if f.cache != "" && f.cache != "off" {
		if err := saved.CheckDirectory(f.cache); err != nil {
			return failure{err: fmt.Errorf("--cache: %w", err), hint: "--cache needs a directory of your own that only you can write, or off"}
		}
	}
	sink, err := a.openOutput(f.report, "--report")
	if err != nil {
		return err
	}
	defer sink.Close()
	o := engine.Options{
		Path: path, Argv: args, Env: os.Environ(), Policy: f.policy, Follow: f.follow.Follow,
		Cache:  cacheDirectory(f.cache),
		Ranges: f.report != "" || f.stats, VerifyAtExit: f.verify.atExit, VerifyEvery: f.verify.every,
	}
	f.failing.into(&o)
	if f.verbose {
		o.Log = a.err
	}
	report, err := a.supervise(ctx, f, o)
	if err != nil {
		return notStarted(err)
	}
	report.Version = Version
	if f.report != "" {
		if err := a.writeReport(sink, report); err != nil {
			return err
		}
	}
	if f.stats {
		printStats(a.err, report)
	}
	return a.conclude(f, report)
}

// cacheDirectory is where translations are kept: what the flag says, or the environment, or where the user's caches are.
// It is empty if they are not kept.
func cacheDirectory(flag string) string {
	for _, dir := range []string{flag, os.Getenv("KMV_CACHE")} {
		switch dir {
		case "":
		case "off":
			return ""
		default:
			return dir
		}
	}
	dir, err := os.UserCacheDir()
	if err != nil {
		return "" // no home: nothing is kept
	}
	if _, err := os.Stat(filepath.Dir(dir)); err != nil {
		return "" // a home that is not there is not made
	}
	return filepath.Join(dir, "kmv", "code")
}

// conclude decides the status from how the program ended.
func (a *app) conclude(f *runFlags, r *engine.Report) error {
	if f.strict {
		if bad := strictly(r); bad != "" {
			return failure{status: statusStrict, err: errors.New(bad), hint: "--report - shows where"}
		}
	}
	if r.Exit.Signal != 0 {
		if why := lostFor(r); why != "" {
			fmt.Fprintln(a.err, "kmv:", why)
		}
		a.killed = syscall.Signal(r.Exit.Signal)
		return nil
	}
	a.status = *r.Exit.Code
	return nil
}

// lostFor says which memory error a program was killed for, "" if for none.
func lostFor(r *engine.Report) string {
	for _, ev := range slices.Backward(r.Failures.Events) {
		if ev.Kind != view.EventUnrecovered {
			continue
		}
		why := "lost in both copies"
		if strings.HasPrefix(ev.Failure.How, "scrub") {
			why = "the copies differ, nothing tells which is right, and --on-undecided is stop"
		} else if r.Exit.Signal != int(syscall.SIGBUS) {
			return ""
		}
		return fmt.Sprintf("memory at %#x (%s): %s", ev.Addr, strings.TrimSpace(ev.Range), why)
	}
	return ""
}

// strictly says what --strict objects to.
func strictly(r *engine.Report) string {
	if n := r.Verify.DivergentBytes; n > 0 {
		return fmt.Sprintf("--strict: %d mirrored bytes differ from their copies", n)
	}
	var lost []engine.Gap
	for _, g := range r.Gaps {
		if g.Unmirrored {
			lost = append(lost, g)
		}
	}
	if len(lost) == 0 {
		return ""
	}
	return fmt.Sprintf("--strict: %s of writes were not mirrored, first %s %s", plural(len(lost), "kind"), lost[0].Kind, lost[0].Name)
}

// notStarted gives a failed start the status and the hint of its errno.
func notStarted(err error) error {
	var start *engine.StartError
	var own failure
	switch {
	case errors.As(err, &own):
		return own
	case !errors.As(err, &start):
		return failure{err: err, hint: "kmv run -v shows what the engine did"}
	case errors.Is(start.Err, syscall.ENOENT):
		return failure{status: statusNotFound, err: err, hint: "check the name and PATH; a script also needs its interpreter"}
	case errors.Is(start.Err, syscall.ENOEXEC):
		return failure{status: statusNotExecutable, err: err, hint: "kmv runs x86-64 ELF programs and scripts that begin with #!"}
	}
	return failure{status: statusNotExecutable, err: err, hint: "the file must be executable for you, and readable: chmod +rx, or look at the directories above it"}
}

// openOutput opens a file that a flag names, before the program runs: one that cannot be written must not cost a run.
func (a *app) openOutput(name, flag string) (io.WriteCloser, error) {
	switch name {
	case "":
		return closer{io.Discard}, nil
	case "-":
		return closer{a.err}, nil
	}
	file, err := os.Create(name)
	if err != nil {
		return nil, failure{err: err, hint: flag + " needs a file that can be written, or - for standard error"}
	}
	return file, nil
}

func (a *app) writeReport(w io.Writer, r *engine.Report) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	if err := enc.Encode(r); err != nil {
		return failure{err: fmt.Errorf("write the report: %w", err), hint: "is the disk full?"}
	}
	return nil
}

// closer is a writer that stays open.
type closer struct{ io.Writer }

func (closer) Close() error { return nil }
