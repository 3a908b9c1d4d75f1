package control

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"kmv/engine/view"
)

// askedToDial makes the test binary a client that waits to be killed.
const askedToDial = "KMV_TEST_DIAL"

func TestMain(m *testing.M) {
	if path := os.Getenv(askedToDial); path != "" {
		c, err := Dial(path)
		if err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		for ev := range c.Events() {
			fmt.Println(ev.Seq)
		}
		os.Exit(0)
	}
	goleak.VerifyTestMain(m)
}

// script is a run whose events the test makes.
type script struct {
	events chan view.Event
	do     func(ctx context.Context, c view.Command) (view.Reply, error)
}

func (r *script) Do(ctx context.Context, c view.Command) (view.Reply, error) { return r.do(ctx, c) }
func (r *script) Look(_ context.Context, q view.Query) (*view.Snapshot, error) {
	if q.Gaps {
		return &view.Snapshot{State: view.Ended, Gaps: []view.Gap{{Name: "vmsplice"}}, Ranges: []view.Range{{Name: "heap"}}}, nil
	}
	if q.Thread == 0 {
		return nil, errors.New("no such thread")
	}
	return &view.Snapshot{Thread: q.Thread, Offset: 1<<63 + 1}, nil
}
func (r *script) Events() <-chan view.Event { return r.events }
func (r *script) Close() error              { return nil }

func (r *script) emit(from, to uint64) {
	for seq := from; seq <= to; seq++ {
		r.events <- view.Event{Seq: seq, Kind: view.EventMap, Text: "mmap"}
	}
}

// served is a run behind a socket. The test ends the run by closing r.events.
func served(t *testing.T) (r *script, s *Server, path string) {
	t.Helper()
	r = &script{events: make(chan view.Event), do: func(_ context.Context, c view.Command) (view.Reply, error) {
		return view.Reply{Text: c.Text, Value: c.Value}, nil
	}}
	path = filepath.Join(t.TempDir(), "s")
	l, err := Listen(path)
	if err != nil {
		t.Fatal(err)
	}
	return r, Serve(l, Share(r)), path
}

func dial(t *testing.T, path string) *Client {
	t.Helper()
	c, err := Dial(path)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// expect reads events from..to and, if last, the end.
func expect(t *testing.T, events <-chan view.Event, from, to uint64, last bool) {
	t.Helper()
	for seq := from; seq <= to; seq++ {
		if ev := <-events; ev.Seq != seq || ev.Kind != view.EventMap || ev.Text != "mmap" {
			t.Fatalf("event %+v, want number %d", ev, seq)
		}
	}
	if !last {
		return
	}
	if ev, ok := <-events; ok {
		t.Fatalf("event %+v behind the last one", ev)
	}
}

// TestLookAtTheEnd: a client that stays can see how a run ended.
func TestLookAtTheEnd(t *testing.T) {
	r, s, path := served(t)
	c := dial(t, path)
	close(r.events)
	for range c.Events() {
	}
	s.Close(time.Minute)
	end, err := c.Look(t.Context(), view.Query{Gaps: true})
	if err != nil || end.State != view.Ended || len(end.Gaps) != 1 || len(end.Ranges) != 0 {
		t.Errorf("%+v, %v", end, err)
	}
	if _, err := c.Do(t.Context(), view.Command{}); err != view.ErrEnded {
		t.Error(err)
	}
	c.Close()
}

func TestEverybodySeesAllEvents(t *testing.T) {
	r, s, path := served(t)
	early := dial(t, path)
	r.emit(1, 1000)
	expect(t, early.Events(), 1, 500, false)
	var all sync.WaitGroup
	for range 8 {
		c := dial(t, path)
		all.Go(func() {
			expect(t, c.Events(), 1, 2000, true)
			if err := c.Err(); !errors.Is(err, view.ErrEnded) {
				t.Errorf("the events ended because of %v", err)
			}
			if _, err := c.Do(t.Context(), view.Command{Op: view.Pause}); !errors.Is(err, view.ErrEnded) {
				t.Errorf("a command behind the end: %v", err)
			}
		})
	}
	r.emit(1001, 2000)
	close(r.events)
	s.Close(time.Minute)
	expect(t, early.Events(), 501, 2000, true)
	all.Wait()
	if _, err := os.Lstat(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the socket is still there: %v", err)
	}
	if _, err := Dial(path); err == nil || !strings.Contains(err.Error(), "kmv run --control auto") {
		t.Errorf("dialling a run that is over: %v", err)
	}
}

func TestRequests(t *testing.T) {
	r, s, path := served(t)
	inner := r.do
	r.do = func(ctx context.Context, c view.Command) (view.Reply, error) {
		switch c.Op {
		case view.Break:
			return view.Reply{}, &view.CommandError{Text: c.Text, Start: 2, End: 4, Problem: "is odd", Hint: "be even"}
		case view.Kill:
			return view.Reply{}, fmt.Errorf("too late: %w", view.ErrEnded)
		case view.Scrub:
			return view.Reply{Text: "half"}, errors.New("and half not")
		}
		return inner(ctx, c)
	}
	a, b := dial(t, path), dial(t, path)
	var all sync.WaitGroup
	for i := range 50 {
		for _, c := range []*Client{a, b} {
			all.Go(func() {
				want := fmt.Sprint(i)
				if reply, err := c.Do(t.Context(), view.Command{Op: view.Eval, Text: want, Value: 1<<64 - 1}); err != nil || reply.Text != want || reply.Value != 1<<64-1 {
					t.Errorf("reply %+v %v, want %s", reply, err, want)
				}
				if s, err := c.Look(t.Context(), view.Query{Thread: i + 1}); err != nil || s.Thread != i+1 || s.Offset != 1<<63+1 {
					t.Errorf("snapshot %+v %v, want thread %d", s, err, i+1)
				}
			})
		}
	}
	all.Wait()
	var bad *view.CommandError
	if _, err := a.Do(t.Context(), view.Command{Op: view.Break, Text: "a bc d"}); !errors.As(err, &bad) || *bad != (view.CommandError{Text: "a bc d", Start: 2, End: 4, Problem: "is odd", Hint: "be even"}) {
		t.Errorf("error %#v", err)
	}
	if _, err := a.Do(t.Context(), view.Command{Op: view.Kill}); !errors.Is(err, view.ErrEnded) {
		t.Errorf("error %v is not ErrEnded", err)
	}
	if reply, err := a.Do(t.Context(), view.Command{Op: view.Scrub}); reply.Text != "half" || err == nil || err.Error() != "and half not" {
		t.Errorf("%+v %v", reply, err)
	}
	if _, err := a.Look(t.Context(), view.Query{}); err == nil || err.Error() != "no such thread" {
		t.Errorf("error %v", err)
	}
	a.Close()
	if _, err := a.Do(t.Context(), view.Command{Op: view.Eval}); err == nil {
		t.Error("a command on a closed connection succeeded")
	}
	if _, err := b.Do(t.Context(), view.Command{Op: view.Eval}); err != nil {
		t.Errorf("the other client: %v", err)
	}
	close(r.events)
	s.Close(time.Minute)
	b.Close()
}

// TestCommandsKeepTheirOrder sends requests without waiting for replies.
func TestCommandsKeepTheirOrder(t *testing.T) {
	r, s, path := served(t)
	var got []uint64
	r.do = func(_ context.Context, c view.Command) (view.Reply, error) {
		got = append(got, c.Value) // unlocked: the race detector would see two at a time
		return view.Reply{}, nil
	}
	conn, in := raw(t, path)
	enc := json.NewEncoder(conn)
	const n = 200
	go func() {
		for i := range uint64(n) {
			_ = enc.Encode(message{ID: i + 1, Do: &view.Command{Op: view.Input, Value: i}})
		}
	}()
	for i := range uint64(n) {
		var m message
		if err := in.Decode(&m); err != nil || m.ID != i+1 {
			t.Fatalf("reply %d: %+v %v", i+1, m, err)
		}
	}
	close(r.events)
	s.Close(time.Minute)
	conn.Close()
	for i, v := range got {
		if v != uint64(i) {
			t.Fatalf("command %d was carried out as number %d", v, i)
		}
	}
}

// TestCancelled gives a command up while the run is busy with it.
func TestCancelled(t *testing.T) {
	r, s, path := served(t)
	busy, release := make(chan bool), make(chan bool)
	r.do = func(ctx context.Context, c view.Command) (view.Reply, error) {
		if c.Op == view.Verify {
			busy <- true
			<-release
		}
		return view.Reply{Text: c.Text}, nil
	}
	c := dial(t, path)
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-busy
		cancel()
	}()
	if _, err := c.Do(ctx, view.Command{Op: view.Verify}); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
	close(release)
	if reply, err := c.Do(t.Context(), view.Command{Op: view.Eval, Text: "next"}); err != nil || reply.Text != "next" {
		t.Errorf("the next command got %+v %v", reply, err)
	}
	close(r.events)
	s.Close(time.Minute)
	c.Close()
}

// raw is a connection that has said hello.
func raw(t *testing.T, path string) (net.Conn, *json.Decoder) {
	t.Helper()
	conn, err := net.Dial("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	in := json.NewDecoder(conn)
	if err := meet(conn, in); err != nil {
		t.Fatal(err)
	}
	return conn, in
}

// TestHungClient has a client that never reads, with far more events than a socket holds, and one that never says hello.
func TestHungClient(t *testing.T) {
	r, s, path := served(t)
	hung, _ := raw(t, path)
	silent, err := net.Dial("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 100 { // and asks, without taking the replies
		if err := json.NewEncoder(hung).Encode(message{ID: uint64(i + 1), Look: &view.Query{Thread: 1}}); err != nil {
			t.Fatal(err)
		}
	}
	const n = 20_000 // 1 MB of events: sockets hold a fifth of it
	r.emit(1, n)
	good := dial(t, path)
	if reply, err := good.Do(t.Context(), view.Command{Op: view.Eval, Text: "x"}); err != nil || reply.Text != "x" {
		t.Errorf("beside a hung client: %+v %v", reply, err)
	}
	close(r.events)
	expect(t, good.Events(), 1, n, true)
	s.Close(100 * time.Millisecond) // cuts both off
	hung.Close()
	silent.Close()
}

func TestKilledClient(t *testing.T) {
	r, s, path := served(t)
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), askedToDial+"="+path)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	r.emit(1, 10)
	var first int
	if _, err := fmt.Fscan(out, &first); err != nil || first != 1 {
		t.Fatalf("the client printed %d %v", first, err)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	r.emit(11, 20)
	c := dial(t, path)
	close(r.events)
	expect(t, c.Events(), 1, 20, true)
	s.Close(time.Minute)
}

// TestLostRun has the connection end without the word that the run has.
func TestLostRun(t *testing.T) {
	r, s, path := served(t)
	c := dial(t, path)
	started := make(chan bool)
	r.do = func(ctx context.Context, _ view.Command) (view.Reply, error) {
		close(started)
		<-ctx.Done()
		return view.Reply{}, ctx.Err()
	}
	failed := make(chan error)
	go func() {
		_, err := c.Do(t.Context(), view.Command{Op: view.Verify})
		failed <- err
	}()
	<-started
	s.Close(0) // the run's events have not ended
	if err := <-failed; !errors.Is(err, errLost) {
		t.Errorf("a command under way: %v", err)
	}
	expect(t, c.Events(), 1, 0, true)
	if !errors.Is(c.Err(), errLost) {
		t.Errorf("the events ended because of %v", c.Err())
	}
	close(r.events)
}

func TestProtocol(t *testing.T) {
	r, s, path := served(t)
	conn, err := net.Dial("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprintln(conn, `{"kmv":"control","protocol":99}`)
	in := json.NewDecoder(conn)
	var h hello
	var m message
	if err := in.Decode(&h); err != nil || h.Protocol != protocol {
		t.Errorf("hello %+v %v", h, err)
	}
	if err := in.Decode(&m); err == nil {
		t.Errorf("a client of another protocol was sent %+v", m)
	}
	conn.Close()
	close(r.events)
	s.Close(time.Minute)

	for says, want := range map[string]string{
		`{"kmv":"control","protocol":2}`:    "protocol 2 of the control socket, this kmv speaks 1: use the same kmv for both",
		`{"message":"I am something else"}`: "not the control socket of a kmv run",
		"HTTP/1.1 200 OK":                   "not the control socket of a kmv run",
	} {
		path := filepath.Join(t.TempDir(), "other")
		l, err := net.Listen("unix", path)
		if err != nil {
			t.Fatal(err)
		}
		go func() {
			if conn, err := l.Accept(); err == nil {
				fmt.Fprintln(conn, says)
				conn.Close()
			}
		}()
		if _, err := Dial(path); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("dialled what says %s: %v", says, err)
		}
		l.Close()
	}
}
