package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"kmv/control"
	"kmv/engine"
	"kmv/engine/view"
	"kmv/inject"
	"kmv/shadowmem"
)

// injectFlag is --inject, which may be given again.
type injectFlag struct{ specs []inject.Spec }

func (f *injectFlag) Type() string { return "SPEC" }
func (f *injectFlag) String() string {
	var texts []string
	for _, s := range f.specs {
		texts = append(texts, s.Text)
	}
	return strings.Join(texts, " ")
}

func (f *injectFlag) Set(text string) error {
	s, err := inject.Parse(text)
	if err != nil {
		return underlined(err)
	}
	f.specs = append(f.specs, s)
	return nil
}

// underlined shows a wrong SPEC with its bad token underlined.
func underlined(err error) error {
	var bad *shadowmem.SpecError
	if errors.As(err, &bad) {
		return fmt.Errorf("%q %s\n%s", bad.Token(), bad.Problem, indent(bad.Underlined()))
	}
	return err
}

// arm puts the errors that are to be made into the options of a run.
func (f *injectFlag) arm(o *engine.Options) []*inject.Injector {
	var all []*inject.Injector
	for _, s := range f.specs {
		in := inject.New(s)
		o.Triggers = append(o.Triggers, in.Triggers()...)
		all = append(all, in)
	}
	return all
}

func (a *app) injectCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "inject PID|SOCKET SPEC...",
		Short: "Break memory of a program that runs under kmv",
		Long: `Make memory errors in a run that was started with kmv run --control. PID is that of kmv or of its program.

SPEC is ` + inject.Forms + `.
` + inject.Help(),
		Example: `  kmv inject 1234 page@heap
  kmv inject 1234 flip:2@stack,half=mirror,seed=7
  kmv inject /run/user/1000/kmv/1234.sock page@data,every=100ms`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) < 2 {
				return failure{err: errors.New("a run and what to do to it are needed"), hint: "kmv inject PID SPEC, such as kmv inject 1234 page@heap"}
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error { return a.inject(cmd.Context(), args[0], args[1:]) },
	}
}

// inject tells a run to break memory, and prints what was done.
func (a *app) inject(ctx context.Context, run string, specs []string) error {
	for _, text := range specs {
		if _, err := inject.Parse(text); err != nil {
			return failure{err: underlined(err), hint: "kmv inject --help explains SPEC"}
		}
	}
	c, err := control.Dial(run)
	if err != nil {
		return failure{err: err, hint: "kmv run --control auto -- PROG starts a run that can be reached"}
	}
	defer c.Close()
	for _, text := range specs {
		reply, err := c.Do(ctx, view.Command{Op: view.Inject, Text: text})
		if err != nil {
			return failure{err: fmt.Errorf("%s: %w", text, err), hint: "choose memory that the program has written: kmv run --report - lists ranges"}
		}
		fmt.Fprintln(a.out, reply.Text)
	}
	return nil
}
