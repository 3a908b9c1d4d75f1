package campaign

import (
	"reflect"
	"strings"
	"testing"

	"kmv/engine/view"
	"kmv/inject"
)

var normal = size{syscalls: 900, seconds: 0.3, regions: []string{"heap", "stack", "data"}}

// TestPlan: the cells are filled evenly, each SPEC parses, and its moment lies in its third of the run.
func TestPlan(t *testing.T) {
	const n = 3 * 4 * 3 * 4 // regions, kinds, thirds, rounds
	trials := plan("x", n, 1, 7, nil, normal, true)
	cells := map[Cell]int{}
	byCalls, seeds := 0, map[uint64]bool{}
	for i, tr := range trials {
		cells[tr.Cell]++
		s, err := inject.Parse(tr.Specs[0])
		if err != nil || len(tr.Specs) != 1 || tr.N != i+1 || !tr.Mirrored {
			t.Fatalf("%+v: %v", tr, err)
		}
		at := s.When.After.Seconds() / normal.seconds
		if s.When.Syscalls > 0 {
			at = float64(s.When.Syscalls) / float64(normal.syscalls)
			byCalls++
		}
		third := map[string]float64{"early": 0, "middle": 1, "late": 2}[tr.Cell.Third]
		if at < 0.95*third/3 || at > (third+1)/3+0.01 {
			t.Errorf("%s is at %.2f of the run, %s", tr.Specs[0], at, tr.Cell.Third)
		}
		if tr.Cell.Region != s.Where.Text || tr.Cell.Kind != s.Kind.String()+" "+string(s.Half) {
			t.Errorf("%s in cell %+v", tr.Specs[0], tr.Cell)
		}
		seeds[s.Seed] = true
	}
	if len(cells) != 36 || len(seeds) != n || byCalls != n/2 {
		t.Errorf("%d cells, %d seeds, %d moments in system calls", len(cells), len(seeds), byCalls)
	}
	for c, k := range cells {
		if k != 4 {
			t.Errorf("cell %+v has %d trials", c, k)
		}
	}
}

// TestPlanIsSeeded: a trial depends on seed, target and its number only, so that it can be made again alone.
func TestPlanIsSeeded(t *testing.T) {
	all := plan("x", 100, 2, 7, nil, normal, true)
	if again := plan("x", 50, 2, 7, nil, normal, true); !reflect.DeepEqual(again, all[:50]) {
		t.Error("a shorter campaign has other trials")
	}
	for name, other := range map[string][]Trial{"seed": plan("x", 100, 2, 8, nil, normal, true), "target": plan("y", 100, 2, 7, nil, normal, true)} {
		same := 0
		for i := range all {
			if reflect.DeepEqual(all[i].Specs, other[i].Specs) {
				same++
			}
		}
		if same > 5 {
			t.Errorf("another %s: %d of 100 trials are the same", name, same)
		}
	}
}

// TestPlanOfSpecs: what the user says about moment, seed and half stays.
func TestPlanOfSpecs(t *testing.T) {
	specs := []string{"page@stack,when=main,seed=3", "flip:2@heap,half=mirror"}
	for _, tr := range plan("x", 60, 1, 1, specs, normal, true) {
		s, err := inject.Parse(tr.Specs[0])
		if err != nil {
			t.Fatal(err)
		}
		if s.Kind == inject.Page && (s.When.Place != "main" || s.Seed != 3) || s.Kind == inject.Flip && (s.Bits != 2 || s.When.IsNow() || s.Half != view.Backup) {
			t.Errorf("%s", tr.Specs[0])
		}
	}
	for _, tr := range plan("x", 60, 1, 1, append(specs, "page@data,half=both"), normal, false) {
		if strings.Contains(tr.Specs[0], "half=") || strings.Contains(tr.Cell.Kind, "mirror") || tr.Mirrored {
			t.Errorf("without a mirror: %+v", tr)
		}
	}
	for _, tr := range plan("x", 60, 1, 1, nil, size{syscalls: 5, seconds: 2, regions: []string{"stack"}}, true) {
		if strings.Contains(tr.Specs[0], "syscalls") {
			t.Errorf("%s in a program with 5 system calls", tr.Specs[0])
		}
	}
}
