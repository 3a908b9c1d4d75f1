package draw

import (
	"fmt"
	"testing"
)

// A sheet gives what a new canvas would, whatever was on it before.
func TestSheet(t *testing.T) {
	dark, err := NewTheme("dark")
	if err != nil {
		t.Fatal(err)
	}
	mono, err := NewTheme("mono")
	if err != nil {
		t.Fatal(err)
	}
	paint := func(s Surface, i int) {
		s.Frame(Focus)
		s.Text(2, 2, Title, fmt.Sprintf("frame %d", i/2))
		s.Text(i%9, 3, Warn, "wide 語 and e\u0301 and \x01")
		s.Text(3, 4+i%3, Bad, "here and there")
		s.Mark(1, 4, 10, Select)
	}
	var sheet Sheet
	for i := range 40 {
		w, h, theme := 40, 12, dark
		if i%10 > 6 {
			w, h = 30, 9
		}
		if i%7 > 4 {
			theme = mono
		}
		paint(sheet.Canvas(w, h, theme), i)
		want := NewCanvas(w, h, theme)
		paint(want, i)
		if got := sheet.String(); got != want.String() {
			t.Fatalf("frame %d:\n%q\n%q", i, got, want.String())
		}
	}
}

// Text of one byte a column takes a shorter way, to the same end.
func TestWidth(t *testing.T) {
	for text, want := range map[string]int{"": 0, "plain": 5, "e\u0301tat": 4, "語": 2, "a\u0301": 1} {
		if got := Width(text); got != want {
			t.Errorf("%q takes %d columns, not %d", text, got, want)
		}
		if got := Fit(text, 3); Width(got) > 3 {
			t.Errorf("%q cut to 3 columns takes %d: %q", text, Width(got), got)
		}
	}
	s := NewCanvas(8, 1, func() *Theme { d, _ := NewTheme("mono"); return d }())
	if end := s.Text(0, 0, Plain, "ae\u0301b"); end != 3 || s.Plain() != "ae\u0301b\n" {
		t.Errorf("%d, %q", end, s.Plain())
	}
}
