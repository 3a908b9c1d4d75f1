package symbols

import (
	"debug/dwarf"
	"debug/elf"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"time"

	"kmv/engine/ctype"
)

// Row is one line of the line table: code from Addr up to End belongs to Line of File.
type Row struct {
	Addr, End uint64
	File      string
	Line      int
	Statement bool // a good place for a breakpoint
}

// lineTable is the DWARF of an image: compilation units by address, rows of those that were asked for.
type lineTable struct {
	ready  chan struct{} // closed when data and units are there
	waited bool          // patience is at its end
	data   *dwarf.Data
	units  []unit
	ranges []unitRange // by low

	file      *elf.File // that has the DWARF
	sections  *sections
	types     map[dwarf.Offset]*ctype.Type
	functions map[uint64]*Function    // that were asked for, by the address
	inlined   map[string]*made        // functions that may be inlined, by name; nil until asked for
	qualified map[dwarf.Offset]string // names of declarations that are in a namespace or a class
	mentioned map[string]bool         // whether a name occurs in it, of those that were asked for
}

type unit struct {
	entry *dwarf.Entry
	rows  []Row // by Addr; nil until asked for
	read  bool
	index *index // nil until asked for

	version   int          // of DWARF
	start     dwarf.Offset // of its header
	low       uint64       // what addresses in its lists count from
	addrBase  int64        // of its part of .debug_addr
	listsBase int64        // of its part of .debug_loclists
}

type unitRange struct {
	low, high uint64
	unit      int
}

// patience is how long questions about lines and functions wait for the DWARF to be read, once: an answer without lines is better than
// a screen that stands still.
const patience = 15 * time.Millisecond

// Line is the source position of an address. ok is false where there is none, or while it is still being read.
func (im *Image) Line(addr uint64) (Row, bool) {
	if !im.waitLines(patience) {
		return Row{}, false
	}
	t := &im.lines
	i := sort.Search(len(t.ranges), func(i int) bool { return t.ranges[i].low > addr }) - 1
	if i < 0 || addr >= t.ranges[i].high {
		return Row{}, false
	}
	rows := t.rowsOf(t.ranges[i].unit)
	j := sort.Search(len(rows), func(i int) bool { return rows[i].Addr > addr }) - 1
	if j < 0 || addr >= rows[j].End || rows[j].Line == 0 {
		return Row{}, false
	}
	return rows[j], true
}

// long is how long a command waits for the DWARF: it would do something else without.
const long = 5 * time.Second

// HasLines says whether the image has line information; it waits for it.
func (im *Image) HasLines() bool { return im.waitLines(long) && im.lines.data != nil }

// Addresses are where the code of file:line begins, or of the next line below that has code. file matches a path's end.
// It waits until the DWARF is read.
func (im *Image) Addresses(file string, line int) []uint64 {
	if !im.waitLines(long) {
		return nil
	}
	t := &im.lines
	best, found := 0, []uint64(nil)
	for i := range t.units {
		if !t.hasFile(i, file) {
			continue
		}
		for _, r := range t.rowsOf(i) {
			if !r.Statement || r.Line < line || !pathEnds(r.File, file) {
				continue
			}
			if best == 0 || r.Line < best {
				best, found = r.Line, nil
			}
			if r.Line == best {
				found = append(found, r.Addr)
			}
		}
	}
	return im.firstOf(found)
}

// firstOf keeps one address per function: the lowest.
func (im *Image) firstOf(addrs []uint64) []uint64 {
	sort.Slice(addrs, func(i, j int) bool { return addrs[i] < addrs[j] })
	var kept []uint64
	seen := map[uint64]bool{}
	for _, a := range addrs {
		s, _, ok := im.Name(a)
		if ok && seen[s.Addr] {
			continue
		}
		seen[s.Addr] = true
		kept = append(kept, a)
	}
	return kept
}

// hasFile says whether a unit's table has a file of that name.
func (t *lineTable) hasFile(i int, file string) bool {
	r, err := t.data.LineReader(t.units[i].entry)
	if err != nil || r == nil {
		return false
	}
	for _, f := range r.Files() {
		if f != nil && pathEnds(f.Name, file) {
			return true
		}
	}
	return false
}

// pathEnds says whether a path is file, or ends in it behind a slash.
func pathEnds(path, file string) bool {
	return path == file || strings.HasSuffix(path, "/"+strings.TrimPrefix(file, "./"))
}

// rowsOf decodes a unit's line program.
func (t *lineTable) rowsOf(i int) []Row {
	u := &t.units[i]
	if u.read {
		return u.rows
	}
	u.read = true
	r, err := t.data.LineReader(u.entry)
	if err != nil || r == nil {
		return nil
	}
	var e dwarf.LineEntry
	var rows []Row
	open, pieces := false, false
	for r.Next(&e) == nil {
		n := len(rows)
		same := open && !e.EndSequence && e.File != nil && rows[n-1].File == e.File.Name && rows[n-1].Line == e.Line
		if pieces = e.Discriminator != 0 || same && pieces; same && pieces {
			continue // pieces of one statement: gdb takes them together
		}
		if open {
			rows[n-1].End = e.Address
		}
		if open = !e.EndSequence; open {
			name := ""
			if e.File != nil {
				name = e.File.Name
			}
			rows = append(rows, Row{Addr: e.Address, File: name, Line: e.Line, Statement: e.IsStmt})
		}
	}
	for _, r := range rows {
		if r.End > r.Addr { // of several rows at an address the last one counts
			u.rows = append(u.rows, r)
		}
	}
	sort.SliceStable(u.rows, func(i, j int) bool { return u.rows[i].Addr < u.rows[j].Addr })
	return u.rows
}

// waitLines starts reading the DWARF, the first time, and waits for it.
func (im *Image) waitLines(most time.Duration) bool {
	t := &im.lines
	im.once.Do(func() {
		t.ready = make(chan struct{})
		go t.load(im.file, im.Path)
	})
	select {
	case <-t.ready:
		return true
	default:
	}
	if most == patience && t.waited {
		return false
	}
	select {
	case <-t.ready:
		return true
	case <-time.After(most):
		t.waited = true
		return false
	}
}

// load reads DWARF, of the file or of the one that distributions keep apart by build-id.
func (t *lineTable) load(f *elf.File, path string) {
	defer close(t.ready)
	if f.Section(".debug_line") == nil && f.Section(".zdebug_line") == nil {
		apart, err := elf.Open(debugFile(f, path))
		if err != nil {
			return
		}
		f = apart
	}
	data, err := f.DWARF()
	if err != nil {
		return
	}
	info := debugSection(f, "info")
	r := data.Reader()
	for {
		e, err := r.Next()
		if err != nil || e == nil {
			break
		}
		if e.Tag == dwarf.TagCompileUnit || e.Tag == dwarf.TagSkeletonUnit {
			ranges, _ := data.Ranges(e)
			for _, x := range ranges {
				t.ranges = append(t.ranges, unitRange{x[0], x[1], len(t.units)})
			}
			u := unit{entry: e}
			u.describe(info, e)
			t.units = append(t.units, u)
		}
		r.SkipChildren()
	}
	sort.Slice(t.ranges, func(i, j int) bool { return t.ranges[i].low < t.ranges[j].low })
	t.data, t.file = data, f
}

// debugFile is where the DWARF of a stripped file would be (gdb manual, "Debugging Information in Separate Files").
func debugFile(f *elf.File, path string) string {
	const header = 16 // of a note, with the name "GNU\0"
	if s := f.Section(".note.gnu.build-id"); s != nil {
		if b, err := s.Data(); err == nil && len(b) > header+1 {
			id := b[header:]
			const digits = "0123456789abcdef"
			var hex strings.Builder
			for i, v := range id {
				if i == 1 {
					hex.WriteByte('/')
				}
				hex.WriteByte(digits[v>>4])
				hex.WriteByte(digits[v&15])
			}
			return "/usr/lib/debug/.build-id/" + hex.String() + ".debug"
		}
	}
	return filepath.Join("/usr/lib/debug", path+".debug")
}

// Lines are the lines of a source file, or none.
func Lines(file string) []string {
	b, err := os.ReadFile(file)
	if err != nil {
		return nil
	}
	return strings.Split(strings.ReplaceAll(string(b), "\r\n", "\n"), "\n")
}
