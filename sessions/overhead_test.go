package sessions

import (
	"context"
	"os"
	"os/exec"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"kmv/engine"
)

// BenchmarkOverhead runs real programs under kmv with and without a recording, in turns, and gives the ratio of the least
// processor times (the engine's, the recorder's and the program's together; wall time depends on what else runs).
func BenchmarkOverhead(b *testing.B) {
	for _, c := range []struct {
		name string
		argv []string
	}{
		{"python", []string{"/usr/bin/python3", "-c", "d = {}\nfor i in range(3000000): d[i % 5000] = str(i)"}},
		{"sqlite", []string{"/usr/bin/sqlite3", ":memory:", "with recursive c(x) as (select 1 union all select x+1 from c where x<3000000) select sum(x) from c;"}},
		{"forks", []string{"/bin/sh", "-c", "for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do /bin/true; done"}},
	} {
		b.Run(c.name, func(b *testing.B) {
			if _, err := exec.LookPath(c.argv[0]); err != nil {
				b.Skip(err)
			}
			plain, recorded := time.Hour, time.Hour
			for b.Loop() {
				plain = min(plain, cost(b, c.argv, ""))
				recorded = min(recorded, cost(b, c.argv, b.TempDir()+"/r.kmv"))
			}
			b.ReportMetric(float64(recorded)/float64(plain), "recorded/plain")
			b.ReportMetric(plain.Seconds(), "plain-s")
		})
	}
}

// cost is the processor time of a run, recorded to a file or not.
func cost(b *testing.B, argv []string, file string) time.Duration {
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		b.Fatal(err)
	}
	defer null.Close()
	before := spent(b)
	l, err := engine.Start(context.Background(), engine.Options{
		Path: argv[0], Argv: argv, Env: []string{"PATH=/usr/bin:/bin"}, Files: []*os.File{null, null, os.Stderr}, Watched: file != "",
	})
	if err != nil {
		b.Fatal(err)
	}
	if file != "" {
		f, err := Create(file)
		if err != nil {
			b.Fatal(err)
		}
		r, err := NewRecorder(f, l, Options{})
		if err != nil {
			b.Fatal(err)
		}
		for range r.Events() {
		}
	}
	if _, err := l.Wait(); err != nil {
		b.Fatal(err)
	}
	return spent(b) - before
}

// spent is the processor time of this process and of its children that have ended.
func spent(b *testing.B) (total time.Duration) {
	for _, who := range []int{unix.RUSAGE_SELF, unix.RUSAGE_CHILDREN} {
		var r unix.Rusage
		if err := unix.Getrusage(who, &r); err != nil {
			b.Fatal(err)
		}
		total += time.Duration(r.Utime.Nano() + r.Stime.Nano())
	}
	return total
}
