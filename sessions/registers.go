package sessions

import (
	"bytes"
	"slices"

	"kmv/engine/view"
)

// registerBase keeps the last registers of each thread, for differences in both directions.
type registerBase map[int]*view.Registers

// differ says what changed in a thread's registers, and keeps them.
func (base registerBase) differ(thread int, now *view.Registers) RegisterDelta {
	old := base[thread]
	base[thread] = now
	d := RegisterDelta{Thread: thread, MXCSR: now.MXCSR, Wide: len(now.Vectors), Masks: now.Masks}
	if old == nil || !slices.Equal(old.Names, now.Names) || len(old.Values) != len(now.Values) {
		old, d.Full = &view.Registers{}, true
	}
	for i, v := range now.Values {
		if i < len(now.Names) && (d.Full || old.Values[i] != v) {
			d.Names, d.Values = append(d.Names, now.Names[i]), append(d.Values, v)
		}
	}
	for i, v := range now.Vectors {
		if i >= len(old.Vectors) || !bytes.Equal(old.Vectors[i], v) {
			if d.Vectors == nil {
				d.Vectors = map[int][]byte{}
			}
			d.Vectors[i] = v
		}
	}
	return d
}

// apply gives the registers that a difference leads to, nil if what it refers to is not known.
func (base registerBase) apply(d RegisterDelta) *view.Registers {
	old := base[d.Thread]
	if d.Full {
		old = &view.Registers{Names: d.Names, Values: d.Values}
	}
	if old == nil || len(d.Names) != len(d.Values) {
		return nil
	}
	now := &view.Registers{Names: old.Names, Values: slices.Clone(old.Values), Masks: d.Masks, MXCSR: d.MXCSR}
	for i, name := range d.Names {
		if j := slices.Index(now.Names, name); j >= 0 {
			now.Values[j] = d.Values[i]
		}
	}
	if !d.Full || d.Wide > 0 {
		now.Vectors = make([][]byte, min(d.Wide, mostVectors))
	}
	for i := range now.Vectors {
		v, changed := d.Vectors[i]
		switch {
		case changed:
			now.Vectors[i] = v
		case !d.Full && i < len(old.Vectors):
			now.Vectors[i] = old.Vectors[i]
		}
	}
	base[d.Thread] = now
	return now
}

// mostVectors bounds what a damaged number may ask for: AVX-512 has 32.
const mostVectors = 32
