package ui

import (
	"os/exec"
	"strings"
	"testing"
)

// build compiles a program of testdata/guests/debug with what its first lines say.
func build(t *testing.T, name string, flags ...string) string {
	t.Helper()
	need(t, "g++")
	out := t.TempDir() + "/" + strings.TrimSuffix(strings.TrimSuffix(name, ".cc"), ".c")
	if b, err := exec.Command(need(t, "gcc"), append(flags, "-o", out, "../testdata/guests/debug/"+name, "-lstdc++")...).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, b)
	}
	return out
}

// gdb's words about a program's own variables, on the real binary.
func TestVariables(t *testing.T) {
	t.Parallel()
	s := sit(t, 200, 60, "tui", "--", build(t, "values.c", "-g", "-O0"))
	s.says("paused")
	s.keys(":break values.c:66 if list[i].id == 2 && nosuch" + enter)
	s.sees("is not a variable here")
	s.keys(":break 66 if list[i].id == 2" + enter)
	s.sees("breakpoint 1 at")
	s.keys(":break values.c:9999" + enter)
	s.sees("there is no code at line 9999 or behind it")
	s.keys(":break not_loaded_yet" + enter)
	s.sees("breakpoint 2 is pending: not_loaded_yet is not in what is loaded")
	s.keys("c")
	s.says("breakpoint 1 at find")
	for _, c := range [][2]string{
		{"p i", "i = 1"}, {"p copy.name", `copy.name = "bob", '\000' <repeats 12 times>`}, {"p/x copy.id", "copy.id = 0x2"}, {"whatis list", "type = struct account *"},
		{"p &list[1]", "(struct account *) 0x"}, {"p list[1].u", "list[1].u = {f = 0, bits = 0}"}, {"p list[1].nme", "is not a member of struct account"},
		{"p count->x", "is asked of an int, which has no members"}, {"p *first.next", "*first.next = {value = 2, next = 0x"}, {"p accounts[0].balance * 2", "accounts[0].balance * 2 = 21"},
		{"x/2dw &count", "3  "}, {"set var count = 7", "count = 7"}, {"p count", "count = 7"}, {"x/s name", `"bob"`}, {"p sizeof(node_t)", "sizeof(node_t) = 16"},
		{"frame 1", "#1 "}, {"p head->next->value", "head->next->value = 2"}, {"p argc", "argc = 1"}, {"frame 17", "is not a frame"}, {"frame 0", "#0 "},
		{"watch found", "watchpoint 3 on 8 bytes"}, {"tbreak 68", "breakpoint 4 at"},
	} {
		s.keys(":" + c[0] + enter)
		s.sees(c[1])
	}
	for _, c := range [][2]string{
		{"info locals", "found = 0x0"}, {"info args", `name = 0x`}, {"ptype struct node", "struct node *next;"}, {"list", "found = &list[i]; // here"}, {"list 75", "static char letter"},
		{"p list[0]", "color = RED, open = true"}, {"info registers", "rsp"},
	} {
		s.keys(":" + c[0] + enter)
		s.sees(c[1])
		s.closes()
	}
	s.keys("u:info locals" + enter)
	s.sees("locals of #1 main", "head = 0x", "bob = 0x")
	s.closes()
	s.keys("d7")
	s.sees("pending")
	s.keys("c")
	s.says("watchpoint 3, found: old 0x0, new 0x", "<accounts+64>")
	s.keys(":delete 1" + enter + "c")
	s.says("breakpoint 4 at find")
	s.keys(shiftF11)
	s.says("watchpoint 3 is deleted: the call whose found it watched has returned; finished find", "which returned (struct account *)")
	s.keys(":until 83" + enter)
	s.says("at main")
	s.keys(":p bob->name[0]@3" + enter)
	s.sees(`bob->name[0]@3 = "bob"`)
	s.kills()
}

// The same of C++ that was optimized: inlined calls have frames, and what is not kept says so.
func TestVariablesOfOptimizedCode(t *testing.T) {
	t.Parallel()
	s := sit(t, 200, 60, "tui", "--", build(t, "optimized.c", "-g", "-O2"))
	s.says("paused")
	s.keys(":break square" + enter)
	s.sees("square, inlined in")
	s.keys("c")
	s.says("breakpoint 1 at square, inlined in work")
	s.keys(":p x" + enter)
	s.sees("x = 12")
	s.keys("uu:p name" + enter)
	s.sees(`"work"`)
	s.keys(":p p" + enter)
	s.sees("p = <optimized out>")
	s.keys(":watch p" + enter)
	s.sees("it is in no place that could be watched")
	s.keys(":info stack" + enter)
	s.sees("square (x=12) [inlined]", "both (x=12) [inlined]")
	s.closes()
	s.kills()
}
