package programs

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"kmv/campaign"
)

// runCampaign makes a campaign of sqlite3 and gives its report.
func runCampaign(t *testing.T, flags ...string) (r campaign.Report) {
	t.Helper()
	dir := t.TempDir()
	script, report, page := filepath.Join(dir, "sql"), filepath.Join(dir, "json"), filepath.Join(dir, "html")
	if err := os.WriteFile(script, []byte(injectedSQL), 0o644); err != nil {
		t.Fatal(err)
	}
	args := append([]string{"campaign", "--seed", "11", "--stdin", script, "--json", report, "--html", page}, flags...)
	out, err := exec.Command(kmvBinary, append(args, "--", "sqlite3", ":memory:")...).CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	data, err := os.ReadFile(report)
	if err == nil {
		err = json.Unmarshal(data, &r)
	}
	if err != nil {
		t.Fatal(err)
	}
	if html, err := os.ReadFile(page); err != nil || !strings.HasSuffix(string(html), "</html>\n") {
		t.Errorf("the page: %d bytes, %v", len(html), err)
	}
	return r
}

// TestCampaign: with the mirror every run has the right result; without it, most pages that are lost are fatal.
func TestCampaign(t *testing.T) {
	require(t, need{"sqlite3", "sqlite3"})
	r := runCampaign(t, "--runs", "30", "--unmirrored", "12")
	count := map[bool]campaign.Tally{true: {}, false: {}}
	for _, run := range r.Runs {
		count[run.Mirrored][run.Outcome]++
		if run.Mirrored && run.Outcome.Bad() {
			t.Errorf("run %d %s: %s\n%s", run.N, run.Outcome, run.Replay, run.Complaint)
		}
	}
	if with := count[true]; with.Trials() < 28 || with[campaign.Recovered] < 8 {
		t.Errorf("with the mirror: %v", with)
	}
	if without := count[false]; without.Bad() == 0 || without[campaign.Recovered] > 0 {
		t.Errorf("without: %v", without)
	}
	for _, run := range r.Runs {
		if run.Mirrored && strings.Contains(run.Specs[0], "syscalls") && run.Outcome == campaign.Recovered {
			again := runCampaign(t, "--runs", "30", "--only", strconv.Itoa(run.N))
			if len(again.Runs) != 1 || !reflect.DeepEqual(again.Runs[0].Specs, run.Specs) || again.Runs[0].Outcome != run.Outcome {
				t.Errorf("run %d again: %+v, was %+v", run.N, again.Runs, run)
			}
			return
		}
	}
}
