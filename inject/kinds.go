package inject

import (
	"fmt"
	"math/rand/v2"
	"strings"

	"kmv/shadowmem"
)

// Kind is a kind of memory error.
type Kind int

// The kinds, as their names in kinds say.
const (
	Flip Kind = iota
	Stuck0
	Stuck1
	Byte
	Word
	CacheLine
	Page
	Row
)

// rowPages is how many pages a failing row of a memory chip reaches into.
const rowPages = 8

// kind is a row of kinds.
type kind struct {
	name  string
	help  string
	unit  int  // bytes that may change, aligned to their number
	pages int  // that are hit, at the same offset
	all   bool // every byte of the unit changes; else bits chosen from it
	lost  bool // contents are lost, and the processor or kernel knows
	stuck bool // the bits do not change from now on; they are
	value byte // all ones, or zeroes
}

var kinds = [...]kind{
	Flip:      {name: "flip", help: "N bits of a word change, with flip:N; else one", unit: 8, pages: 1},
	Stuck0:    {name: "stuck0", help: "a bit is 0 from now on, whatever is stored", unit: 8, pages: 1, stuck: true},
	Stuck1:    {name: "stuck1", help: "a bit is 1 from now on", unit: 8, pages: 1, stuck: true, value: 0xff},
	Byte:      {name: "byte", help: "a byte changes", unit: 1, pages: 1, all: true},
	Word:      {name: "word", help: "8 bytes change", unit: 8, pages: 1, all: true},
	CacheLine: {name: "cacheline", help: "64 bytes change", unit: 64, pages: 1, all: true},
	Page:      {name: "page", help: "a page is lost, and the processor reports it (SIGBUS)", unit: 4096, pages: 1, lost: true},
	Row:       {name: "row", help: "a bit changes at the same offset in each of 8 pages", unit: 8, pages: rowPages},
}

func (k Kind) String() string { return kinds[k].name }

// kindList names them all.
func kindList() string {
	var names []string
	for _, k := range kinds {
		names = append(names, k.name)
	}
	return strings.Join(names, ", ")
}

// Help explains the parts of a SPEC, a line each.
func Help() string {
	var b strings.Builder
	b.WriteString("WHAT is one of\n")
	for _, k := range kinds {
		fmt.Fprintf(&b, "  %-10s %s\n", k.name, k.help)
	}
	b.WriteString(`WHERE is ` + shadowmem.Forms[:strings.Index(shadowmem.Forms, ", each")] + `, or stack:TID;
of it, a page that the program has written is chosen by seed.
MOMENT is such as 300stops, 5000syscalls, 20ms, a function, or an address 0x...; without it, as soon as there is a page.`)
	return b.String()
}

// mask chooses which bits of a unit change.
func (k kind) mask(r *rand.Rand, bits int) []byte {
	b := make([]byte, k.unit)
	if k.all {
		for i := range b {
			b[i] = byte(1 + r.IntN(255))
		}
		return b
	}
	for _, bit := range r.Perm(8 * k.unit)[:bits] {
		b[bit/8] |= 1 << (bit % 8)
	}
	return b
}
