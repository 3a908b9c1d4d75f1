package ui

import (
	"context"
	"fmt"
	"hash/crc32"
	"os"
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"

	"kmv/engine/view"
	"kmv/sessions"
	"kmv/ui/draw"
	"kmv/ui/pane"
)

// TestGoldenFrames draws every pane of recorded runs, in three sizes, in all palettes: with and without colour, dark and light. The
// text of a frame is in a file; its looks (which cells have which attributes and colours) are kept as a checksum and counts.
func TestGoldenFrames(t *testing.T) {
	for _, recording := range []string{"ledger", "threads"} {
		for _, size := range [][2]int{{80, 24}, {120, 40}, {200, 60}} {
			goldenFrames(t, recording, size)
		}
	}
}

func goldenFrames(t *testing.T, recording string, size [2]int) {
	name := fmt.Sprintf("%s-%dx%d", recording, size[0], size[1])
	t.Run(name, func(t *testing.T) {
		p, err := sessions.Open("testdata/" + recording + ".kmv")
		if err != nil {
			t.Fatal(err)
		}
		var b strings.Builder
		m := asleep(t, p, size[0], size[1])
		all, _ := p.Look(context.Background(), view.Query{})
		for _, at := range []int{1, 5, all.Stops - 1} {
			drawn := map[pane.ID]bool{} // a frame that shows nothing new is not kept again, only its looks
			for _, id := range order {
				m.show(id)
				moment(t, m, p, at)
				fmt.Fprintf(&b, "===== moment %d, %s\n", at, id)
				if !drawn[id] {
					b.WriteString(m.canvas().Plain())
				}
				for _, on := range m.shown {
					drawn[on] = true
				}
				for _, palette := range draw.Palettes {
					m.theme, _ = draw.NewTheme(palette)
					fmt.Fprintf(&b, "%s: %s\n", palette, looks(m.canvas()))
				}
			}
		}
		file := "testdata/golden-" + name + ".txt"
		if *update {
			write(t, file, b.String())
		}
		if want := read(t, file); want != b.String() {
			os.WriteFile(file+".new", []byte(b.String()), 0o644)
			t.Errorf("%s: %s\n(go test ./ui -run Golden -update accepts it; diff it with %s.new first)", file, firstDifference(want, b.String()), file)
		}
	})
}

// looks sums up the escape sequences of a frame, and counts those that tell without colour.
func looks(c draw.Surface) string {
	s := c.String()
	count := func(code string) int {
		n := 0
		for _, part := range strings.Split(s, "\x1b[")[1:] {
			params, _, _ := strings.Cut(part, "m")
			for _, p := range strings.Split(params, ";") {
				if p == code {
					n++
				}
			}
		}
		return n
	}
	colours := 0
	for _, code := range []string{"38", "48"} {
		colours += count(code)
	}
	return fmt.Sprintf("%08x, bold %d, faint %d, reverse %d, underline %d, colours %d", crc32.ChecksumIEEE([]byte(s)), count("1"), count("2"), count("7"), count("4"), colours)
}

func firstDifference(a, b string) string {
	x, y := strings.Split(a, "\n"), strings.Split(b, "\n")
	for i := range min(len(x), len(y)) {
		if x[i] != y[i] {
			return fmt.Sprintf("line %d\n-%s\n+%s", i+1, x[i], y[i])
		}
	}
	return "one is longer"
}

// mute is a run whose events do not come: they would come when they like.
type mute struct{ view.Controller }

func (mute) Events() <-chan view.Event { return nil }

// asleep is a model that nothing happens to by itself.
func asleep(t *testing.T, run view.Controller, w, h int) *Model {
	m, err := New(Options{Run: mute{run}})
	if err != nil {
		t.Fatal(err)
	}
	m.terminal.Write([]byte("\x1b[1;32mround 1\x1b[0m: 432 in the books\r\n"))
	t.Cleanup(m.Close)
	m.Update(tea.WindowSizeMsg{Width: w, Height: h})
	return m
}

// moment shows a moment of the recording: the looks that the screen would take, done here.
func moment(t *testing.T, m *Model, run view.Controller, at int) {
	t.Helper()
	if _, err := run.Do(context.Background(), view.Command{Op: view.Seek, Count: at}); err != nil {
		t.Fatal(err)
	}
	for range 3 { // the memory pane may want another look
		m.panes[pane.IDMemory].(*pane.Memory).Half = view.Native
		s, err := run.Look(context.Background(), m.query(true))
		if err != nil {
			t.Fatal(err)
		}
		m.looked(snapshotMsg{m.link, s, nil, true, nil})
	}
	m.header.Rates = []float64{0, 100, 200, 50, 400}
}
