package campaign

import (
	"bytes"
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// fakeKmv is a shell script in the place of kmv: it runs the program, and then does as it is told by how often it was run
// ($n, from 1). It writes the report of a run with one error, unless there was none.
func fakeKmv(t *testing.T, then string) string {
	t.Helper()
	dir := t.TempDir()
	script := `#!/bin/sh
n=$(($(cat ` + dir + `/n 2>/dev/null || echo 0) + 1)); echo $n > ` + dir + `/n
made=0; all="$*"
while [ "$1" != -- ]; do
	case $1 in --report) report=$2;; --inject) made=1;; esac
	shift
done; shift
recovered=$made; unrecovered=0
` + then + `
cat > "$report" <<EOR
{"wall_s": 0.2, "syscalls": {"total": 100}, "mirror": {"ranges": [{"kind": "heap", "state": "mirrored"}, {"kind": "text", "state": "read-only"}]},
 "failures": {"injected": $made, "recovered": $recovered, "unrecovered": $unrecovered, "events": [{"kind": "recovered", "failure": {"mechanism": "test", "latency_us": 25}}]}}
EOR
exit $status
`
	path := filepath.Join(dir, "kmv")
	if err := os.WriteFile(path, []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	return path
}

func conduct(t *testing.T, o Options) (*Report, error) {
	t.Helper()
	o.Rate, o.Jobs, o.Seed = 1, 1, 3
	if o.Progress == nil {
		o.Progress = func(int, int, map[Outcome]int) {}
	}
	return Conduct(context.Background(), o)
}

// echo prints, and leaves a file.
var echo = Target{Name: "echo", Argv: []string{"sh", "-c", "echo out; echo file > left"}}

func TestConduct(t *testing.T) {
	kmv := fakeKmv(t, `"$@"; status=$?
case $n in
	3) echo more;;
	4) echo damage > left;;
	5) status=139;;
	6) exit 125;;
	7) sleep 1000;;
	8) status=1; recovered=0; unrecovered=1;;
	9) recovered=0;;
esac`)
	var bar []string
	r, err := conduct(t, Options{Kmv: kmv, Targets: []Target{echo}, Runs: 9, Unmirrored: 2, Timeout: 2 * time.Second,
		Progress: func(done, total int, _ map[Outcome]int) { bar = append(bar, fmt.Sprintf("%d/%d", done, total)) }})
	if err != nil {
		t.Fatal(err)
	}
	want := []Outcome{Corrupted, Corrupted, Crashed, Crashed, Hung, Unrecovered, Masked, Recovered, Recovered, Recovered, Recovered}
	if len(r.Runs) != len(want) || len(bar) != len(want) || bar[10] != "11/11" {
		t.Fatalf("%d runs, progress %v", len(r.Runs), bar)
	}
	for i, run := range r.Runs {
		if run.Outcome != want[i] || run.Outcome.Bad() != (run.Replay != "") || run.Mirrored != (i < 9) {
			t.Errorf("run %d: %s, want %s; again: %s", i+1, run.Outcome, want[i], run.Replay)
		}
	}
	bad := r.Runs[0].Replay
	if !regexp.MustCompile(`/kmv run --verify --inject \S+@heap,\S+ -- sh -c 'echo out; echo file > left'$`).MatchString(bad) {
		t.Errorf("again: %s", bad)
	}
	checkTable(t, r)
	checkPage(t, r)
	again := replay("kmv", nil, Target{Name: "gzip", Suite: true}, Trial{Specs: []string{"page@heap,when=5us,seed=1"}, Mirrored: true})
	if again != "kmv campaign --runs 1 --inject page@heap,when=5us,seed=1 --suite gzip" {
		t.Errorf("again, in the suite: %s", again)
	}
}

func checkTable(t *testing.T, r *Report) {
	t.Helper()
	var b bytes.Buffer
	r.WriteTable(&b)
	for _, line := range []string{
		`(?m)^with the mirror +recovered +masked +unrecovered +corrupted +crashed +hung +not made +bad, 95%$`,
		`(?m)^all +2 +1 +1 +2 +2 +1 +- +35\.4-87\.9%$`,
		`(?m)^  corrupted +2 of 9: 22\.22% \(95% interval 6\.32% to 54\.74%\)$`,
		`(?m)^without \(--no-mirror all\) `,
		`(?m)^  no bad outcome in 2 runs: fewer than 77\.639% of such errors have one \(95%, one-sided\)$`,
		`(?m)^repair: median 25\.0 us`,
		`(?m)^echo run 5 hung \(\): \S+$`,
	} {
		if !regexp.MustCompile(line).MatchString(b.String()) {
			t.Errorf("no %s in\n%s", line, b.String())
		}
	}
}

// checkPage: the page is well formed, needs nothing from elsewhere, and each bar is full.
func checkPage(t *testing.T, r *Report) {
	t.Helper()
	var b bytes.Buffer
	if err := r.WriteHTML(&b); err != nil {
		t.Fatal(err)
	}
	if bad := regexp.MustCompile(`(?i)src=|href=|@import|https?:|<script`).FindString(b.String()); bad != "" {
		t.Errorf("the page has %s", bad)
	}
	svgs := regexp.MustCompile(`(?s)<svg height="\d+" role.*?</svg>\n(?:<h3>|</div>)`).FindAllString(b.String(), -1)
	if len(svgs) != 10 {
		t.Errorf("%d charts, want five on each side", len(svgs))
	}
	for _, svg := range svgs {
		svg = svg[:strings.LastIndex(svg, "</svg>")+len("</svg>")]
		if err := xml.Unmarshal([]byte(svg), new(struct{})); err != nil {
			t.Errorf("%v in %s", err, svg)
		}
	}
	if !strings.Contains(b.String(), `x="33.333%" width="11.111%"`) { // unrecovered: behind recovered and masked
		t.Error("the parts of a bar do not follow each other")
	}
}

// TestOnly makes one run of a campaign again.
func TestOnly(t *testing.T) {
	kmv := fakeKmv(t, `"$@"; status=$?`)
	all, err := conduct(t, Options{Kmv: kmv, Targets: []Target{echo}, Runs: 5})
	if err != nil {
		t.Fatal(err)
	}
	one, err := conduct(t, Options{Kmv: kmv, Targets: []Target{echo}, Runs: 5, Only: 4})
	if err != nil || len(one.Runs) != 1 || one.Runs[0].Specs[0] != all.Runs[3].Specs[0] {
		t.Errorf("%v; run %+v, want %+v", err, one.Runs, all.Runs[3])
	}
}

// TestSooner: an error in time that came too late is made again at half the time.
func TestSooner(t *testing.T) {
	kmv := fakeKmv(t, `"$@"; status=$?; case $all in *,when=*us,*) [ $n -lt 8 ] && made=0;; *,when=80syscalls,*) made=0;; esac`)
	r, err := conduct(t, Options{Kmv: kmv, Targets: []Target{echo}, Runs: 5, Specs: []string{"page@heap,when=800us,seed=1", "page@heap,when=80syscalls,seed=1"}})
	if err != nil {
		t.Fatal(err)
	}
	times := map[string]int{}
	for _, run := range r.Runs {
		times[run.Specs[0]]++
	}
	if times["page@heap,when=800us,seed=1"]+times["page@heap,when=400us,seed=1"]+times["page@heap,when=200us,seed=1"]+times["page@heap,when=100us,seed=1"] == 5 || len(times) < 3 || times["page@heap,when=40syscalls,seed=1"] == 0 || r.Runs[4].Outcome == NotMade {
		t.Errorf("moments %v, the last run %+v", times, r.Runs[4])
	}
}

func TestWhatCannotBeJudged(t *testing.T) {
	kmv := fakeKmv(t, `"$@"; status=$?`)
	for says, argv := range map[string][]string{
		"different results":  {"sh", "-c", "echo $$"},
		"signal 9":           {"sh", "-c", "echo x; kill -9 $$"},
		"nothing to judge":   {"true"},
		"executable file no": {"no-such-program"},
	} {
		if _, err := conduct(t, Options{Kmv: kmv, Targets: []Target{{Name: "x", Argv: argv}}, Runs: 1}); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%v: error %v, want %s", argv, err, says)
		}
	}
	if _, err := conduct(t, Options{Kmv: fakeKmv(t, `"$@"; echo other; status=0`), Targets: []Target{echo}, Runs: 1}); err == nil || !strings.Contains(err.Error(), "not the native one") {
		t.Errorf("kmv that changes a result: %v", err)
	}
}

// TestClient: of a server, what its client prints is the result; it is told to end when the client has.
func TestClient(t *testing.T) {
	server := Target{Name: "server", Argv: []string{"sh", "-c", `trap 'echo down > state; exit 5' TERM; echo up > state; while :; do sleep 0.01; done`},
		Client: `until [ -s state ]; do sleep 0.01; done; cat state; exit 3`}
	r, _, err := server.run(t.Context(), t.TempDir(), nil, time.Minute)
	if err != nil || r.output != "up\n(client: exit status 3)\n" || r.status != "exit 5" || !strings.Contains(r.files, " /state\n") {
		t.Errorf("%+v %v", r, err)
	}
}

// TestDeadServer: a client that would wait for ever is ended soon after its server.
func TestDeadServer(t *testing.T) {
	server := Target{Name: "server", Argv: []string{"sh", "-c", "exit 6"}, Client: `until [ -s state ]; do sleep 0.01; done`}
	r, _, err := server.run(t.Context(), t.TempDir(), nil, time.Minute)
	if err != nil || r.status != "exit 6" || !strings.Contains(r.output, "(client: ") {
		t.Errorf("%+v %v", r, err)
	}
}

// TestStopped: what was done before the end of ctx is reported.
func TestStopped(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	o := Options{Kmv: fakeKmv(t, `"$@"; status=$?`), Targets: []Target{echo}, Runs: 50, Rate: 1, Jobs: 1,
		Progress: func(done, _ int, _ map[Outcome]int) {
			if done == 3 {
				cancel()
			}
		}}
	r, err := Conduct(ctx, o)
	if !errors.Is(err, context.Canceled) || len(r.Runs) < 3 || len(r.Runs) > 4 || !r.Stopped {
		t.Errorf("%v: %d runs, stopped %v", err, len(r.Runs), r.Stopped)
	}
}

// TestSuite: the programs of the suite that are here give the same result twice.
func TestSuite(t *testing.T) {
	targets, missing, err := Suite(t.TempDir())
	if err != nil || len(targets)+len(missing) != len(suite) {
		t.Fatalf("%d targets, missing %v, %v", len(targets), missing, err)
	}
	for _, target := range targets {
		var first result
		for i := range 2 {
			r, stderr, err := target.run(t.Context(), t.TempDir(), nil, time.Minute)
			if err != nil || r.status != "exit 0" || len(r.output) < 100 || i == 1 && r != first {
				t.Errorf("%s: %v, %s, %d bytes, %s", target.Name, err, r.status, len(r.output), stderr)
			}
			first = r
		}
	}
}
