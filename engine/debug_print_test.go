package engine

import (
	"context"
	"regexp"
	"strings"
	"testing"

	"kmv/engine/view"
)

// Addresses are not the same in two runs: what is compared has none.
var hexAddress = regexp.MustCompile(`0x[0-9a-f]{6,}`)

// ask makes the text that a command is answered with, or what is wrong with it.
func (s *steered) ask(c view.Command) string {
	r, err := s.Do(context.Background(), c)
	if err != nil {
		return "error: " + err.Error()
	}
	return hexAddress.ReplaceAllString(r.Text, "ADDR")
}

// answers runs gdb with commands and gives what it says to each.
func answers(t *testing.T, program string, start []string, commands []string) []string {
	t.Helper()
	all := append([]string{"set debuginfod enabled off"}, start...)
	for _, c := range commands {
		all = append(all, "echo \\n>>>\\n", c)
	}
	out := gdb(t, program, append(all, "echo \\n>>>\\n")...)
	parts := strings.Split(out, ">>>\n")
	if len(parts) != len(commands)+2 {
		t.Fatalf("gdb says\n%s", out)
	}
	var list []string
	for _, p := range parts[1 : len(parts)-1] {
		p = regexp.MustCompile(`(?m)^\$\d+ = |^type = `).ReplaceAllString(strings.TrimSpace(p), "")
		list = append(list, hexAddress.ReplaceAllString(p, "ADDR"))
	}
	return list
}

// Values are written as gdb writes them.
func TestPrintIsGdbs(t *testing.T) {
	program := guest(t, "values.c")
	rows := []string{
		"accounts", "accounts[2].id", "accounts[0]", "/x accounts[0]", "&accounts[1]", "*accounts@2", "grid", "/x grid", "many", "text", "&text", "/x text",
		"text[1]", "/c text[1]", "full", "runs", "words", "words[1]", "*words[1]", "first", "*first.next->next", "first.next", "&first", "&first.value",
		"wide", "bytes", "small", "yes", "nothing", "something", "operation", "*operation", "main", "&main", "add", "access_bits", "(enum flags)8",
		"(enum flags)12", "(enum color)7", "(enum color)5", "/d accounts[1].color", "mine", "huge", "port", "tenth", "big", "/x big", "/x small",
		"/o small", "/t port", "/c bytes", "/d bytes", "/u small", "/a operation", "hidden", "*hidden", "sizeof(struct account)", "sizeof accounts",
		"/x $sp==0", "1+2", "5/2.0", "accounts[1].balance", "accounts[0].u", "accounts[0].low", "accounts[0].op", "accounts[0].note", "*accounts[0].note",
		"&accounts[0].note", "!tenth", "first.next->value == 2", "find", "(char)65", "'a'", "/x 255", "-5", "5u", "1.5", "10/3", "accounts[1].name",
		"/d accounts[1].name", "/s bytes", "/f tenth", "/f big", "/x 3.5", "/c 65", "list[1].name", "name", "count", "list", "*list", "found", "calls", "found->id",
		"list[1].u@1", "accounts[1].x + 1", "GREEN", "(long)found == 0", "sizeof(node_t)", "(short)70000", "(unsigned char)-1", "/z port", "list + 1 == &list[1]",
		"&list[2] - list", "accounts[0].balance * 2", "*list[0].name@3", "&*list", "list->u.bits", "(int)2.9", "text[0] == 'h' && count > 2", "count ? 5 : 6", "port << 4",
	}
	var commands []string
	for _, r := range rows {
		sep := " "
		if strings.HasPrefix(r, "/") {
			sep = ""
		}
		commands = append(commands, "print"+sep+r)
	}
	whatis := []string{"accounts", "&accounts[1]", "(size)1", "add", "*words", "big", "grid", "grid[1]", "operation", "struct account", "node_t", "first.next", "tenth",
		"size", "argv", "list", "*list", "&operation", "words", "bytes", "1.5", "count + 1", "first.next->next->value"}
	for _, w := range whatis {
		if w != "argv" {
			commands = append(commands, "whatis "+w)
		}
	}
	ptypes := []string{"size", "struct account", "node_t", "first.next", "add", "enum color", "operation", "accounts", "enum flags", "grid", "hidden", "unsigned long"}
	for _, p := range ptypes {
		commands = append(commands, "ptype "+p)
	}
	commands = append(commands, "info locals", "info args")
	want := answers(t, program, []string{"break find", "run", "next", "next", "next", "next", "next", "next"}, commands)

	s := steer(t, Options{VerifyAtExit: true}, program)
	do(t, s.Live, view.Command{Op: view.Break, Text: "find"})
	s.run(view.Command{Op: view.Continue})
	for range 6 {
		s.run(view.Command{Op: view.Next})
	}
	s.compare(commands, want, 0)
	s.finish()
}

// compare asks gdb and a run under kmv the same at the same places. A command of kmv's is made of gdb's by asked.
func (s *steered) compare(commands, want []string, frame int) {
	s.t.Helper()
	for i, c := range commands {
		got := s.ask(asked(c, frame))
		if want[i] == "" && strings.HasPrefix(got, "error: ") { // where gdb complains elsewhere
			continue
		}
		if got != want[i] {
			s.t.Errorf("%s:\n%s\ngdb has\n%s", c, got, want[i])
		}
	}
}

// asked is a command of gdb's as one of kmv's.
func asked(c string, frame int) view.Command {
	word, rest, _ := strings.Cut(c, " ")
	word, format, _ := strings.Cut(word, "/")
	switch word {
	case "whatis", "ptype":
		return view.Command{Op: view.Type, Text: rest, On: word == "ptype", Frame: frame}
	case "info":
		return view.Command{Op: view.Locals, On: rest == "args", Frame: frame}
	}
	return view.Command{Op: view.Eval, Text: rest, Format: format, Frame: frame}
}

// In optimized code variables are in registers, or computed, or nowhere: the same is known of each call as gdb knows.
func TestLocalsOfOptimizedCodeAreGdbs(t *testing.T) {
	for _, flags := range [][]string{{"-gdwarf-5"}, {"-gdwarf-4"}, {"-gdwarf-5", "-O1", "-gz", "-no-pie"}} {
		t.Run(strings.Join(flags, " "), func(t *testing.T) { localsAreGdbs(t, guest(t, "optimized.c", flags...)) })
	}
}

func localsAreGdbs(t *testing.T, program string) {
	commands := []string{"info locals", "info args"}
	var all []string
	for range 4 {
		all = append(append(all, commands...), "up")
	}
	start := []string{"break report", "run"}
	var stops [][]string // all of gdb's first: an engine takes the end of any child of its process
	for range 4 {
		stops = append(stops, answers(t, program, start, all))
		start = append(start, "continue")
	}
	s := steer(t, Options{VerifyAtExit: true}, program)
	do(t, s.Live, view.Command{Op: view.Break, Text: "report"})
	for _, want := range stops {
		s.run(view.Command{Op: view.Continue})
		for frame := range 4 {
			s.compare(commands, want[3*frame:3*frame+2], frame)
			if want[3*frame+2] == "" { // gdb does not go up from main
				break
			}
		}
	}
	s.finish()
}

func TestPrintOfObjectsIsGdbs(t *testing.T) {
	program := guest(t, "objects.cc")
	inner := []string{"info locals", "print *this", "print money", "print more.cents", "print history", "print owner", "print type", "print id", "print this->id",
		"print bank::opened", "print bank::Money::currencies", "print bank::Kind::Checking", "print (bank::Kind)0", "whatis more", "whatis *this",
		"print times", "print sizeof(bank::Account)", "print this->money.cents + times"}
	outer := []string{"info locals", "print a", "print ref", "print &ref", "print box", "print points", "print points[1]", "print owned", "print lambda", "print wide",
		"print flag", "print a.history", "whatis sum", "print sum.x", "print (long)ref.id + 1", "print lambda.__sum.x", "print *&ref.owner", "ptype bank::Money::currencies"}
	start := []string{"set print static-members off", "break objects.cc:37", "run"}
	want := answers(t, program, start, append(append(append([]string{}, inner...), "up"), outer...))
	s := steer(t, Options{VerifyAtExit: true}, program)
	do(t, s.Live, view.Command{Op: view.Break, Text: "objects.cc:37", Temporary: true})
	s.run(view.Command{Op: view.Continue})
	s.compare(inner, want, 0)
	s.compare(outer, want[len(inner)+1:], 1)
	s.finish()
}
