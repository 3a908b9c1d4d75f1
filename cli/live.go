package cli

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"time"

	"github.com/spf13/pflag"
	"golang.org/x/sys/unix"

	"kmv/control"
	"kmv/engine"
	"kmv/engine/view"
	"kmv/inject"
	"kmv/sessions"
	"kmv/shadowmem"
)

// liveFlags are the flags of a run that others watch and steer.
type liveFlags struct {
	control string
	events  string
	metrics string
	record  string
	paused  bool
	pty     bool
	linger  time.Duration
}

func (f *liveFlags) add(fl *pflag.FlagSet) {
	fl.StringVar(&f.control, "control", "", "let kmv tui and others steer the run through a `SOCKET`; auto: found by kmv's process id")
	fl.StringVar(&f.events, "events", "", "write what happens to `FILE`, a line of JSON each (- is standard error)")
	fl.StringVar(&f.metrics, "metrics", "", "serve counters as OpenMetrics text on `ADDR`, a loopback address such as 127.0.0.1:9100")
	fl.StringVar(&f.record, "record", "", "record the run to `FILE`; kmv sessions shows it, kmv tui --replay plays it")
	fl.BoolVar(&f.paused, "paused", false, "wait in front of the first instruction (with --control)")
	fl.DurationVar(&f.linger, "linger", 0, "end a program that is paused and watched by nobody for so long (0: never; kmv tui: "+lingering+")")
	fl.BoolVar(&f.pty, "pty", false, "give the program a terminal of its own, which a screen shows (with --control)")
}

// check says which flags do not go together.
func (f *liveFlags) check() error {
	switch {
	case f.control != "":
		return nil
	case f.paused:
		return failure{err: errors.New("--paused: nobody could ever continue the program"), hint: "add --control auto"}
	case f.pty:
		return failure{err: errors.New("--pty: nobody could ever see what the program prints"), hint: "add --control auto"}
	}
	return nil
}

// watched says whether anybody wants to know of the run while it is under way.
func (f *liveFlags) watched() bool {
	return f.control != "" || f.events != "" || f.metrics != "" || f.record != ""
}

// options are those of a watched run.
func (f *liveFlags) options(o *engine.Options) {
	o.Watched, o.Paused = f.watched(), f.paused
	if !f.pty {
		return
	}
	o.Terminal = &engine.Terminal{Columns: 80, Rows: 24}
	if size, err := unix.IoctlGetWinsize(0, unix.TIOCGWINSZ); err == nil && size.Col > 0 && size.Row > 0 {
		*o.Terminal = engine.Terminal{Columns: int(size.Col), Rows: int(size.Row)}
	}
	if os.Getenv("TERM") == "" { // kmv was not started from a terminal, the program runs on one
		o.Env = append(o.Env, "TERM=xterm-256color")
	}
}

// listen opens the control socket, or none.
func (f *liveFlags) listen() (*net.UnixListener, error) {
	if f.control == "" {
		return nil, nil
	}
	path, err := control.Path(f.control)
	if err != nil {
		return nil, failure{err: err, hint: "--control PATH chooses another place for the socket"}
	}
	l, err := control.Listen(path)
	if err != nil {
		return nil, failure{err: fmt.Errorf("--control: %w", err), hint: "choose another path, or auto"}
	}
	return l, nil
}

// file opens the recording's file, or none.
func (f *liveFlags) file() (*sessions.File, error) {
	if f.record == "" {
		return nil, nil
	}
	file, err := sessions.Create(f.record)
	if err != nil {
		return nil, failure{err: fmt.Errorf("--record: %w", err), hint: "--record needs a file that can be written"}
	}
	return file, nil
}

// supervise runs a program to its end, with whoever wants to watch, and errors if they are wanted.
func (a *app) supervise(ctx context.Context, f *runFlags, o engine.Options) (*engine.Report, error) {
	if !f.live.watched() && len(f.inject.specs) == 0 {
		return a.run(ctx, o)
	}
	w, err := a.openWatchers(&f.live)
	if err != nil {
		return nil, err
	}
	defer w.close()
	file, err := f.live.file()
	if err != nil {
		return nil, err
	}
	if o.Log != nil && w.socket != nil {
		fmt.Fprintf(o.Log, "kmv: control socket %s\n", w.socket.Addr())
	}
	f.live.options(&o)
	injectors := f.inject.arm(&o)
	live, err := engine.Start(ctx, o)
	if err != nil {
		if file != nil {
			file.Discard()
		}
		return nil, err
	}
	run, err := a.recorded(inject.Run{Live: live}, file, f)
	if err != nil {
		return nil, failure{err: fmt.Errorf("--record: %w", err), hint: "kmv run without --record runs the program"}
	}
	for _, in := range injectors {
		go in.Drive(live)
	}
	finish := w.watch(run, f.live.linger)
	report, err := live.Wait()
	run.Wait()
	for _, in := range injectors {
		if missed := in.Missed(); missed != "" {
			fmt.Fprintf(a.err, "kmv: --inject %s\n", missed)
		}
	}
	return report, errors.Join(err, finish())
}

// recorded is a run that is being recorded, or could be (:record).
func (a *app) recorded(run view.Controller, file *sessions.File, f *runFlags) (*sessions.Recorder, error) {
	options := sessions.Options{Version: Version, Policy: policyWords(f.policy), Say: func(text string) { fmt.Fprintln(a.err, "kmv:", text) }}
	for _, s := range f.inject.specs {
		options.Seeds = append(options.Seeds, s.Seed)
	}
	if file == nil {
		return sessions.Wrap(run, options), nil
	}
	return sessions.NewRecorder(file, run, options)
}

// policyWords is the policy as it was given.
func policyWords(p shadowmem.Policy) (words []string) {
	for _, r := range p.Rules {
		flag := "--mirror "
		if r.State == shadowmem.Off {
			flag = "--no-mirror "
		}
		words = append(words, flag+r.Spec.Text)
	}
	return words
}
