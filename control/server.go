package control

import (
	"bufio"
	"context"
	"encoding/json"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"kmv/engine/view"
)

// greetTime is how long the other side may take to say hello.
const greetTime = 10 * time.Second

// Server lets clients at one run.
type Server struct {
	run       *Shared
	listener  *net.UnixListener
	accepting sync.WaitGroup
	clients   sync.WaitGroup
	mu        sync.Mutex
	conns     map[*net.UnixConn]bool
	sent      atomic.Uint64 // messages, to all
}

// Serve accepts clients until Close. Connections that were made before are taken too.
func Serve(l *net.UnixListener, run *Shared) *Server {
	s := &Server{run: run, listener: l, conns: map[*net.UnixConn]bool{}}
	s.accepting.Add(1)
	go s.accept()
	return s
}

func (s *Server) accept() {
	defer s.accepting.Done()
	for {
		conn, err := s.listener.AcceptUnix()
		if err != nil {
			return
		}
		if !permitted(conn) {
			conn.Close()
			continue
		}
		s.mu.Lock()
		s.conns[conn] = true
		s.mu.Unlock()
		s.clients.Add(1)
		go func() {
			defer s.clients.Done()
			serve(conn, s.run, &s.sent)
			s.mu.Lock()
			delete(s.conns, conn)
			s.mu.Unlock()
		}()
	}
}

// Close takes no more clients, and waits until those that are there know how the run ended; once nobody has taken anything for as
// long as grace, they are cut off. The run's events must have ended, or that is so for all.
func (s *Server) Close(grace time.Duration) {
	s.listener.Close()
	s.accepting.Wait()
	gone := make(chan struct{})
	go func() {
		s.clients.Wait()
		close(gone)
	}()
	for before := s.sent.Load(); ; before = s.sent.Load() { // a slow client of a program that prints much has a lot to read
		select {
		case <-gone:
			return
		case <-time.After(grace):
		}
		if s.sent.Load() == before {
			break
		}
	}
	s.mu.Lock()
	for conn := range s.conns {
		conn.Close()
	}
	s.mu.Unlock()
	<-gone
}

// Clients is how many are connected.
func (s *Server) Clients() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.conns)
}

// session is one client's connection.
type session struct {
	run     view.Controller
	conn    *net.UnixConn
	in      *json.Decoder
	out     *bufio.Writer
	enc     *json.Encoder
	replies chan message
	sent    *atomic.Uint64
}

// serve talks to one client until it leaves or the run has ended.
func serve(conn *net.UnixConn, run *Shared, sent *atomic.Uint64) {
	defer conn.Close()
	s := &session{run: run.Watch(), conn: conn, in: json.NewDecoder(conn), out: bufio.NewWriter(conn), replies: make(chan message), sent: sent}
	defer s.run.Close()
	s.enc = json.NewEncoder(s.out)
	if !s.greet() {
		return
	}
	ctx, cancel := context.WithCancel(context.Background())
	var workers sync.WaitGroup
	workers.Go(func() {
		defer cancel() // the client has left
		s.read(ctx, &workers)
	})
	s.write(ctx)
	cancel()
	conn.Close() // ends the reader
	workers.Wait()
}

// greet exchanges hellos. A client of another protocol has got ours, and knows.
func (s *session) greet() bool {
	_ = s.conn.SetDeadline(time.Now().Add(greetTime))
	var h hello
	if s.enc.Encode(greeting()) != nil || s.out.Flush() != nil || s.in.Decode(&h) != nil {
		return false
	}
	_ = s.conn.SetDeadline(time.Time{})
	return h.check() == nil
}

// read takes requests in. Commands wait for each other, and so do snapshots.
func (s *session) read(ctx context.Context, workers *sync.WaitGroup) {
	commands, looks := make(chan message, 16), make(chan message, 16)
	defer close(commands)
	defer close(looks)
	for _, queue := range []chan message{commands, looks} {
		workers.Go(func() {
			for m := range queue {
				s.reply(ctx, s.answer(ctx, m))
			}
		})
	}
	for {
		var m message
		if s.in.Decode(&m) != nil {
			return
		}
		queue := looks
		if m.Do != nil {
			queue = commands
		}
		select {
		case queue <- m:
		case <-ctx.Done():
			return
		}
	}
}

// answer does what a request asks for.
func (s *session) answer(ctx context.Context, m message) message {
	a := message{ID: m.ID}
	switch {
	case m.Do != nil:
		reply, err := s.run.Do(ctx, *m.Do)
		a.Reply, a.Error = &reply, packError(err)
	case m.Look != nil:
		snapshot, err := s.run.Look(ctx, *m.Look)
		a.Snapshot, a.Error = snapshot, packError(err)
	default:
		a.Error = &wireError{Text: "a request has do or look"}
	}
	return a
}

func (s *session) reply(ctx context.Context, m message) {
	select {
	case s.replies <- m:
	case <-ctx.Done():
	}
}

// write sends events and replies until the run has ended, and then says so.
func (s *session) write(ctx context.Context) {
	events := s.run.Events()
	for {
		var m message
		select {
		case m = <-s.replies:
		case ev, ok := <-events:
			if m.Event = &ev; !ok {
				m = message{End: true}
				m.Snapshot, _ = s.run.Look(ctx, view.Query{Ranges: true, Gaps: true, Failures: true, Blocks: true, Breaks: true}) // for those who look later
			}
		case <-ctx.Done():
			return
		}
		if s.enc.Encode(m) != nil || s.out.Flush() != nil || m.End {
			return
		}
		s.sent.Add(1)
	}
}
