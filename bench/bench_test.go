package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

func TestMedian(t *testing.T) {
	for _, c := range []struct {
		x    []float64
		want float64
	}{{nil, 0}, {[]float64{3}, 3}, {[]float64{3, 1}, 2}, {[]float64{9, 1, 5}, 5}, {[]float64{4, 1, 100, 2}, 3}} {
		if got := median(c.x); got != c.want {
			t.Errorf("median(%v) = %v, want %v", c.x, got, c.want)
		}
	}
}

func TestGeometricMean(t *testing.T) {
	for _, c := range []struct {
		x    []float64
		want float64
	}{{nil, 0}, {[]float64{2}, 2}, {[]float64{1, 4}, 2}, {[]float64{0.5, 2, 8}, 2}} {
		if got := geometricMean(c.x); math.Abs(got-c.want) > 1e-12 {
			t.Errorf("geometricMean(%v) = %v, want %v", c.x, got, c.want)
		}
	}
}

// sample is one result with round numbers.
func sample() Result {
	r := Result{Name: "fib", Class: Micro, Times: 1, Peers: map[string]float64{"qemu": 5.25},
		Native: []Sample{{0.2, 0.1}, {0.25, 0.2}, {0.2, 0.3}}, Kmv: []Sample{{0.3, 0.3}, {0.3, 0.3}, {0.5, 0.3}},
		Cold: []Sample{{0.4, 0.4}, {0.4, 0.4}, {0.4, 0.4}}}
	r.sum()
	return r
}

func TestSum(t *testing.T) {
	r := sample()
	if r.NativeWall != 0.2 || r.KmvWall != 0.3 || math.Abs(r.Ratio-1.5) > 1e-9 || math.Abs(r.CPURatio-1.5) > 1e-9 {
		t.Errorf("medians and ratios: %+v", r)
	}
	if math.Abs(r.Min-1.2) > 1e-9 || math.Abs(r.Max-2.5) > 1e-9 || math.Abs(r.Added()-0.1) > 1e-9 || math.Abs(r.AddedCold()-0.2) > 1e-9 {
		t.Errorf("extremes %v %v, added %v", r.Min, r.Max, r.Added())
	}
	if ratio(1, 0) != 0 {
		t.Error("a time too short to measure must give no ratio")
	}
}

func TestBar(t *testing.T) {
	for ratio, want := range map[float64]string{
		0.5: "█████", 1: "██████████", 1.31: "██████████▒▒▒", 4: "██████████" + strings.Repeat("▒", 30), 300: "██████████" + strings.Repeat("▒", 29) + ">",
	} {
		if got := bar(ratio); got != want {
			t.Errorf("bar(%v) = %s, want %s", ratio, got, want)
		}
	}
}

func TestTable(t *testing.T) {
	const want = `micro             native       kmv   ratio    cpu     min-max    cold      qemu
  fib            0.200 s   0.300 s   1.50x   1.50   1.20-2.50   2.00x     5.25x  ██████████▒▒▒▒▒
  gone         skipped: no such program
  geometric mean                     1.50x   1.50               2.00x     5.25x

`
	var b bytes.Buffer
	r := &Report{Workloads: []Result{sample()}}
	table := newTable(&b, []Peer{{Name: "qemu"}})
	table.head(Micro)
	table.row(r.Workloads[0])
	table.skip("gone", errors.New("no such program"))
	table.mean(r, Micro)
	if b.String() != want {
		t.Errorf("got\n%s\nwant\n%s", b.String(), want)
	}
	if m := means(r.Workloads, wallRatio); len(m) != 1 || math.Abs(m[Micro]-1.5) > 1e-9 {
		t.Errorf("means %v", m)
	}
}

func TestSelect(t *testing.T) {
	if all, bad := Select(nil); len(all) != len(Workloads) || bad != "" {
		t.Errorf("no names: %d, %q", len(all), bad)
	}
	if some, bad := Select([]string{"startup", "fib"}); len(some) != 4 || bad != "" || some[0].Name != "fib" {
		t.Errorf("startup and fib: %v, %q", some, bad)
	}
	if _, bad := Select([]string{"fib", "fob"}); bad != "fob" {
		t.Errorf("fob: %q", bad)
	}
}

// Every word with an @ must be something that can be made.
func TestFiles(t *testing.T) {
	for _, w := range Workloads {
		for _, word := range strings.Fields(w.Run) {
			name, ok := strings.CutPrefix(word, "@")
			if !ok {
				continue
			}
			_, c := embedded.ReadFile("micro/" + name + ".c")
			_, script := embedded.ReadFile("scripts/" + name)
			if _, ok := generators[name]; c != nil && script != nil && !ok {
				t.Errorf("%s: nothing makes @%s", w.Name, name)
			}
		}
	}
}

func TestGenerators(t *testing.T) {
	if a, b := corpus(100000), corpus(100000); !bytes.Equal(a, b) || len(a) != 100000 {
		t.Error("the corpus is not the same twice")
	}
	if s := string(largeC()); strings.Contains(s, "%!") || strings.Contains(s, "#") {
		t.Error("large.c has unfilled holes")
	}
}

// fakeKmv is a shell script in the place of kmv: `run --cache DIR -- PROG ...` with an edit.
func fakeKmv(t *testing.T, body string) string {
	path := filepath.Join(t.TempDir(), "kmv")
	if err := os.WriteFile(path, []byte("#!/bin/sh\nshift 4\n"+body), 0o755); err != nil {
		t.Fatal(err)
	}
	return path
}

// A difference is an error that says what differed; a program that is not there is only named.
func TestRun(t *testing.T) {
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	w := []Workload{{Name: "echo", Class: Real, Run: "echo one two"}, {Name: "none", Class: Real, Run: "no-such-program"}}
	for body, want := range map[string]string{
		`exec "$@"`:            "",
		`"$@"; echo more`:      "differs from byte 8 on",
		`"$@"; exit 3`:         "exit status 3",
		`echo oops >&2; false`: "oops",
	} {
		var out bytes.Buffer
		r, err := Run(context.Background(), Options{Kmv: fakeKmv(t, body), Workloads: w, Rounds: 2, Out: &out})
		if (err == nil) != (want == "") || err != nil && (!errors.Is(err, ErrDiffers) || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: error %v, want %q", body, err, want)
		}
		if len(r.Skipped) != 1 || r.Skipped[0].Name != "none" || !strings.Contains(out.String(), "no-such-program") {
			t.Errorf("%s: skipped %v\n%s", body, r.Skipped, out.String())
		}
		if _, err := json.Marshal(r); err != nil {
			t.Error(err)
		}
	}
}

// Benchmarks report ratios to native: go test -bench . -benchtime 3x ./bench. KMV_BINARY names a kmv that is built already.

func BenchmarkMicro(b *testing.B)   { benchmark(b, Micro) }
func BenchmarkReal(b *testing.B)    { benchmark(b, Real) }
func BenchmarkStartup(b *testing.B) { benchmark(b, Startup) }

func benchmark(b *testing.B, c Class) {
	kmv := os.Getenv("KMV_BINARY")
	if kmv == "" {
		kmv = filepath.Join(b.TempDir(), "kmv")
		if out, err := exec.Command("go", "build", "-o", kmv, "kmv").CombinedOutput(); err != nil {
			b.Fatalf("build kmv: %v\n%s", err, out)
		}
	}
	cache, err := OpenCache()
	if err != nil {
		b.Fatal(err)
	}
	for _, w := range Workloads {
		if w.Class != c {
			continue
		}
		b.Run(w.Name, func(b *testing.B) {
			argv, err := cache.argv(w)
			if err != nil {
				b.Skip(err)
			}
			r, err := rounds(b.Context(), Options{Kmv: kmv, Rounds: b.N}, nil, w, argv)
			if err != nil {
				b.Fatal(err)
			}
			b.ReportMetric(r.Ratio, "x-native")
			b.ReportMetric(r.CPURatio, "x-native-cpu")
			b.ReportMetric(r.Added()*1000, "ms-added")
			b.ReportMetric(r.AddedCold()*1000, "ms-added-cold")
		})
	}
}

func BenchmarkTree(b *testing.B) { benchmark(b, Tree) }
