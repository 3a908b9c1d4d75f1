package engine

import (
	"reflect"
	"runtime/debug"
)

// growMuch is how large a table is, in bytes, whose old place is given back to the kernel at once when it moves.
const growMuch = 2 << 20

// grow makes room for n more elements in a table. The tables of a compiler's blocks have ten and more MiB: doubled like an
// append does it, and collected at leisure, they would take as much memory again.
func grow[T any](table *[]T, n int) {
	s := *table
	if cap(s)-len(s) >= n {
		return
	}
	bigger := make([]T, len(s), len(s)+max(n, 64)+len(s)/8)
	copy(bigger, s)
	*table = bigger
	if cap(s)*int(reflect.TypeFor[T]().Size()) > growMuch {
		debug.FreeOSMemory()
	}
}
