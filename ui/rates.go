package ui

import "kmv/engine/view"

// rates are stores a second, for the sparkline.
type rates []float64

const rateLength = 120

// add takes in a snapshot of the running program. Before anything is known there is nothing to draw.
func (r *rates) add(s *view.Snapshot) {
	if c := s.Counters; s.State == view.Running && (c.Counting || c.StoreWindows > 0) {
		*r = append(*r, c.StoreRate)
		*r = (*r)[max(len(*r)-rateLength, 0):]
	}
}
