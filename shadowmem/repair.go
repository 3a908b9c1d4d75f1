package shadowmem

import "golang.org/x/sys/unix"

// Cure says where the contents of a lost page come from.
type Cure uint8

// The cures.
const (
	Incurable   Cure = iota // there is no copy
	FromMirror              // a native page: its copy is in the mirror half
	FromNative              // a mirror page: the original
	FromFile                // a native page that was never written: its file has the same bytes
	FromNothing             // a page of the sink: it is never read
)

// Cure is what makes a lost page of this mapping good again. mirror says which half lost it. The other half may turn out to
// be lost in the same place: then there is no cure either.
//
//	mirror page                     the native page is the truth
//	mirror page of the sink         nobody reads it
//	native, with a copy             the copy; of shared memory it has the followed processes' stores only
//	native, of a file, not written  the file
//	anything else                   not mirrored: as on a machine without kmv
func (m Mapping) Cure(mirror bool) Cure {
	switch {
	case mirror && m.Copied():
		return FromNative
	case mirror && m.Twin == SourceSink:
		return FromNothing
	case mirror:
		return Incurable
	case m.Copied():
		return FromMirror
	case m.HasFile() && m.State == ReadOnly && m.Kind != VDSO:
		return FromFile
	}
	return Incurable
}

// Anonymous says whether a half of the mapping is private anonymous memory, for the kernel too.
func (m Mapping) Anonymous(mirror bool) bool {
	if mirror {
		return m.Twin == SourceAnon
	}
	return !m.HasFile() && m.Flags&unix.MAP_TYPE == unix.MAP_PRIVATE
}

// WrittenPage says, from a page's pagemap word, whether the program has written to it: it exists, and is not a file's.
func (m Mapping) WrittenPage(word uint64) bool {
	if m.HasFile() && !m.IsShared() {
		return !isFile(word)
	}
	return !untouched(word) && word&PageGuard == 0
}
