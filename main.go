// Command kmv runs unmodified x86-64 Linux programs with every memory write executed twice. See README.md.
package main

import (
	"os"

	"kmv/cli"
	"kmv/engine"
)

func main() {
	os.Exit(cli.Main(os.Args[1:], engine.Run))
}
