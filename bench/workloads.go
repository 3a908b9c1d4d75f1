package bench

import (
	"os/exec"
	"strings"
)

// Class groups workloads under one geometric mean.
type Class string

const (
	Micro   Class = "micro"   // one thing only, to see its price
	Real    Class = "real"    // programs at their main job
	Startup Class = "startup" // hardly more than being started
	Tree    Class = "tree"    // processes that start others, servers, code made at run time
)

// Classes are in the order in which they are shown.
var Classes = []Class{Micro, Real, Startup, Tree}

// Workload is one command line. Words that start with @ name files that are made first (files.go).
type Workload struct {
	Name  string
	Class Class
	Run   string // split at blanks
	Times int    // runs of the command per round, 1 if 0
}

// Workloads take 0.2 s to 0.5 s each, natively, on the machine where they were chosen.
var Workloads = []Workload{
	{Name: "seq-16k", Class: Micro, Run: "@seq 16384 250000"},
	{Name: "seq-256m", Class: Micro, Run: "@seq 268435456 8"},
	{Name: "random-16k", Class: Micro, Run: "@random 16384 150000000"},
	{Name: "random-256m", Class: Micro, Run: "@random 268435456 12000000"},
	{Name: "memset", Class: Micro, Run: "@memset 60"},
	{Name: "memcpy", Class: Micro, Run: "@memcpy 30"},
	{Name: "fib", Class: Micro, Run: "@fib 40"},
	{Name: "indirect", Class: Micro, Run: "@indirect 50000000"},
	{Name: "malloc", Class: Micro, Run: "@malloc 20000000"},
	{Name: "read1", Class: Micro, Run: "@read1 1200000"},

	{Name: "bzip2", Class: Real, Run: "bzip2 -c @corpus-4m"},
	{Name: "xz", Class: Real, Run: "xz -1 -T1 -c @corpus-4m"},
	{Name: "gzip", Class: Real, Run: "gzip -nc @corpus-8m"},
	{Name: "zstd", Class: Real, Run: "zstd -q -8 --single-thread -c @corpus-8m"},
	{Name: "sqlite3", Class: Real, Run: "sqlite3 :memory: -init @database.sql .quit"},
	{Name: "lua-trees", Class: Real, Run: "lua5.4 @trees.lua 16"},
	{Name: "python-nbody", Class: Real, Run: "/usr/bin/python3 @nbody.py 80000"},
	{Name: "python-mixed", Class: Real, Run: "/usr/bin/python3 @mixed.py 4"},
	{Name: "perl", Class: Real, Run: "perl @text.pl 20"},
	{Name: "sha256", Class: Real, Run: "openssl dgst -r -sha256" + strings.Repeat(" @corpus-64m", 6)},
	{Name: "cc1", Class: Real, Run: "cc1 -quiet -O2 @large.c -o /dev/stdout"},

	{Name: "true", Class: Startup, Run: "true", Times: 20},
	{Name: "spawn", Class: Startup, Run: "sh @spawn.sh 50"},
	{Name: "python-pass", Class: Startup, Run: "/usr/bin/python3 -c pass", Times: 3},

	{Name: "fork-exec", Class: Tree, Run: "sh @spawn.sh 200"},
	{Name: "fork", Class: Tree, Run: "@fork 1000"},
	{Name: "make-j2", Class: Tree, Run: "sh @build.sh 12"},
	{Name: "redis", Class: Tree, Run: "sh @redis.sh 20000"},
	{Name: "node-loop", Class: Tree, Run: "node @loop.js 60000000"},
	{Name: "luajit-loop", Class: Tree, Run: "luajit @loop.lua 60000000"},
}

// Select picks workloads by name or class, all for no names; unknown is the first name that is neither.
func Select(names []string) (chosen []Workload, unknown string) {
	known := map[string]bool{}
	for _, w := range Workloads {
		known[w.Name], known[string(w.Class)] = true, true
		for _, n := range names {
			if n == w.Name || n == string(w.Class) {
				chosen = append(chosen, w)
				break
			}
		}
	}
	for _, n := range names {
		if !known[n] {
			return nil, n
		}
	}
	if len(names) == 0 {
		chosen = Workloads
	}
	return chosen, ""
}

// find is the path of a program; of cc1, gcc knows it.
func find(name string) (string, error) {
	if name == "cc1" {
		if path, err := exec.Command("gcc", "-print-prog-name=cc1").Output(); err == nil {
			name = strings.TrimSpace(string(path))
		}
	}
	return exec.LookPath(name)
}
