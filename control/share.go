package control

import (
	"context"
	"sync"

	"kmv/engine/view"
)

// Shared is a run with any number of watchers in this process; it reads the run's events.
type Shared struct {
	run     view.Controller
	history *history
}

// Share becomes the reader of a run's events, to hand them to many.
func Share(run view.Controller) *Shared {
	s := &Shared{run: run, history: newHistory()}
	go s.history.collect(run.Events())
	return s
}

// Watch is the run for one watcher more. Closing it lets go of this watcher's events only.
func (s *Shared) Watch() view.Controller {
	ctx, cancel := context.WithCancel(context.Background())
	w := &watcher{Controller: s.run, cancel: cancel}
	w.events = sync.OnceValue(func() <-chan view.Event { return s.history.follow(ctx) })
	return w
}

// watcher is a run with a channel of events of its own.
type watcher struct {
	view.Controller
	events func() <-chan view.Event
	cancel context.CancelFunc
}

func (w *watcher) Events() <-chan view.Event { return w.events() }

func (w *watcher) Close() error {
	w.cancel()
	return nil
}
