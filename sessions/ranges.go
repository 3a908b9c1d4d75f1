package sessions

import (
	"cmp"
	"maps"
	"slices"

	"kmv/engine/view"
)

func keyOf(r view.Range) RangeKey { return RangeKey{r.Start, r.Kind, r.Name} }

// rangeBase keeps the last ranges.
type rangeBase map[RangeKey]view.Range

// differ says which ranges changed, nil if none did, and keeps them.
func (base rangeBase) differ(now []view.Range) *RangeDelta {
	var d RangeDelta
	seen := make(map[RangeKey]bool, len(now))
	for _, r := range now {
		k := keyOf(r)
		seen[k] = true
		if old, known := base[k]; !known || old != r {
			d.Set = append(d.Set, r)
			base[k] = r
		}
	}
	for k := range base {
		if !seen[k] {
			d.Gone = append(d.Gone, k)
			delete(base, k)
		}
	}
	if d.Set == nil && d.Gone == nil {
		return nil
	}
	slices.SortFunc(d.Gone, func(a, b RangeKey) int { return cmp.Compare(a.Start, b.Start) })
	return &d
}

// apply makes the changes, and gives all ranges in order.
func (base rangeBase) apply(d *RangeDelta) []view.Range {
	for _, k := range d.Gone {
		delete(base, k)
	}
	for _, r := range d.Set {
		base[keyOf(r)] = r
	}
	return slices.SortedFunc(maps.Values(base), func(a, b view.Range) int {
		return cmp.Or(cmp.Compare(a.Start, b.Start), cmp.Compare(b.End, a.End), cmp.Compare(a.Name, b.Name))
	})
}

// gapKey names a source of unmirrored writes.
type gapKey struct{ kind, where, name string }

// gapBase keeps the last gaps.
type gapBase map[gapKey]view.Gap

// differ gives those that are new or have another count, and keeps them.
func (base gapBase) differ(now []view.Gap) (changed []view.Gap) {
	for _, g := range now {
		k := gapKey{g.Kind, g.Where, g.Name}
		if base[k] != g {
			changed = append(changed, g)
			base[k] = g
		}
	}
	return changed
}

// apply adds changes, and gives all, the most frequent first.
func (base gapBase) apply(changed []view.Gap) []view.Gap {
	for _, g := range changed {
		base[gapKey{g.Kind, g.Where, g.Name}] = g
	}
	return slices.SortedFunc(maps.Values(base), func(a, b view.Gap) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Where, b.Where), cmp.Compare(a.Name, b.Name))
	})
}
