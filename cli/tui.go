package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"golang.org/x/sys/unix"

	"kmv/control"
	"kmv/engine/view"
	"kmv/sessions"
	"kmv/ui"
)

// screenFlags are the flags of the screen itself.
type screenFlags struct {
	connect, replay, config, palette, layout string
	readonly                                 bool
	pass                                     []string // flags for the run, as they were given
}

func (a *app) tuiCommand() *cobra.Command {
	var f screenFlags
	cmd := &cobra.Command{
		Use:   "tui [flags] [--] PROG [ARG...]",
		Short: "Watch and steer a program on the screen: code, both halves of memory, failures",
		Long: `Run PROG under kmv and show it on the screen, paused in front of its first instruction. The screen and the run are two
processes: when the screen ends, by itself or by accident, the program stays as it is, and can be watched again with --connect; kmv ps
lists such runs. One that stands paused and is watched by nobody for ` + lingering + ` is ended.
On the screen, ? shows what can be done; docs/tui.md lists all of it. The flags of kmv run can be given too.`,
		Example: `  kmv tui -- sqlite3 :memory:
  kmv tui --mirror heap -- python3 script.py
  kmv tui --connect 4711
  kmv tui --replay run.kmv`,
		RunE: func(cmd *cobra.Command, args []string) error { return a.screen(cmd.Context(), &f, args) },
	}
	fl := cmd.Flags()
	fl.SetInterspersed(false)
	fl.SortFlags = false
	f.add(fl)
	a.runCommand().Flags().VisitAll(func(r *pflag.Flag) { f.forward(fl, r) })
	return cmd
}

func (f *screenFlags) add(fl *pflag.FlagSet) {
	fl.StringVar(&f.connect, "connect", "", "show a run that goes on already: `SOCKET|PID`")
	fl.StringVar(&f.replay, "replay", "", "show a recording: `FILE`")
	fl.BoolVar(&f.readonly, "readonly", false, "change nothing: for demonstrations")
	fl.StringVar(&f.config, "config", ui.ConfigPath(), "read settings from `FILE`")
	fl.StringVar(&f.palette, "palette", "", "colours: auto, colorblind, dark, light, 16, mono, ... (NO_COLOR is honoured)")
	fl.StringVar(&f.layout, "layout", "", "how the panes are arranged: auto, wide, tabs, stack, one")
}

// forward takes a flag of kmv run for the run's own process, in the order of the command line.
func (f *screenFlags) forward(fl *pflag.FlagSet, r *pflag.Flag) {
	switch r.Name {
	case "control", "paused", "pty", "help":
		return
	}
	n := fl.VarPF(&passed{r.Value, r.Name, &f.pass}, r.Name, r.Shorthand, r.Usage)
	n.NoOptDefVal = r.NoOptDefVal
}

// passed is a flag that is checked here and handed on.
type passed struct {
	pflag.Value
	name string
	pass *[]string
}

func (p *passed) Set(s string) error {
	if err := p.Value.Set(s); err != nil {
		return err
	}
	*p.pass = append(*p.pass, "--"+p.name+"="+s)
	return nil
}

// screen finds the run and shows it.
func (a *app) screen(ctx context.Context, f *screenFlags, args []string) error {
	o, err := f.options()
	if err != nil {
		return err
	}
	ways := 0
	for _, given := range []bool{f.connect != "", f.replay != "", len(args) > 0} {
		if given {
			ways++
		}
	}
	if ways != 1 {
		return failure{err: errors.New("give a program, or --connect, or --replay"), hint: "kmv tui [flags] [--] PROG [ARG...]"}
	}
	switch {
	case f.replay != "":
		player, err := sessions.Open(f.replay)
		if err != nil {
			return failure{err: err, hint: "kmv sessions verify FILE says what can be read of it"}
		}
		o.Run = player
	case f.connect != "":
		client, err := control.Dial(f.connect)
		if err != nil {
			return failure{err: err, hint: reachable()}
		}
		o.Run, o.Where = client, "kmv tui --connect "+f.connect
	default:
		return a.runOnScreen(ctx, o, f.pass, args, "")
	}
	_, err = a.show(ctx, o)
	return err
}

// reachable says which runs there are.
func reachable() string {
	var pids []string
	for _, p := range control.Running() {
		pids = append(pids, strconv.Itoa(p))
	}
	if pids == nil {
		return "no run can be reached; start one with kmv run --control auto -- PROG"
	}
	return "these can be reached: " + strings.Join(pids, ", ")
}

// others tells of runs that are there already: one whose screen was lost may be among them.
func others() string {
	switch pids := control.Running(); len(pids) {
	case 0:
		return ""
	case 1:
		return fmt.Sprintf("another run is there: kmv tui --connect %d", pids[0])
	default:
		return fmt.Sprintf("%d other runs are there: kmv ps lists them", len(pids))
	}
}

// options are the screen's, from flags and configuration.
func (f *screenFlags) options() (ui.Options, error) {
	if !isTerminal(0) || !isTerminal(1) {
		return ui.Options{}, failure{err: errors.New("the screen needs a terminal as its standard input and output"), hint: "kmv run runs a program without one"}
	}
	c, err := ui.LoadConfig(f.config)
	if err != nil {
		return ui.Options{}, failure{err: err, hint: "mend the file, or choose another one with --config"}
	}
	if f.palette != "" {
		c.Palette = f.palette
	}
	if f.layout != "" {
		c.Layout = f.layout
	}
	if err := c.Check(); err != nil {
		return ui.Options{}, failure{err: err, hint: "see kmv tui --help"}
	}
	return ui.Options{Config: c, ReadOnly: f.readonly}, nil
}

// server is the process of a run that a screen has started.
type server struct {
	cmd    *exec.Cmd
	said   *os.File // its standard error
	exited chan error
}

// startServer starts a run in a session of its own, so that nothing that happens to the screen happens to it.
func startServer(flags, args []string, dir string) (*server, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	said, err := os.CreateTemp("", "kmv-said-")
	if err != nil {
		return nil, err
	}
	os.Remove(said.Name()) // it lives as long as it is open
	s := &server{said: said, exited: make(chan error, 1)}
	all := append([]string{"run", "--control", "auto", "--paused", "--pty", "--linger", lingering}, flags...)
	s.cmd = exec.Command(self, append(append(all, "--"), args...)...)
	s.cmd.Stdout, s.cmd.Stderr, s.cmd.Dir = said, said, dir
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	// It outlives the screen, so it must not hold what the screen was given: a lock, the end of a pipe.
	_ = unix.CloseRange(3, math.MaxUint32, unix.CLOSE_RANGE_CLOEXEC)
	if err := s.cmd.Start(); err != nil {
		return nil, err
	}
	go func() { s.exited <- s.cmd.Wait() }()
	return s, nil
}

// words are what the run said.
func (s *server) words() string {
	s.said.Seek(0, io.SeekStart)
	data, _ := io.ReadAll(s.said)
	return string(data)
}

// connect waits until the run can be reached; it may end before.
func (s *server) connect() (view.Controller, error) {
	for {
		client, err := control.Dial(strconv.Itoa(s.cmd.Process.Pid))
		if err == nil {
			return client, nil
		}
		select {
		case <-s.exited:
			status := s.cmd.ProcessState.ExitCode()
			text, hint, _ := strings.Cut(strings.TrimSpace(s.words()), "\nhint: ")
			return nil, failure{status: status, err: errors.New(orElse(strings.TrimPrefix(text, "kmv: "), err.Error())), hint: hint}
		case <-time.After(5 * time.Millisecond):
		}
	}
}

func orElse(s, other string) string {
	if s == "" {
		return other
	}
	return s
}

// runOnScreen starts a run and shows it. What the run says is printed when the screen is gone.
func (a *app) runOnScreen(ctx context.Context, o ui.Options, flags, args []string, dir string) error {
	var s *server
	o.Notice = others()
	o.Again = func() (view.Controller, string, error) {
		n, err := startServer(flags, args, dir)
		if err != nil {
			return nil, "", failure{err: fmt.Errorf("start the run: %w", err), hint: "is the disk full, or are there too many processes?"}
		}
		run, err := n.connect()
		if err == nil {
			s = n
		}
		return run, fmt.Sprintf("kmv tui --connect %d", n.cmd.Process.Pid), err
	}
	var err error
	if o.Run, o.Where, err = o.Again(); err != nil {
		return err
	}
	how, err := a.show(ctx, o)
	if err != nil || how == ui.Detached {
		fmt.Fprintf(a.err, "kmv: %s runs on; kmv tui --connect %d shows it again\n", args[0], s.cmd.Process.Pid)
		return err
	}
	select {
	case <-s.exited:
	case <-time.After(5 * time.Second):
		fmt.Fprintf(a.err, "kmv: the run (process %d) has not ended yet\n", s.cmd.Process.Pid)
	}
	fmt.Fprint(a.err, s.words())
	return nil
}

// show runs the screen until it is left.
func (a *app) show(ctx context.Context, o ui.Options) (ui.Outcome, error) {
	m, err := ui.New(o)
	if err != nil {
		return ui.Detached, failure{err: err, hint: "see docs/tui.md"}
	}
	defer m.Close()
	_, err = tea.NewProgram(ui.Paced(m), tea.WithContext(ctx), tea.WithFPS(ui.FPS)).Run()
	if err != nil {
		return ui.Detached, failure{err: fmt.Errorf("the screen: %w", err), hint: "the program runs on; kmv tui --connect shows it again"}
	}
	return m.Outcome(), nil
}
