package campaign

import (
	"math"

	"kmv/engine"
)

// Outcome is what came of a run with a memory error.
type Outcome string

// The outcomes, from good to bad.
const (
	Recovered   Outcome = "recovered"   // the error was noticed and repaired; the result is right
	Masked      Outcome = "masked"      // nothing met it; the result is right
	Unrecovered Outcome = "unrecovered" // it was noticed and could not be repaired: the program was told, as by the kernel
	Corrupted   Outcome = "corrupted"   // silent data corruption: the result is wrong, and nothing said so
	Crashed     Outcome = "crashed"     // killed, or another status, without a word about memory
	Hung        Outcome = "hung"        // not done in time
	NotMade     Outcome = "not made"    // no page to break by then: no experiment
)

// Outcomes lists them in the order of tables. Runs without an experiment come last, and count nowhere else.
var Outcomes = []Outcome{Recovered, Masked, Unrecovered, Corrupted, Crashed, Hung, NotMade}

// Bad says whether mirrored memory must never have this outcome.
func (o Outcome) Bad() bool { return o != Recovered && o != Masked && o != NotMade }

// ending is how a run ended, next to how it should have.
type ending struct {
	timedOut   bool
	sameStatus bool
	sameResult bool           // output and files
	report     *engine.Report // nil if kmv did not come to write one
}

// classify names the outcome of a run.
func classify(e ending) Outcome {
	if e.timedOut {
		return Hung
	}
	if e.report == nil {
		return Crashed
	}
	f := e.report.Failures
	right := e.sameStatus && e.sameResult
	switch {
	case f.Injected == 0 && right:
		return NotMade
	case right && f.Recovered > 0:
		return Recovered
	case right:
		return Masked
	case f.Unrecovered > 0:
		return Unrecovered
	case !e.sameStatus:
		return Crashed
	}
	return Corrupted
}

// Wilson is the 95% confidence interval of a proportion: k of n (Wilson 1927).
func Wilson(k, n int) (low, high float64) {
	if n == 0 {
		return 0, 1
	}
	const z = 1.959963984540054
	p, m := float64(k)/float64(n), float64(n)
	mid := (p + z*z/(2*m)) / (1 + z*z/m)
	half := z / (1 + z*z/m) * math.Sqrt(p*(1-p)/m+z*z/(4*m*m))
	return max(0, mid-half), min(1, mid+half)
}

// Below is what a rate is less than, with 95% confidence, when n trials had none: 1 - 0.05^(1/n).
func Below(n int) float64 { return 1 - math.Pow(0.05, 1/float64(n)) }
