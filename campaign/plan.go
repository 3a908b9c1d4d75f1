package campaign

import (
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"

	"kmv/engine/view"
	"kmv/inject"
)

// Cell is a stratum: runs are spread over all cells evenly.
type Cell struct {
	Region string `json:"region"` // WHERE of the injection
	Kind   string `json:"kind"`   // WHAT and half
	Third  string `json:"third"`  // of the run: early, middle or late
}

// Trial is one run to be made.
type Trial struct {
	Target   string   `json:"target"`
	N        int      `json:"n"` // from 1, in its target
	Cell     Cell     `json:"cell"`
	Specs    []string `json:"specs"`
	Mirrored bool     `json:"mirrored"`
}

// size is what the calibration run tells about a program.
type size struct {
	syscalls uint64
	seconds  float64
	regions  []string // that it has
}

// kinds of errors that a mirror must make harmless. A flip in the native half is not among them: what a program reads
// before the scrubber comes is wrong, and nothing tells.
var kinds = []struct {
	what string
	half view.Half
}{{"page", view.Native}, {"page", view.Backup}, {"flip", view.Backup}, {"cacheline", view.Backup}}

var thirds = []string{"early", "middle", "late"}

// regions that are broken, if a program has them.
var regions = []string{"heap", "stack", "data", "anon"}

// draft is an error without its moment and seed.
type draft struct {
	cell Cell
	spec string // with ",half=" and the like
}

// drafts are the cells of a campaign, without thirds: those of the user's SPECs, or region x kind.
func drafts(specs []string, s size) []draft {
	var list []draft
	for _, text := range specs {
		what, rest, _ := strings.Cut(text, "@")
		where, options, _ := strings.Cut(rest, ",")
		if options != "" {
			what += "," + options
		}
		list = append(list, draft{Cell{Region: where, Kind: what}, text})
	}
	if list != nil {
		return list
	}
	for _, region := range s.regions {
		for _, k := range kinds {
			list = append(list, draft{Cell{Region: region, Kind: k.what + " " + string(k.half)}, fmt.Sprintf("%s@%s,half=%s", k.what, region, k.half)})
		}
	}
	return list
}

// plan makes the trials of one target: n of them, with rate errors each. The same trials without a mirror break the only
// copy that there is.
func plan(target string, n, rate int, seed uint64, specs []string, s size, mirrored bool) []Trial {
	list := drafts(specs, s)
	if !mirrored {
		for i := range list {
			list[i] = list[i].unmirrored()
		}
	}
	cells := len(list) * len(thirds)
	order := source(seed, target, 0).Perm(cells)
	var trials []Trial
	for i := range n {
		round, cell := i/cells, order[i%cells]
		d, third := list[cell/len(thirds)], cell%len(thirds)
		t := Trial{Target: target, N: i + 1, Cell: d.cell, Mirrored: mirrored}
		t.Cell.Third = thirds[third]
		r := source(seed, target, i+1)
		for range rate {
			at := (float64(third) + r.Float64()) / float64(len(thirds))
			t.Specs = append(t.Specs, d.complete(at, round%2 == 1, r.Uint64()>>12, s))
		}
		trials = append(trials, t)
	}
	return trials
}

// sooner halves the moments that are times or counts of system calls; false if there are none.
func (t *Trial) sooner() bool {
	specs, changed := slices.Clone(t.Specs), false
	for i, s := range specs {
		before, rest, found := strings.Cut(s, ",when=")
		for _, unit := range []string{"us", "syscalls"} {
			digits, after, counted := strings.Cut(rest, unit+",")
			if n, err := strconv.Atoi(digits); found && counted && err == nil {
				specs[i], changed = fmt.Sprintf("%s,when=%d%s,%s", before, max(n/2, 1), unit, after), true
			}
		}
	}
	t.Specs = specs
	return changed
}

// source gives the random choices of a trial.
func source(seed uint64, target string, n int) *rand.Rand {
	h := fnv.New64a()
	h.Write([]byte(target))
	return rand.New(rand.NewPCG(seed, h.Sum64()+uint64(n)))
}

// unmirrored is the same error in the only half that there is.
func (d draft) unmirrored() draft {
	for _, half := range []view.Half{view.Backup, view.Both} {
		d.spec = strings.ReplaceAll(d.spec, ",half="+string(half), "")
		d.cell.Kind = strings.ReplaceAll(strings.ReplaceAll(d.cell.Kind, ",half="+string(half), ""), " "+string(half), " native")
	}
	return d
}

// complete adds a moment, a fraction of the run, and a seed, unless the SPEC has them. Every other round counts time
// instead of system calls: programs that compute make none for long.
func (d draft) complete(at float64, byTime bool, seed uint64, s size) string {
	spec := d.spec
	if parsed, err := inject.Parse(spec); err == nil && parsed.When.IsNow() {
		const few = 30
		if at *= 0.98; byTime || s.syscalls < few { // not behind the end
			spec += fmt.Sprintf(",when=%dus", 1+int(at*s.seconds*1e6))
		} else {
			spec += fmt.Sprintf(",when=%dsyscalls", 1+int(at*float64(s.syscalls)))
		}
	}
	if !strings.Contains(spec, ",seed=") {
		spec += fmt.Sprintf(",seed=%d", seed)
	}
	return spec
}
