package cli

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"kmv/testdata/demo"
	"kmv/ui"
)

func (a *app) demoCommand() *cobra.Command {
	var f screenFlags
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "A guided tour with a small program: a store doubled, a mirror switched off and on, a page broken and healed",
		Long: `Start a small program that comes with kmv on the screen, and lead through it: Enter goes on, Esc ends the tour, and every key
works as in kmv tui all the while.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			o, err := f.options()
			if err != nil {
				return err
			}
			dir, err := unpackDemo()
			if err != nil {
				return failure{err: fmt.Errorf("unpack the program: %w", err), hint: "TMPDIR names another directory"}
			}
			defer os.RemoveAll(dir)
			o.Tour = ui.DemoTour()
			return a.runOnScreen(cmd.Context(), o, []string{"--scrub=off"}, []string{filepath.Join(dir, "ledger")}, dir)
		},
	}
	f.add(cmd.Flags())
	for _, name := range []string{"connect", "replay", "readonly"} {
		cmd.Flags().MarkHidden(name)
	}
	return cmd
}

// unpackDemo puts the program, and its source where the debugging information looks for it, into a directory.
func unpackDemo() (string, error) {
	dir, err := os.MkdirTemp("", "kmv-demo-")
	if err != nil {
		return "", err
	}
	if err = os.Mkdir(filepath.Join(dir, "src"), 0o700); err == nil {
		err = os.WriteFile(filepath.Join(dir, "src", "ledger.c"), demo.Source, 0o600)
	}
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, "ledger"), demo.Program, 0o700)
	}
	return dir, err
}
