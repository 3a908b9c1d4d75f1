package metrics

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"kmv/engine/view"
)

var sample = view.Snapshot{
	Program: "a \"b\\c\n", Pid: 7, Time: 1.5,
	Counters: view.Counters{BytesMirrored: 1<<63 + 1, Recovered: 3, Retired: 2, Scrubbed: 4096, ScrubPosition: 0x1000},
}

// TestFormat holds the text to the grammar of OpenMetrics 1.0.0: a family's lines stand together, its unit ends its name, a
// counter's sample ends in _total, and # EOF is last.
func TestFormat(t *testing.T) {
	var b strings.Builder
	if err := Write(&b, &sample); err != nil {
		t.Fatal(err)
	}
	text := b.String()
	body, found := strings.CutSuffix(text, "# EOF\n")
	if !found || strings.Contains(body, "# EOF") {
		t.Error("# EOF is not the last line")
	}
	meta := regexp.MustCompile(`^# (TYPE|UNIT|HELP) ([a-z_]+) (.+)$`)
	value := regexp.MustCompile(`^([a-z_]+)(\{[a-z]+="([^"\\\n]|\\[\\"n])*"(,[a-z]+="([^"\\\n]|\\[\\"n])*")*\})? [0-9.]+$`)
	seen, family, kind := map[string]bool{}, "", ""
	for _, line := range strings.Split(strings.TrimSuffix(body, "\n"), "\n") {
		if m := meta.FindStringSubmatch(line); m != nil {
			if m[1] == "TYPE" {
				if seen[m[2]] {
					t.Errorf("family %s twice", m[2])
				}
				family, kind = m[2], m[3]
				seen[family] = true
			}
			if m[2] != family || m[1] == "UNIT" && !strings.HasSuffix(family, "_"+m[3]) {
				t.Errorf("%s: in family %s", line, family)
			}
			continue
		}
		m := value.FindStringSubmatch(line)
		want := family + map[string]string{"counter": "_total", "info": "_info"}[kind]
		if m == nil || m[1] != want {
			t.Errorf("sample %q in family %s, %s", line, family, kind)
		}
	}
	for _, line := range []string{
		`kmv_run_info{program="a \"b\\c\n",pid="7"} 1`, "kmv_run_seconds 1.500000", "kmv_mirrored_bytes 9223372036854775809",
		"kmv_errors_recovered_total 3", "kmv_pages_retired_total 2", "kmv_scrubbed_bytes_total 4096", "kmv_scrub_position 4096",
	} {
		if !strings.Contains(text, line+"\n") {
			t.Errorf("no line %s in\n%s", line, text)
		}
	}
}

// fixed is a run that looks the same each time.
type fixed struct {
	view.Controller
	err error
}

func (f fixed) Look(context.Context, view.Query) (*view.Snapshot, error) { return &sample, f.err }

func get(t *testing.T, url string) (status int, kind, body string) {
	t.Helper()
	r, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	b, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return r.StatusCode, r.Header.Get("Content-Type"), string(b)
}

func TestServe(t *testing.T) {
	for _, c := range []struct {
		err    error
		status int
		kind   string
		has    string
	}{
		{nil, 200, ContentType, "# EOF\n"},
		{view.ErrEnded, 503, "text/plain; charset=utf-8", "ended"},
	} {
		l, err := Listen("127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		server := Serve(l, fixed{err: c.err})
		status, kind, body := get(t, fmt.Sprintf("http://%s/metrics", l.Addr()))
		if status != c.status || kind != c.kind || !strings.HasSuffix(strings.TrimRight(body, "\n")+"\n", c.has) && !strings.Contains(body, c.has) {
			t.Errorf("%d %s %q", status, kind, body)
		}
		if status, _, _ := get(t, fmt.Sprintf("http://%s/elsewhere", l.Addr())); status != 404 {
			t.Errorf("elsewhere: %d", status)
		}
		server.Close()
	}
}

func TestOnlyLoopback(t *testing.T) {
	for _, addr := range []string{":9100", "0.0.0.0:0", "[::]:0", "192.0.2.1:0", "nonsense"} {
		if l, err := Listen(addr); err == nil {
			l.Close()
			t.Errorf("%s was accepted", addr)
		}
	}
	l, err := Listen("localhost:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
}
