package control

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"kmv/engine/view"
)

// errLost says that the run's process went away without a word.
var errLost = errors.New("the connection to the run was lost")

// Client is a run in another process.
type Client struct {
	conn    net.Conn
	history *history
	events  func() <-chan view.Event
	cancel  context.CancelFunc
	done    chan struct{} // the reader has ended

	sending sync.Mutex
	enc     *json.Encoder

	mu      sync.Mutex
	next    uint64
	waiting map[uint64]chan message
	over    error          // why nothing more will come
	final   *view.Snapshot // how the run ended, if it did
}

var _ view.Controller = (*Client)(nil)

// Dial connects to the run that name, a process id or a path, stands for. The error says what to do next.
func Dial(name string) (*Client, error) {
	path, err := Path(name)
	if err != nil {
		return nil, err
	}
	conn, err := net.Dial("unix", path)
	if err != nil {
		return nil, notThere(name, err)
	}
	in := json.NewDecoder(conn)
	if err := meet(conn, in); err != nil {
		conn.Close()
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	c := &Client{
		conn: conn, enc: json.NewEncoder(conn), history: newHistory(), cancel: cancel,
		done: make(chan struct{}), waiting: map[uint64]chan message{},
	}
	c.events = sync.OnceValue(func() <-chan view.Event { return c.history.follow(ctx) })
	go c.read(in)
	return c, nil
}

// meet exchanges hellos.
func meet(conn net.Conn, in *json.Decoder) error {
	_ = conn.SetDeadline(time.Now().Add(greetTime))
	defer conn.SetDeadline(time.Time{})
	var h hello
	if err := in.Decode(&h); err != nil {
		if errors.Is(err, os.ErrDeadlineExceeded) {
			return errors.New("the run does not answer: is its kmv stopped?")
		}
		return errors.New("this is not the control socket of a kmv run, or another user's")
	}
	if err := h.check(); err != nil {
		return err
	}
	return json.NewEncoder(conn).Encode(greeting())
}

// notThere explains why nobody answers.
func notThere(name string, err error) error {
	if !errors.Is(err, unix.ENOENT) && !errors.Is(err, unix.ECONNREFUSED) {
		return err
	}
	running := "there is none now"
	if pids := Running(); len(pids) > 0 {
		running = "now: " + strings.Trim(fmt.Sprint(pids), "[]")
	}
	return fmt.Errorf("%s: no run can be reached there; start one with kmv run --control auto (%s)", name, running)
}

// read takes in what the server sends.
func (c *Client) read(in *json.Decoder) {
	defer close(c.done)
	var over error
	var final *view.Snapshot
	for {
		var m message
		if err := in.Decode(&m); err != nil {
			if over = errLost; !errors.Is(err, io.EOF) {
				over = fmt.Errorf("%w: %w", errLost, err)
			}
			break
		}
		if m.End {
			over, final = view.ErrEnded, m.Snapshot
			break
		}
		if m.Event != nil {
			c.history.add(*m.Event)
			continue
		}
		c.mu.Lock()
		if waits := c.waiting[m.ID]; waits != nil {
			waits <- m // has room for it
			delete(c.waiting, m.ID)
		}
		c.mu.Unlock()
	}
	c.conn.Close()
	c.mu.Lock()
	c.over, c.final = over, final
	for _, waits := range c.waiting {
		close(waits)
	}
	c.waiting = nil
	c.mu.Unlock()
	c.history.end()
}

// ask sends a request and waits for its reply.
func (c *Client) ask(ctx context.Context, m message) (message, error) {
	reply := make(chan message, 1)
	c.mu.Lock()
	if c.over != nil {
		c.mu.Unlock()
		return m, c.over
	}
	c.next++
	m.ID = c.next
	c.waiting[m.ID] = reply
	c.mu.Unlock()
	c.sending.Lock()
	err := c.enc.Encode(m)
	c.sending.Unlock()
	if err != nil && !errors.Is(err, unix.EPIPE) { // behind the run's end there is still to be read how it ended: the reader comes to that
		c.conn.Close()
	}
	select {
	case a, ok := <-reply:
		if !ok {
			return a, c.over
		}
		return a, a.Error.unpack()
	case <-ctx.Done():
		c.mu.Lock()
		delete(c.waiting, m.ID)
		c.mu.Unlock()
		return m, ctx.Err()
	}
}

// Do has the run carry out a command.
func (c *Client) Do(ctx context.Context, command view.Command) (view.Reply, error) {
	a, err := c.ask(ctx, message{Do: &command})
	if a.Reply == nil {
		return view.Reply{}, err
	}
	return *a.Reply, err
}

// Look reads a snapshot. When the run has ended, it shows its end.
func (c *Client) Look(ctx context.Context, q view.Query) (*view.Snapshot, error) {
	a, err := c.ask(ctx, message{Look: &q})
	if err == view.ErrEnded {
		c.mu.Lock()
		defer c.mu.Unlock()
		if c.final != nil {
			return c.final.Part(q), nil
		}
	}
	return a.Snapshot, err
}

// Events are the run's, from its start; the channel ends with the run, or when the connection is lost.
func (c *Client) Events() <-chan view.Event { return c.events() }

// Err says why the events ended: view.ErrEnded when the run did, another error when the connection was lost; nil before.
func (c *Client) Err() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.over
}

// Close leaves the run alone.
func (c *Client) Close() error {
	c.cancel()
	c.conn.Close()
	<-c.done
	return nil
}
