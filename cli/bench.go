package cli

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"kmv/bench"
)

// benchFlags are the flags of `kmv bench`.
type benchFlags struct {
	json   string
	peers  bool
	rounds int
}

func (a *app) benchCommand() *cobra.Command {
	var f benchFlags
	cmd := &cobra.Command{
		Use:   "bench [NAME...]",
		Short: "Measure programs natively and under kmv",
		Long: `Run programs natively and under kmv in turns, and show the ratios of the medians of their times. NAME is one of
` + benchNames() + `
Small programs are built with gcc, and inputs made, in the user's cache directory. Programs that are not installed are
named and skipped. What they print must be what they print natively, or the bench fails.`,
		Example: `  kmv bench                         everything, a few minutes
  kmv bench real --peers            real programs, valgrind and qemu beside kmv
  kmv bench fib sqlite3 --rounds 9 --json out.json`,
		RunE: func(cmd *cobra.Command, args []string) error { return a.bench(cmd, &f, args) },
	}
	fl := cmd.Flags()
	fl.StringVar(&f.json, "json", "", "write all samples to `FILE` too")
	fl.BoolVar(&f.peers, "peers", false, "run valgrind --tool=none and qemu-x86_64 once each, if installed")
	fl.IntVar(&f.rounds, "rounds", 5, "how often each program runs both ways")
	return cmd
}

// benchNames lists what may be named, one class a line.
func benchNames() string {
	var b strings.Builder
	for _, c := range bench.Classes {
		fmt.Fprintf(&b, "  %s:", c)
		for _, w := range bench.Workloads {
			if w.Class == c {
				b.WriteString(" " + w.Name)
			}
		}
		b.WriteString("\n")
	}
	return strings.TrimSuffix(b.String(), "\n")
}

func (a *app) bench(cmd *cobra.Command, f *benchFlags, args []string) error {
	chosen, unknown := bench.Select(args)
	if unknown != "" {
		return failure{err: fmt.Errorf("no workload is called %q", unknown), hint: "kmv bench --help lists them"}
	}
	if f.rounds < 1 {
		return failure{err: fmt.Errorf("--rounds %d", f.rounds), hint: "at least 1"}
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	sink, err := a.openOutput(f.json, "--json")
	if err != nil {
		return err
	}
	defer sink.Close()
	report, err := bench.Run(cmd.Context(), bench.Options{Kmv: self, Workloads: chosen, Rounds: f.rounds, Peers: f.peers, Out: a.out})
	if report != nil {
		report.Version = Version
		enc := json.NewEncoder(sink)
		enc.SetIndent("", "  ")
		if err := enc.Encode(report); err != nil {
			return failure{err: fmt.Errorf("write the results: %w", err), hint: "is the disk full?"}
		}
	}
	if err != nil {
		return failure{err: err, hint: "kmv run --verify --stats -- PROG shows more"}
	}
	return nil
}
