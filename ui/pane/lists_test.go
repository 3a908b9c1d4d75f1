package pane

import (
	"slices"
	"testing"

	"kmv/engine/view"
)

// TestTree: processes stand below those that started them, whatever their numbers are.
func TestTree(t *testing.T) {
	d := &Data{Now: &view.Snapshot{Program: "/bin/sh", Pid: 3, Processes: []view.Process{{Pid: 3, Parent: 900, Program: "/bin/echo"}, {Pid: 700, Parent: 1}, {Pid: 900, Parent: 700}},
		Threads: []view.Thread{{ID: 3, Pid: 3}, {ID: 5, Pid: 700}, {ID: 700, Pid: 700}, {ID: 900, Pid: 900}, {ID: 42, Pid: 41}}}}
	var got [][2]int
	for _, l := range NewThreads().lines(d) {
		if l.process != nil {
			got = append(got, [2]int{l.depth, l.process.Pid})
		} else {
			got = append(got, [2]int{l.depth, l.thread.ID})
		}
	}
	want := [][2]int{{0, 700}, {0, 5}, {0, 700}, {1, 900}, {1, 900}, {2, 3}, {2, 3}, {0, 42}}
	if !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	h := Header{Processes: d.Now.Processes}
	if name := h.target(d.Now); name != "sh > echo" {
		t.Error(name)
	}
}

// TestBrief: a name that fits is left alone; else its brackets are emptied, but not those of operators.
func TestBrief(t *testing.T) {
	for _, c := range []struct {
		symbol string
		w      int
		want   string
	}{
		{"deposit(Account&, long)+0xc", 40, "deposit(Account&, long)+0xc"},
		{"deposit(Account&, long)+0xc", 20, "deposit()+0xc"},
		{"std::vector<int, std::allocator<int> >::operator[](unsigned long)", 40, "std::vector<>::operator[]()"},
		{"std::ostream& std::operator<< <std::char_traits<char> >(std::ostream&, char const*)", 50, "std::ostream& std::operator<< <>()"},
		{"f<(a)1>(int)", 4, "f<>~"},
	} {
		if got := brief(c.symbol, c.w); got != c.want {
			t.Errorf("%q in %d is %q, want %q", c.symbol, c.w, got, c.want)
		}
	}
}
