// Package cli is the command line: flags in, one call into the engine or the translator, text or a status out.
//
// Its rules: standard output belongs to the program that runs (and to `kmv translate`); kmv itself speaks on standard
// error only, each complaint with what to do next. A status says whose failure it was:
//
//	0..255   the program's own; a program killed by a signal makes kmv die of that signal
//	120      --strict, and something was not mirrored or differed
//	125      kmv itself failed
//	126 127  the program cannot be executed; there is none (as in POSIX shells, XCU 2.8.2)
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"syscall"

	"github.com/spf13/cobra"

	"kmv/engine"
)

// Version is what `kmv version` and the report say.
const Version = "0.1.0"

// Statuses of kmv's own.
const (
	statusStrict        = 120
	statusFailure       = 125
	statusNotExecutable = 126
	statusNotFound      = 127
)

// Runner runs a program to its end: engine.Run, or a stand-in for tests.
type Runner func(ctx context.Context, o engine.Options) (*engine.Report, error)

// app is what every command needs.
type app struct {
	run    Runner
	out    io.Writer
	err    io.Writer
	status int
	killed syscall.Signal // the program's fatal signal, to die of
}

// Main runs one command and returns the status to exit with.
func Main(args []string, run Runner) int {
	a := &app{run: run, out: os.Stdout, err: os.Stderr}
	status := a.main(context.Background(), args) // signals to kmv are the engine's: it hands them to the program
	if a.killed != 0 {
		dieOf(a.killed)
	}
	return status
}

func (a *app) main(ctx context.Context, args []string) int {
	root := a.root()
	root.SetArgs(args)
	if err := root.ExecuteContext(ctx); err != nil {
		return a.complain(err)
	}
	return a.status
}

func (a *app) root() *cobra.Command {
	root := &cobra.Command{
		Use:           "kmv",
		Short:         "Run a program with every memory write executed twice, and prove that the copies agree",
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          cobra.NoArgs,
		RunE:          func(cmd *cobra.Command, args []string) error { return cmd.Help() },
	}
	root.SetOut(a.out)
	root.SetErr(a.err)
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return failure{err: err, hint: "see " + cmd.CommandPath() + " --help"}
	})
	root.AddCommand(a.runCommand(), a.translateCommand(), a.benchCommand(), a.injectCommand(), a.campaignCommand(), a.sessionsCommand(), a.psCommand(), a.tuiCommand(), a.demoCommand(), a.versionCommand())
	return root
}

func (a *app) versionCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version",
		Args:  cobra.NoArgs,
		Run:   func(*cobra.Command, []string) { fmt.Fprintln(a.out, "kmv", Version) },
	}
}

// failure is an error with the status to exit with (125 when 0) and what to do next.
type failure struct {
	status int
	err    error
	hint   string
}

func (f failure) Error() string { return f.err.Error() }
func (f failure) Unwrap() error { return f.err }

// complain prints an error as two lines, what is wrong and what to do next, and returns the status.
func (a *app) complain(err error) int {
	f := failure{status: statusFailure, err: err, hint: "see kmv --help"}
	errors.As(err, &f)
	if f.status == 0 {
		f.status = statusFailure
	}
	fmt.Fprintf(a.err, "kmv: %v\n", f.err)
	if f.hint != "" {
		fmt.Fprintf(a.err, "hint: %s\n", f.hint)
	}
	return f.status
}
