// Package engine runs a program out of the code cache and keeps the invariant: whenever a thread stands between two
// native instructions, every mirrored byte equals its copy.
//
// One locked OS thread owns the target: it makes every ptrace call and every wait (ptrace(2): requests must come from
// the tracing thread). A stop is decoded once, handled to its end, and never nests; what must wait for another stop is
// kept in the thread as its continuation. Nothing here locks, because nothing else touches an engine that runs.
//
//	          +------------------- loop (run.go) -------------------+
//	wait ---> | miss: translate, link     syscall: table or handler |
//	          | signal: frame + mirror    fault: native or ours     | ---> resume
//	          | clone, exec, exit         safe point: commands      |
//	          +-----------------------------------------------------+
package engine
