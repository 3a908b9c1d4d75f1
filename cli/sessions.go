package cli

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"kmv/sessions"
)

// statusDamaged is what `kmv sessions verify` says of a file that is not whole.
const statusDamaged = 1

func (a *app) sessionsCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "sessions",
		Short: "List, show, check and export recordings of runs",
		Long: `Recordings are made by kmv run --record FILE, or by :record FILE on the screen. A file that was cut off by a crash, or damaged,
is read as far as it is whole.`,
		Example: `  kmv sessions ls
  kmv sessions show run.kmv
  kmv sessions export --html run.kmv -o run.html`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(a.sessionsList(), a.sessionsShow(), a.sessionsVerify(), a.sessionsExport())
	return cmd
}

func (a *app) sessionsList() *cobra.Command {
	return &cobra.Command{
		Use:   "ls [DIR]",
		Short: "List the recordings (*.kmv) in a directory",
		Args:  cobra.MaximumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			dir := "."
			if len(args) > 0 {
				dir = args[0]
			}
			if info, err := os.Stat(dir); err == nil && info.Mode().IsRegular() {
				sessions.List(a.out, args)
				return nil
			}
			entries, err := os.ReadDir(dir)
			if err != nil {
				return failure{err: err, hint: "kmv sessions ls needs a directory, or a recording"}
			}
			var files []string
			for _, e := range entries {
				if filepath.Ext(e.Name()) == ".kmv" && !e.IsDir() {
					files = append(files, filepath.Join(dir, e.Name()))
				}
			}
			if files == nil {
				return failure{err: fmt.Errorf("no recordings (*.kmv) in %s", dir), hint: "kmv run --record FILE.kmv -- PROG makes one"}
			}
			sessions.List(a.out, files)
			return nil
		},
	}
}

func (a *app) sessionsShow() *cobra.Command {
	var all bool
	cmd := &cobra.Command{
		Use:   "show FILE",
		Short: "Show what a recording holds: the run, failures, gaps, stops, events",
		Args:  oneFile,
		RunE: func(_ *cobra.Command, args []string) error {
			r, err := readRecording(args[0])
			if err == nil {
				sessions.Show(a.out, r, all)
			}
			return err
		},
	}
	cmd.Flags().BoolVar(&all, "all", false, "every row of every table")
	return cmd
}

func (a *app) sessionsVerify() *cobra.Command {
	return &cobra.Command{
		Use:   "verify FILE",
		Short: "Check a recording: status 0 if all of it can be read, 1 if it is cut off or damaged, 125 if it is none",
		Args:  oneFile,
		RunE: func(_ *cobra.Command, args []string) error {
			r, err := readRecording(args[0])
			if err == nil && !sessions.Verify(a.out, r) {
				a.status = statusDamaged
			}
			return err
		},
	}
}

func (a *app) sessionsExport() *cobra.Command {
	var html, cast, json bool
	var out string
	cmd := &cobra.Command{
		Use:   "export --html|--cast|--json FILE [-o OUT]",
		Short: "Turn a recording into a page with charts, a film of the screen, or plain JSON lines",
		Args:  oneFile,
		RunE: func(_ *cobra.Command, args []string) error {
			r, err := readRecording(args[0])
			if err != nil {
				return err
			}
			write := sessions.WriteHTML
			switch {
			case cast:
				write = writeCast
			case json:
				write = sessions.WriteJSON
			}
			return a.export(r, out, write)
		},
	}
	cmd.Flags().BoolVar(&html, "html", false, "one page that needs nothing else: charts, failures, gaps, ranges, events")
	cmd.Flags().BoolVar(&cast, "cast", false, "the screen at each recorded moment, for asciinema (asciicast v2, 120x40)")
	cmd.Flags().BoolVar(&json, "json", false, "the lines of the recording, as docs/session-format.md describes them")
	cmd.Flags().StringVarP(&out, "out", "o", "-", "write to `OUT` (- is standard output)")
	cmd.MarkFlagsMutuallyExclusive("html", "cast", "json")
	cmd.MarkFlagsOneRequired("html", "cast", "json")
	return cmd
}

// export writes a recording to a file or to standard output.
func (a *app) export(r *sessions.Recording, name string, write func(io.Writer, *sessions.Recording) error) error {
	var out io.WriteCloser = closer{a.out}
	if name != "-" {
		f, err := os.Create(name)
		if err != nil {
			return failure{err: err, hint: "-o needs a file that can be written, or - for standard output"}
		}
		out = f
	}
	buffer := bufio.NewWriter(out)
	err := errors.Join(write(buffer, r), buffer.Flush(), out.Close())
	if err != nil {
		return failure{err: fmt.Errorf("write %s: %w", name, err), hint: "is the disk full?"}
	}
	for _, d := range r.Damage {
		fmt.Fprintf(a.err, "kmv: %s: %s\n", r.Path, d)
	}
	return nil
}

// oneFile demands the name of a recording.
func oneFile(cmd *cobra.Command, args []string) error {
	if len(args) != 1 {
		return failure{err: errors.New("one recording is needed"), hint: cmd.UseLine()}
	}
	return nil
}

// readRecording reads a file, with a hint if it cannot be used.
func readRecording(name string) (*sessions.Recording, error) {
	r, err := sessions.Read(name)
	var unreadable *sessions.ReadError
	switch {
	case errors.As(err, &unreadable):
		return nil, failure{err: err, hint: unreadable.Hint}
	case err != nil:
		return nil, failure{err: err, hint: "kmv sessions ls DIR lists recordings"}
	}
	return r, nil
}
