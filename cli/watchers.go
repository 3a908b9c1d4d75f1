package cli

import (
	"errors"
	"fmt"
	"io"
	"net"
	"time"

	"kmv/control"
	"kmv/engine/view"
	"kmv/metrics"
)

// farewell is how long the clients of a run that has ended may take between two pieces of the rest. On a busy machine that is seconds.
const farewell = 10 * time.Second

// watchers are who watches a run. What they need is opened before the program starts: nothing must cost a run.
type watchers struct {
	socket  *net.UnixListener
	metrics net.Listener
	events  io.WriteCloser
}

func (a *app) openWatchers(f *liveFlags) (w *watchers, err error) {
	w = &watchers{}
	defer func() {
		if err != nil {
			w.close()
		}
	}()
	if w.socket, err = f.listen(); err != nil {
		return w, err
	}
	if f.metrics != "" {
		if w.metrics, err = metrics.Listen(f.metrics); err != nil {
			return w, failure{err: fmt.Errorf("--metrics: %w", err), hint: "give a free address of this machine, such as 127.0.0.1:9100"}
		}
	}
	if f.events != "" {
		w.events, err = a.openOutput(f.events, "--events")
	}
	return w, err
}

// watch begins to watch. finish ends it, behind the run's own end.
func (w *watchers) watch(run view.Controller, alone time.Duration) (finish func() error) {
	shared := control.Share(run)
	var ends []func() error
	if w.socket != nil {
		server := control.Serve(w.socket, shared)
		if alone > 0 {
			stop := linger(shared.Watch(), server, alone)
			ends = append(ends, func() error { stop(); return nil })
		}
		ends = append(ends, func() error { server.Close(farewell); return nil })
	}
	if w.metrics != nil {
		server := metrics.Serve(w.metrics, shared.Watch())
		ends = append(ends, server.Close)
	}
	if w.events != nil {
		written := make(chan error, 1)
		go func() { written <- writeEvents(w.events, shared.Watch().Events()) }()
		ends = append(ends, func() error {
			if err := <-written; err != nil {
				return failure{err: fmt.Errorf("--events: %w", err), hint: "is the disk full?"}
			}
			return nil
		})
	}
	return func() error {
		var errs []error
		for _, end := range ends {
			errs = append(errs, end())
		}
		return errors.Join(errs...)
	}
}

func (w *watchers) close() {
	if w.socket != nil {
		w.socket.Close()
	}
	if w.metrics != nil {
		w.metrics.Close()
	}
	if w.events != nil {
		w.events.Close()
	}
}
