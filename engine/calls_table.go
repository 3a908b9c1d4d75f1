package engine

import (
	"encoding/binary"
)

// System calls run in the target by a table of handlers, which all threads of an address space look into; without one, the
// call stops. The table says what holds for the run at the moment:
//
//	a trigger counts calls                     all stop
//	the routines were made without a mirror,
//	and now there is one                       those that may write stop
//	shared objects can be written by calls     those stop (object_write.go)
//	a program has installed filters            those that a filter may forbid stop (filters.go)

// allowCalls fills the table of a code cache.
func (e *engine) allowCalls(c *codeCache) {
	for nr, at := range e.runtime().table {
		if at != 0 && e.mustStop(c, uint64(nr)) {
			at = 0
		}
		binary.LittleEndian.PutUint32(c.mem[tableSection+4*nr:], at)
	}
}

// allowCallsEverywhere does it for the whole tree.
func (e *engine) allowCallsEverywhere() {
	for _, c := range e.allCaches() {
		e.allowCalls(c)
	}
}

func (e *engine) mustStop(c *codeCache, nr uint64) bool {
	if e.triggers.stopCalls || c.judged[nr] || c.mirrorLate && mayRunInTarget(nr) {
		return true
	}
	row, writes := writesAt[nr]
	return writes && (e.watching == watchWrites || e.watching == watchOpens && row.fd < 0)
}
