package cli

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"kmv/control"
	"kmv/engine/view"
)

func (a *app) psCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "ps",
		Short: "List the runs that can be watched with kmv tui --connect",
		Long: `List your runs that a screen can join: those of kmv tui and kmv demo, also when their screen is gone, and those of kmv run --control auto.
kmv tui --connect PID shows one; kill PID ends one that is paused, and passes the signal on to the program of one that runs.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.ps(cmd.Context()) },
	}
}

func (a *app) ps(ctx context.Context) error {
	pids := control.Running()
	if len(pids) == 0 {
		fmt.Fprintln(a.err, "kmv: no run can be joined")
		return nil
	}
	t := tabwriter.NewWriter(a.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "PID\tAGE\tSTATE\tWHY\tPROGRAM")
	for _, pid := range pids {
		fmt.Fprintf(t, "%d\t%s\n", pid, strings.Join(told(ctx, pid), "\t"))
	}
	return t.Flush()
}

// told is what a run says of itself: its age, state, why it is so, and the program.
func told(ctx context.Context, pid int) []string {
	silent := []string{"?", "does not answer", "", ""}
	c, err := control.Dial(strconv.Itoa(pid))
	if err != nil {
		return silent
	}
	defer c.Close()
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	s, err := c.Look(ctx, view.Query{})
	if err != nil {
		return silent
	}
	age := time.Duration(s.Time * float64(time.Second)).Round(time.Second)
	return []string{age.String(), string(s.State), orElse(s.Reason, "-"), strings.Join(s.Argv, " ")}
}
