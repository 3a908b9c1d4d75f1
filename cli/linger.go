package cli

import (
	"context"
	"time"

	"kmv/control"
	"kmv/engine/view"
)

// lingering is how long a run that a screen has started may stand paused while nobody is connected. A lost connection must not cost
// what somebody looks at, and what nobody comes back to must not stay for ever.
const lingering = "12h"

// linger ends a run that is paused and alone for so long; stop ends the watch.
func linger(run view.Controller, server *control.Server, long time.Duration) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		const looks = 20 // in that time
		since := time.Now()
		for tick := time.NewTicker(max(long/looks, time.Millisecond)); ; {
			select {
			case <-tick.C:
			case <-ctx.Done():
				tick.Stop()
				return
			}
			s, err := run.Look(ctx, view.Query{})
			if err != nil || s.State != view.Paused || server.Clients() > 0 {
				since = time.Now()
			} else if time.Since(since) >= long {
				_, _ = run.Do(ctx, view.Command{Op: view.Kill})
			}
		}
	}()
	return cancel
}
