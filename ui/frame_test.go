package ui

import (
	"context"
	"fmt"
	"testing"

	tea "charm.land/bubbletea/v2"

	"kmv/engine/view"
	"kmv/sessions"
)

// BenchmarkFrame draws stops of a recording one after the other, as stepping does: the canvas, and what Bubble Tea makes of it.
func BenchmarkFrame(b *testing.B) {
	for _, size := range [][2]int{{80, 24}, {120, 40}, {200, 60}} {
		b.Run(fmt.Sprintf("%dx%d", size[0], size[1]), func(b *testing.B) {
			run, err := sessions.Open("testdata/ledger.kmv")
			if err != nil {
				b.Fatal(err)
			}
			m, err := New(Options{Run: mute{run}})
			if err != nil {
				b.Fatal(err)
			}
			defer m.Close()
			m.Update(tea.WindowSizeMsg{Width: size[0], Height: size[1]})
			var snaps []*view.Snapshot
			for at := 1; at <= 20; at++ {
				run.Do(context.Background(), view.Command{Op: view.Seek, Count: at})
				s, err := run.Look(context.Background(), m.query(true))
				if err != nil {
					b.Fatal(err)
				}
				m.looked(snapshotMsg{m.link, s, nil, true, nil})
				snaps = append(snaps, s)
			}
			b.ReportAllocs()
			b.ResetTimer()
			n := 0
			for i := 0; b.Loop(); i++ {
				m.looked(snapshotMsg{m.link, snaps[i%len(snaps)], nil, true, nil})
				n += len(m.View().Content)
			}
			b.ReportMetric(float64(n)/float64(b.N), "bytes/frame")
		})
	}
}
