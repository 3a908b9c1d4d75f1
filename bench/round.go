package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"
)

// Options say what is measured.
type Options struct {
	Kmv       string // the binary
	Workloads []Workload
	Rounds    int
	Peers     bool
	Out       io.Writer // the table, row by row
}

// Peer is another tool that runs unmodified programs, for scale: none of them mirrors anything.
type Peer struct {
	Name    string
	Command []string
}

// Peers are run once each.
var Peers = []Peer{
	{"valgrind", []string{"valgrind", "-q", "--tool=none"}},
	{"qemu", []string{"qemu-x86_64"}},
}

// ErrDiffers is wrapped by the error of a bench in which a program did something else under kmv than natively.
var ErrDiffers = errors.New("not what it does natively")

// Run measures the workloads one after the other. A workload that cannot be run here is named in Skipped; one that
// behaves differently under kmv is an error at the end, after the others have been measured.
func Run(ctx context.Context, o Options) (*Report, error) {
	cache, err := OpenCache()
	if err != nil {
		return nil, err
	}
	peers := o.peers()
	r := newReport(o.Rounds)
	t := newTable(o.Out, peers)
	var failed []error
	var class Class
	for _, w := range o.Workloads {
		argv, err := cache.argv(w)
		if err != nil {
			r.Skipped = append(r.Skipped, Skip{w.Name, err.Error()})
			t.skip(w.Name, err)
			continue
		}
		if w.Class != class {
			t.mean(r, class)
			class = w.Class
			t.head(class)
		}
		res, err := rounds(ctx, o, peers, w, argv)
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if err != nil {
			failed = append(failed, fmt.Errorf("%s (%s): %w", w.Name, strings.Join(argv, " "), err))
			t.fail(w.Name, err)
			continue
		}
		r.Workloads = append(r.Workloads, res)
		t.row(res)
	}
	t.mean(r, class)
	r.Means, r.CPUMeans = means(r.Workloads, wallRatio), means(r.Workloads, cpuRatio)
	return r, errors.Join(failed...)
}

// peers are those that are installed.
func (o *Options) peers() []Peer {
	var found []Peer
	for _, p := range Peers {
		if path, err := find(p.Command[0]); o.Peers && err == nil {
			found = append(found, Peer{p.Name, append([]string{path}, p.Command[1:]...)})
		}
	}
	return found
}

// argv makes the files that a workload names and finds its program.
func (c Cache) argv(w Workload) ([]string, error) {
	argv := strings.Fields(w.Run)
	for i, word := range argv {
		name, ok := strings.CutPrefix(word, "@")
		if !ok {
			continue
		}
		path, err := c.File(name)
		if err != nil {
			return nil, err
		}
		argv[i] = path
	}
	path, err := find(argv[0])
	argv[0] = path
	return argv, err
}

// budget is how long one workload may take before its remaining rounds are given up.
const budget = 30 * time.Second

// rounds measures one workload: native, kmv as it is used every day, with the translations of an earlier run, and kmv cold,
// without any, in turns. A first run of each fills the caches and is not measured.
func rounds(ctx context.Context, o Options, peers []Peer, w Workload, argv []string) (Result, error) {
	res := Result{Name: w.Name, Class: w.Class, Times: max(w.Times, 1), Peers: map[string]float64{}}
	_, native, err := measure(ctx, argv, w.Times)
	if err != nil {
		return res, err
	}
	if native.status != "" {
		return res, fmt.Errorf("fails natively: %s", native.status)
	}
	translations, err := os.MkdirTemp("", "kmv-bench-code-")
	if err != nil {
		return res, err
	}
	defer os.RemoveAll(translations)
	under := append([]string{o.Kmv, "run", "--cache", translations, "--"}, argv...)
	cold := append([]string{o.Kmv, "run", "--cache", "off", "--"}, argv...)
	if _, _, err := measure(ctx, under, 1); err != nil {
		return res, err
	}
	start := time.Now()
	for range o.Rounds {
		if time.Since(start) > budget {
			break
		}
		for _, side := range []struct {
			argv    []string
			samples *[]Sample
		}{{argv, &res.Native}, {under, &res.Kmv}, {cold, &res.Cold}} {
			s, out, err := measure(ctx, side.argv, w.Times)
			if err != nil {
				return res, err
			}
			if err := differs(out, native); err != nil {
				return res, err
			}
			*side.samples = append(*side.samples, s)
		}
	}
	res.sum()
	res.runPeers(ctx, peers, argv, native)
	return res, nil
}

// differs is an error that says how a run differs from the native one, nil if it does not.
func differs(out, native outcome) error {
	if d := out.differs(native); d != "" {
		return fmt.Errorf("%w: %s", ErrDiffers, d)
	}
	return nil
}

// runPeers runs the workload once under each of the other tools. One that cannot do it has no number.
func (r *Result) runPeers(ctx context.Context, peers []Peer, argv []string, native outcome) {
	for _, p := range peers {
		s, out, err := measure(ctx, append(append([]string{}, p.Command...), argv...), r.Times)
		if err == nil && out.differs(native) == "" {
			r.Peers[p.Name] = s.Wall / r.NativeWall
		}
	}
}
