package ui

import "kmv/engine/view"

// rates are stores a second: of the whole run for the sparkline, and of each range.
type rates struct {
	values []float64
	ranges map[uint64]float64
	before map[uint64]uint64
	at     float64
}

const rateLength = 120

func (r *rates) add(old, now *view.Snapshot) {
	if d := now.Time - old.Time; d >= 0.02 && now.Counters.Stores >= old.Counters.Stores && old.Time > 0 {
		r.values = append(r.values, float64(now.Counters.Stores-old.Counters.Stores)/d)
		if len(r.values) > rateLength {
			r.values = r.values[len(r.values)-rateLength:]
		}
	}
	if len(now.Ranges) == 0 || now.Time-r.at < 0.2 {
		return
	}
	next, per := map[uint64]uint64{}, map[uint64]float64{}
	for _, g := range now.Ranges {
		next[g.Start] = g.Stores
		if was, ok := r.before[g.Start]; ok && g.Stores >= was {
			per[g.Start] = float64(g.Stores-was) / (now.Time - r.at)
		}
	}
	r.before, r.ranges, r.at = next, per, now.Time
}
