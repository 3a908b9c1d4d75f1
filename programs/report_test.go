package programs

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"kmv/engine"
)

// TestReport reads the whole report of a run whose policy is known.
func TestReport(t *testing.T) {
	require(t, need{"lua5.4", "lua5.4"})
	t.Parallel()
	file := filepath.Join(t.TempDir(), "report.json")
	script := "local t = {} for i = 1, 200000 do t[i] = {i} end print(#t)"
	cmd := exec.Command(kmvBinary, "run", "--cache", "off", "--mirror", "heap", "--verify", "--report", file, "--", "lua5.4", "-e", script)
	if out, err := cmd.CombinedOutput(); err != nil || string(out) != "200000\n" {
		t.Fatalf("%v, %q", err, out)
	}
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var r engine.Report
	if err := json.Unmarshal(data, &r); err != nil {
		t.Fatal(err)
	}
	tr, s, m, v := r.Translation, r.Syscalls, r.Mirror, r.Verify
	stops := 0
	for _, n := range tr.Stops {
		stops += n
	}
	for what, ok := range map[string]bool{
		"who ran":            filepath.Base(r.Program) == "lua5.4" && len(r.Argv) == 3 && r.Argv[2] == script && r.Version != "",
		"how it ended":       r.Exit.Code != nil && *r.Exit.Code == 0 && r.Exit.Signal == 0 && r.WallSeconds > 0 && r.Threads == 1,
		"the offset":         m.Offset >= 1<<40,
		"mirrored bytes":     m.BytesMirrored >= 10<<20 && m.BytesResident >= 10<<20 && m.BytesResident <= m.BytesMirrored,
		"verification":       v.Runs == 1 && v.BytesCompared >= 10<<20 && v.PagesCompared*4096 == v.BytesCompared && v.DivergentBytes == 0,
		"translation":        tr.Blocks > 1000 && tr.NativeInstructions > tr.Blocks && tr.CacheBytes > tr.NativeBytes && tr.Stores >= tr.StoresMirrored && tr.StoresMirrored > 0 && tr.Seconds > 0,
		"stops":              stops > 0 && tr.Misses > 0,
		"system calls":       s.Total > 10 && s.Total == s.InTarget+s.Stopped,
		"gaps":               len(r.Gaps) == 0,
		"a list, never null": r.Gaps != nil && v.Divergent != nil && m.Ranges != nil,
	} {
		if !ok {
			t.Errorf("%s: %s", what, data)
		}
	}
	kinds := map[string]string{}
	for i, x := range m.Ranges {
		if x.Start >= x.End || i > 0 && x.Start < m.Ranges[i-1].End {
			t.Errorf("range %d is empty or out of order: %+v", i, x)
		}
		kinds[x.Kind] = x.State
	}
	if kinds["heap"] != "mirrored" || kinds["stack"] != "off" || kinds["data"] != "off" {
		t.Errorf("--mirror heap: %v", kinds)
	}
}

// TestTimeoutsUnderVerification waits longer than the interval at which kmv interrupts the wait.
func TestTimeoutsUnderVerification(t *testing.T) {
	require(t, python)
	t.Parallel()
	script := `
import select, signal, socket, struct
print(select.epoll().poll(0.2), select.poll().poll(200), select.select([], [], [], 0.2))
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1])
print(signal.sigtimedwait([signal.SIGUSR1], 0.2))
a, b = socket.socketpair()
a.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, struct.pack("ll", 0, 200000))
try:
    a.recv(1)
except BlockingIOError:
    print("timeout")
e = select.epoll()
e.register(b, select.EPOLLIN)
a.send(b"x")
print(len(e.poll(5)), b.recv(1))`
	cmd := exec.Command(kmvBinary, "run", "--verify=3ms", "--strict", "--", "/usr/bin/python3", "-c", script)
	if out, err := cmd.CombinedOutput(); err != nil || string(out) != "[] [] ([], [], [])\nNone\ntimeout\n1 b'x'\n" {
		t.Fatalf("%v, %q", err, out)
	}
}
