package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"kmv/campaign"
)

// statusBad is what `kmv campaign` exits with when mirrored memory did not protect a run.
const statusBad = 1

// campaignFlags are the flags of `kmv campaign`.
type campaignFlags struct {
	campaign.Options
	inject injectFlag
	stdin  string
	client string
	suite  bool
	json   string
	html   string
}

func (a *app) campaignCommand() *cobra.Command {
	var f campaignFlags
	cmd := &cobra.Command{
		Use:   "campaign [flags] (--suite [NAME...] | [--] PROG [ARG...])",
		Short: "Run a program many times with memory errors, and count what becomes of it",
		Long: `Run PROG natively for its right result, and then many times under kmv with a memory error each, spread evenly over regions,
kinds of errors and thirds of the run. What each run prints, the files that it leaves and its status are compared.

Each run has an empty directory of its own: name PROG's files by absolute paths. The exit status is 1 if a run with the
mirror ended badly: unrecovered, corrupted, crashed or hung.`,
		Example: `  kmv campaign --runs 300 --unmirrored 100 --html out.html --stdin work.sql -- sqlite3 :memory:
  kmv campaign --runs 50 --inject page@stack --inject flip@heap,half=mirror -- python3 /tmp/script.py
  kmv campaign --runs 300 --seed 7 --only 41 --stdin work.sql -- sqlite3 :memory:`,
		RunE: func(cmd *cobra.Command, args []string) error { return a.campaign(cmd.Context(), &f, args) },
	}
	fl := cmd.Flags()
	fl.SetInterspersed(false)
	fl.SortFlags = false
	fl.IntVar(&f.Runs, "runs", 100, "runs with the mirror")
	fl.IntVar(&f.Unmirrored, "unmirrored", 0, "runs with --no-mirror all, the same errors, for comparison")
	fl.Uint64Var(&f.Seed, "seed", 1, "of all choices")
	fl.Var(&f.inject, "inject", "the errors (repeatable); default: pages in both halves and silent ones in the mirror, in each region")
	fl.IntVar(&f.Rate, "rate", 1, "errors in a run")
	fl.IntVar(&f.Jobs, "jobs", 2, "runs at a time")
	fl.DurationVar(&f.Timeout, "timeout", 0, "a run that takes longer hangs (default twenty times as long as without errors, and 10s)")
	fl.IntVar(&f.Only, "only", 0, "make only run `N` of the campaign again")
	fl.StringVar(&f.stdin, "stdin", "", "standard input of each run: `FILE`")
	fl.StringVar(&f.client, "client", "", "PROG is a server, and `COMMAND` uses it: what that prints is compared")
	fl.BoolVar(&f.suite, "suite", false, "the built-in programs, or those NAMEd: "+strings.Join(campaign.Names(), ", "))
	fl.StringVar(&f.json, "json", "", "write every run to `FILE`")
	fl.StringVar(&f.html, "html", "", "write a page with charts to `FILE`")
	return cmd
}

// campaign makes a campaign and shows what came of it.
func (a *app) campaign(ctx context.Context, f *campaignFlags, args []string) error {
	if !f.suite && len(args) == 0 {
		return failure{err: errors.New("either --suite or a program is needed"), hint: "kmv campaign [flags] -- PROG [ARG...]"}
	}
	if f.Runs < 0 || f.Unmirrored < 0 || f.Rate < 1 || f.Jobs < 1 {
		return failure{err: errors.New("--runs, --unmirrored, --rate and --jobs are counts"), hint: "such as --runs 100 --jobs 2"}
	}
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	dir, err := os.MkdirTemp("", "kmv-suite-")
	if err != nil {
		return failure{err: err, hint: "TMPDIR must be writable"}
	}
	defer os.RemoveAll(dir)
	if err := f.prepare(a, dir, args); err != nil {
		return err
	}
	bar := &progress{w: a.err, terminal: isTerminal(2), start: time.Now()}
	f.Progress = bar.show
	report, err := campaign.Conduct(ctx, f.Options)
	bar.done()
	if report == nil {
		return failure{err: err, hint: "a program is judged by its output and files: they must be the same in each native run"}
	}
	report.WriteTable(a.out)
	if err := errors.Join(err, writeFile(f.json, func(w io.Writer) error { return json.NewEncoder(w).Encode(report) }), writeFile(f.html, report.WriteHTML)); err != nil {
		return failure{err: err, hint: "the table shows what was done"}
	}
	for _, r := range report.Runs {
		if r.Mirrored && r.Outcome.Bad() {
			a.status = statusBad
		}
	}
	return nil
}

// prepare completes the options from the flags.
func (f *campaignFlags) prepare(a *app, dir string, args []string) (err error) {
	if f.Kmv, err = os.Executable(); err != nil {
		return err
	}
	for _, s := range f.inject.specs {
		f.Specs = append(f.Specs, s.Text)
	}
	if f.suite {
		var missing []string
		f.Targets, missing, err = campaign.Suite(dir, args...)
		for _, m := range missing {
			fmt.Fprintln(a.err, "kmv: left out:", m)
		}
		if err == nil && len(f.Targets) == 0 {
			err = errors.New("none of its programs is here")
		}
		if err != nil {
			return failure{err: fmt.Errorf("the suite: %w", err), hint: "make deps installs what it needs"}
		}
		return nil
	}
	path, err := lookup(args[0], os.Getenv("PATH"))
	if err != nil {
		return notStarted(err)
	}
	if path, err = filepath.Abs(path); err != nil {
		return err
	}
	t := campaign.Target{Name: filepath.Base(args[0]), Argv: append([]string{path}, args[1:]...), Client: f.client}
	if f.stdin != "" {
		if t.Stdin, err = filepath.Abs(f.stdin); err != nil {
			return err
		}
	}
	f.Targets = []campaign.Target{t}
	return nil
}

func writeFile(name string, write func(io.Writer) error) error {
	if name == "" {
		return nil
	}
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	return errors.Join(write(f), f.Close())
}

// progress shows how far a campaign is: a bar that moves on a terminal, a line now and then elsewhere.
type progress struct {
	w        io.Writer
	terminal bool
	start    time.Time
	shown    time.Time
	tenth    int
}

func (p *progress) show(done, total int, counts map[campaign.Outcome]int) {
	tenth := 10 * done / total
	if p.terminal && time.Since(p.shown) < 100*time.Millisecond && done < total || !p.terminal && tenth == p.tenth {
		return
	}
	p.shown, p.tenth = time.Now(), tenth
	const width = 30
	full := width * done / total
	var parts []string
	for _, o := range campaign.Outcomes {
		if counts[o] > 0 {
			parts = append(parts, fmt.Sprintf("%s %d", o, counts[o]))
		}
	}
	left := time.Duration(float64(time.Since(p.start)) / float64(done) * float64(total-done)).Round(time.Second)
	text := fmt.Sprintf("[%s%s] %d/%d, %v left: %s", strings.Repeat("#", full), strings.Repeat(".", width-full), done, total, left, strings.Join(parts, ", "))
	if p.terminal {
		fmt.Fprintf(p.w, "\r%s\x1b[K", text)
	} else {
		fmt.Fprintln(p.w, text)
	}
}

func (p *progress) done() {
	if p.terminal && !p.shown.IsZero() {
		fmt.Fprintln(p.w)
	}
}
