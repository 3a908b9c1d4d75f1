package cli

import (
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
)

// Garbage is collected once there is a fifth as much as what is in use, but not before garbageLeast of it: most of the heap are tables
// without pointers, one entry a translated block, so that collecting takes little time, and the program's machine has that memory for
// itself. Of a small heap it takes a millisecond all the same.
const (
	garbageShare = 20 // percent
	garbageLeast = 8 << 20
)

// collectOften keeps the heap small. A short run shall not collect at all: this begins with the first time, and looks again each time.
func collectOften() {
	if os.Getenv("GOGC") != "" {
		return
	}
	now := 100
	var look func(*[64]byte)
	look = func(b *[64]byte) {
		if want := collectAt(heapInUse()); want > now || want < now*3/4 { // setting it stops the world
			now = want
			debug.SetGCPercent(want)
		}
		runtime.SetFinalizer(b, look)
	}
	runtime.SetFinalizer(new([64]byte), look)
}

// collectAt is how many percent of garbage a heap may have.
func collectAt(used uint64) int {
	return max(garbageShare, int(garbageLeast*100/max(used, garbageLeast/4)))
}

// heapInUse is what the last collection has left.
func heapInUse() uint64 {
	live := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(live)
	if live[0].Value.Kind() != metrics.KindUint64 {
		return 0
	}
	return live[0].Value.Uint64()
}
