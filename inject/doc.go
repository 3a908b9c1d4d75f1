// Package inject makes memory errors in a run, where and when a SPEC says.
//
//	flip:2@heap,when=5000syscalls,seed=7
//	  |      |         |            |
//	  |      |         |            +-- all random choices come from here (plan.go)
//	  |      |         +-- a moment of the run (injector.go waits for it)
//	  |      +-- a page that the program has written, of these (engine.Site lists them)
//	  +-- what happens to it: a row of kinds (kinds.go)
//
// What is deterministic: the choice of page and bits, given the seed and which pages the program has written by then;
// and moments counted in system calls or stops, for a program that itself runs the same way each time. Moments in
// milliseconds are as exact as the machine.
package inject
