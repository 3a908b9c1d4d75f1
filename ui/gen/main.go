// Command gen writes docs/tui.md from the table of actions.
package main

import (
	"log"
	"os"

	"kmv/ui"
)

func main() {
	if err := os.WriteFile("../docs/tui.md", []byte(ui.Docs()), 0o644); err != nil {
		log.Fatal(err)
	}
}
