package campaign

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"kmv/engine"
	"kmv/engine/view"
)

// Options say what to do.
type Options struct {
	Kmv        string // the kmv binary
	Targets    []Target
	Runs       int      // with a mirror, over all targets
	Unmirrored int      // and without one, for comparison
	Only       int      // make just this run of each target; 0: all
	Seed       uint64   // of all choices
	Specs      []string // the errors; none: pages in either half and silent ones in the mirror, in each region
	Rate       int      // errors in a run
	Jobs       int
	Timeout    time.Duration // of a run; 0: twenty times what it takes without errors, and ten seconds
	Progress   func(done, total int, counts map[Outcome]int)
}

// Run is a trial that was made.
type Run struct {
	Trial
	Outcome   Outcome   `json:"outcome"`
	Status    string    `json:"status"`
	Mechanism string    `json:"mechanism,omitempty"`
	Seconds   float64   `json:"seconds"`
	Latencies []float64 `json:"latencies_us,omitempty"` // detection to repair
	Complaint string    `json:"complaint,omitempty"`    // the end of standard error, of a bad run
	Replay    string    `json:"replay,omitempty"`       // the command line, of a bad run
}

// Report is a whole campaign.
type Report struct {
	Seed    uint64   `json:"seed"`
	Rate    int      `json:"rate"`
	Targets []Target `json:"targets"`
	Runs    []Run    `json:"runs"`
	Seconds float64  `json:"seconds"`
	Stopped bool     `json:"stopped,omitempty"` // before its end
}

// prepared is a target whose right result is known.
type prepared struct {
	Target
	golden  result
	size    size
	timeout time.Duration
}

// Conduct makes a campaign. If ctx ends it early, the report has what was done, and there is an error.
func Conduct(ctx context.Context, o Options) (*Report, error) {
	start := time.Now()
	dir, err := os.MkdirTemp("", "kmv-campaign-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	r := &Report{Seed: o.Seed, Rate: o.Rate, Targets: o.Targets}
	targets := map[string]*prepared{}
	var trials []Trial
	for i, t := range o.Targets {
		p, err := o.prepare(ctx, dir, t)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", t.Name, err)
		}
		targets[t.Name] = p
		share := func(n int) int { return n*(i+1)/len(o.Targets) - n*i/len(o.Targets) }
		trials = append(trials, plan(t.Name, share(o.Runs), o.Rate, o.Seed, o.Specs, p.size, true)...)
		trials = append(trials, plan(t.Name, share(o.Unmirrored), o.Rate, o.Seed, o.Specs, p.size, false)...)
	}
	if o.Only > 0 {
		trials = slices.DeleteFunc(trials, func(t Trial) bool { return t.N != o.Only })
	}
	r.Runs, err = o.conduct(ctx, dir, targets, trials)
	r.Seconds, r.Stopped = time.Since(start).Seconds(), err != nil
	return r, err
}

// prepare runs a target natively twice, for the right result, and twice under kmv, for its size.
func (o Options) prepare(ctx context.Context, dir string, t Target) (*prepared, error) {
	const patience = 10 * time.Minute
	p := &prepared{Target: t}
	for i := range 2 {
		r, stderr, err := inFresh(dir, func(d string) (result, string, error) { return t.run(ctx, d, nil, patience) })
		switch {
		case err != nil:
			return nil, fmt.Errorf("native run: %w", err)
		case i == 1 && r != p.golden:
			return nil, errors.New("two native runs have different results: only what is always the same can be judged")
		}
		if strings.HasPrefix(r.status, "signal") || r.output == "" && r.files == "" {
			return nil, fmt.Errorf("the native run ended with %s and %d bytes of output: there is nothing to judge. %s", r.status, len(r.output), tail(stderr))
		}
		p.golden = r
	}
	start := time.Now()
	for i := range 2 { // the first one may have to translate all of the program
		made, err := o.calibrate(ctx, dir, p, patience)
		if err != nil {
			return nil, fmt.Errorf("run under kmv without errors: %w", err)
		}
		if p.size.regions = regionsOf(made); i == 0 {
			p.size.syscalls, p.size.seconds = made.Syscalls.Total, made.WallSeconds
		}
		p.size.syscalls, p.size.seconds = min(p.size.syscalls, made.Syscalls.Total), min(p.size.seconds, made.WallSeconds)
	}
	if p.timeout = o.Timeout; p.timeout == 0 {
		p.timeout = 10*time.Since(start) + 10*time.Second
	}
	return p, nil
}

// calibrate runs a target under kmv without errors.
func (o Options) calibrate(ctx context.Context, dir string, p *prepared, patience time.Duration) (*engine.Report, error) {
	report := filepath.Join(dir, "calibration.json")
	r, stderr, err := inFresh(dir, func(d string) (result, string, error) {
		return p.run(ctx, d, []string{o.Kmv, "run", "--report", report, "--"}, patience)
	})
	if err == nil && r != p.golden {
		err = fmt.Errorf("its result is not the native one: %s, %s", r.status, tail(stderr))
	}
	if err != nil {
		return nil, err
	}
	return readReport(report)
}

// regionsOf lists the regions that a program has.
func regionsOf(r *engine.Report) []string {
	kinds := map[string]string{"heap": "heap", "stack": "stack", "thread stack": "stack", "data": "data", "anon": "anon"}
	has := map[string]bool{}
	for _, m := range r.Mirror.Ranges {
		if m.State == "mirrored" || m.State == "fenced" {
			has[kinds[m.Kind]] = true
		}
	}
	var list []string
	for _, region := range regions {
		if has[region] {
			list = append(list, region)
		}
	}
	return list
}

func readReport(file string) (*engine.Report, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	r := &engine.Report{}
	return r, json.Unmarshal(data, r)
}

// inFresh gives f a directory of its own.
func inFresh(dir string, f func(string) (result, string, error)) (result, string, error) {
	d, err := os.MkdirTemp(dir, "run-")
	if err != nil {
		return result{}, "", err
	}
	defer os.RemoveAll(d)
	return f(d)
}

// conduct makes the trials, some at a time, and gives the runs in their order.
func (o Options) conduct(ctx context.Context, dir string, targets map[string]*prepared, trials []Trial) ([]Run, error) {
	runs := make([]Run, len(trials))
	counts := map[Outcome]int{}
	var mu sync.Mutex
	var workers sync.WaitGroup
	var failed error
	next, done := 0, 0
	take := func() int {
		mu.Lock()
		defer mu.Unlock()
		if next == len(trials) || failed != nil || ctx.Err() != nil {
			return -1
		}
		next++
		return next - 1
	}
	for job := range max(o.Jobs, 1) {
		workers.Go(func() {
			for i := take(); i >= 0; i = take() {
				run, err := o.make(ctx, dir, job, targets[trials[i].Target], trials[i])
				mu.Lock()
				if err != nil {
					failed = errors.Join(failed, err)
				} else {
					runs[i] = run
					done++
					counts[run.Outcome]++
					o.Progress(done, len(trials), counts)
				}
				mu.Unlock()
			}
		})
	}
	workers.Wait()
	runs = slices.DeleteFunc(runs, func(r Run) bool { return r.Outcome == "" })
	return runs, errors.Join(failed, ctx.Err())
}

// make makes one trial. An error whose moment came behind the end is made again sooner: machines are not equally fast all the
// time, and how often threads wait for each other is no property of a program.
func (o Options) make(ctx context.Context, dir string, job int, p *prepared, t Trial) (Run, error) {
	const most = 8
	for n := 1; ; n++ {
		run, err := o.attempt(ctx, dir, job, p, t)
		if err != nil || run.Outcome != NotMade || n == most || !t.sooner() {
			return run, err
		}
	}
}

// attempt makes a trial as it is.
func (o Options) attempt(ctx context.Context, dir string, job int, p *prepared, t Trial) (Run, error) {
	report := filepath.Join(dir, fmt.Sprintf("report-%d.json", job))
	_ = os.Remove(report)
	args := t.flags()
	start := time.Now()
	var r result
	_, stderr, err := inFresh(dir, func(d string) (_ result, stderr string, err error) {
		r, stderr, err = p.run(ctx, d, append(append([]string{o.Kmv, "run", "--report", report}, args...), "--"), p.timeout)
		return r, stderr, err
	})
	run := Run{Trial: t, Status: r.status, Seconds: time.Since(start).Seconds()}
	e := ending{timedOut: errors.Is(err, errTimeout), sameStatus: r.status == p.golden.status, sameResult: r.sameAs(p.golden)}
	if err != nil && !e.timedOut {
		return run, err
	}
	if e.report, err = readReport(report); err != nil {
		e.report = nil // kmv did not come to write it
	} else {
		run.note(e.report)
	}
	if run.Outcome = classify(e); run.Outcome.Bad() {
		run.Complaint, run.Replay = tail(stderr), replay(o.Kmv, args, p.Target, t)
	}
	return run, nil
}

// flags are those of kmv run for a trial.
func (t Trial) flags() []string {
	var args []string
	if t.Mirrored {
		args = append(args, "--verify")
	} else {
		args = append(args, "--no-mirror", "all")
	}
	for _, s := range t.Specs {
		args = append(args, "--inject", s)
	}
	return args
}

// note keeps what a table is made of.
func (r *Run) note(report *engine.Report) {
	for _, ev := range report.Failures.Events {
		if f := ev.Failure; f != nil {
			if f.Mechanism != "" {
				r.Mechanism = f.Mechanism
			}
			if ev.Kind == view.EventRecovered && f.Latency > 0 {
				r.Latencies = append(r.Latencies, f.Latency)
			}
		}
	}
}

// replay is the command line that makes a run again. What the suite's programs work on is made for a campaign only.
func replay(kmv string, flags []string, t Target, tr Trial) string {
	words := append([]string{kmv, "run"}, append(append(flags, "--"), t.Argv...)...)
	inSuite := t.Suite && len(tr.Specs) == 1
	if inSuite {
		counts := []string{"--runs", "1"}
		if !tr.Mirrored {
			counts = []string{"--runs", "0", "--unmirrored", "1"}
		}
		words = append(append([]string{kmv, "campaign"}, counts...), "--inject", tr.Specs[0], "--suite", t.Name)
	}
	for i, w := range words {
		words[i] = quote(w)
	}
	line := strings.Join(words, " ")
	if inSuite {
		return line
	}
	if t.Stdin != "" {
		line += " < " + quote(t.Stdin)
	}
	if t.Client != "" {
		line += " & " + t.Client
	}
	return line
}

// quote makes a word of a POSIX shell of a string.
func quote(s string) string {
	if s != "" && strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./=:,@%+") == "" {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

// tail is the end of what a program complained.
func tail(s string) string {
	const most = 600
	return strings.ToValidUTF8(s[max(0, len(s)-most):], "?")
}
