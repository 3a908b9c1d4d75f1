package campaign

import (
	"math"
	"testing"

	"kmv/engine"
)

func TestClassify(t *testing.T) {
	none := &engine.Report{}
	made := &engine.Report{Failures: engine.Failures{Injected: 1}}
	repaired := &engine.Report{Failures: engine.Failures{Injected: 1, Detected: 1, Recovered: 1}}
	lost := &engine.Report{Failures: engine.Failures{Injected: 1, Detected: 1, Unrecovered: 1}}
	both := &engine.Report{Failures: engine.Failures{Injected: 2, Recovered: 1, Unrecovered: 1}}
	for name, c := range map[string]struct {
		e    ending
		want Outcome
	}{
		"nothing was broken":             {ending{sameStatus: true, sameResult: true, report: none}, NotMade},
		"nothing was broken, but wrong":  {ending{sameStatus: true, report: none}, Corrupted},
		"never met":                      {ending{sameStatus: true, sameResult: true, report: made}, Masked},
		"met and repaired":               {ending{sameStatus: true, sameResult: true, report: repaired}, Recovered},
		"repaired, and yet wrong":        {ending{sameStatus: true, report: repaired}, Corrupted},
		"repaired, and yet killed":       {ending{sameResult: true, report: repaired}, Crashed},
		"never met, and wrong":           {ending{sameStatus: true, report: made}, Corrupted},
		"never met, another status":      {ending{report: made}, Crashed},
		"both copies lost, killed":       {ending{report: lost}, Unrecovered},
		"both copies lost, wrong":        {ending{sameStatus: true, report: lost}, Unrecovered},
		"both copies lost, nobody cared": {ending{sameStatus: true, sameResult: true, report: lost}, Masked},
		"one of two repaired, killed":    {ending{report: both}, Unrecovered},
		"kmv died":                       {ending{}, Crashed},
		"too long":                       {ending{timedOut: true}, Hung},
	} {
		if got := classify(c.e); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}

// TestWilson compares with published values (Brown, Cai, DasGupta 2001, and R's prop.test without correction).
func TestWilson(t *testing.T) {
	for _, c := range []struct {
		k, n      int
		low, high float64
	}{{0, 10, 0, 0.27753}, {1, 10, 0.01788, 0.40415}, {5, 10, 0.23659, 0.76341}, {10, 10, 0.72247, 1}, {0, 3000, 0, 0.00128}, {15, 148, 0.06239, 0.16049}, {0, 0, 0, 1}} {
		low, high := Wilson(c.k, c.n)
		if math.Abs(low-c.low) > 1e-5 || math.Abs(high-c.high) > 1e-5 {
			t.Errorf("%d of %d: %.5f to %.5f, want %.5f to %.5f", c.k, c.n, low, high, c.low, c.high)
		}
	}
	if b := Below(3000); b > 0.001 || b < 0.00099 {
		t.Errorf("none of 3000: below %v", b)
	}
}
