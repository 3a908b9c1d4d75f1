// Command kmv runs unmodified x86-64 Linux programs with every memory write executed twice. See README.md.
package main

import (
	"os"
	"runtime"
	"runtime/debug"

	"kmv/cli"
	"kmv/engine"
)

func main() {
	// Most of the heap are tables without pointers, one entry a translated block: collecting often costs little time, and the
	// program's machine has that memory for itself. But a short run shall not collect at all: this begins with the first time.
	if os.Getenv("GOGC") == "" {
		runtime.SetFinalizer(new([64]byte), func(*[64]byte) { debug.SetGCPercent(20) })
	}
	os.Exit(cli.Main(os.Args[1:], engine.Run))
}
