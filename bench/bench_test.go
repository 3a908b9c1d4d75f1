package bench

import (
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

func TestRatios(t *testing.T) {
	results := []Result{
		{Name: "a", Group: "real", Seconds: map[string][]float64{Native: {1, 2, 3}, KMV: {2, 5, 6}}},
		{Name: "b", Group: "real", Seconds: map[string][]float64{Native: {4, 4}, KMV: {2, 3}}},
		{Name: "c", Group: "micro", Skipped: "not installed"},
	}
	ratio, low, high := results[0].Ratio(KMV)
	if ratio != 2.5 || low != 2 || high != 2.5 {
		t.Errorf("ratio %v, %v to %v", ratio, low, high)
	}
	if ratio, _, _ := results[1].Ratio(KMV); ratio != 0.625 {
		t.Errorf("median of an even number: %v", ratio)
	}
	if m := GeometricMean(results, "real", KMV); math.Abs(m-1.25) > 1e-12 {
		t.Errorf("geometric mean %v", m)
	}
	if means := Means(results); len(means) != 1 || means[0].Contender != KMV {
		t.Errorf("means %v", means)
	}
	results[0].Repeat = 3
	if e := results[0].Extra(KMV); e != 1 {
		t.Errorf("extra %v", e)
	}
}

func TestChoose(t *testing.T) {
	for _, c := range []struct {
		names []string
		count int
	}{{nil, len(workloads)}, {[]string{"bzip2"}, 1}, {[]string{"start-up", "calls"}, 3}} {
		if got, err := choose(c.names); err != nil || len(got) != c.count {
			t.Errorf("%v: %d workloads, %v", c.names, len(got), err)
		}
	}
	if _, err := choose([]string{"nonsense"}); err == nil {
		t.Error("nonsense is a workload")
	}
}

// TestWorkloads runs each row once, natively, where its program is installed: a row that cannot run measures nothing.
func TestWorkloads(t *testing.T) {
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	dir, err := prepare()
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range workloads {
		if w.group == "micro" && w.name != "calls" {
			continue // one program
		}
		t.Run(w.name, func(t *testing.T) {
			if _, err := exec.LookPath(w.argv[0]); err != nil && w.argv[0][0] != '.' {
				t.Skipf("%s is not installed", w.argv[0])
			}
			if err := w.setUp(dir); err != nil {
				t.Fatal(err)
			}
			if w.makes != "" {
				if info, err := os.Stat(filepath.Join(dir, w.makes)); err != nil || info.Size() == 0 {
					t.Fatalf("%s was not made: %v", w.makes, err)
				}
			}
			if w.name == "cc1" && testing.Short() {
				t.Skip("takes seconds")
			}
			w.repeat = 1
			if _, _, err := w.once(t.Context(), dir, w.argv); err != nil {
				t.Error(err)
			}
		})
	}
}
