package inject

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"kmv/engine"
	"kmv/engine/view"
)

// patience is how long to wait before the next look for a page, where the run's own stops do not lead to one.
const patience = 20 * time.Millisecond

// Injector makes the errors of one SPEC in one run. Its methods run on the engine's goroutine, but for Drive.
type Injector struct {
	spec Spec
	made int
	err  error         // of the last attempt
	once chan struct{} // closed behind the first error
}

// New prepares the errors of a SPEC.
func New(s Spec) *Injector { return &Injector{spec: s, once: make(chan struct{})} }

// errNoPage says that there is nothing to break yet.
var errNoPage = errors.New("the program has not written a page there yet")

// Inject makes the next error now, at a safe point. It says what was done.
func (in *Injector) Inject(s *engine.Site) (string, error) {
	pages, err := in.spec.Where.written(s)
	if err != nil {
		return "", err
	}
	plan := in.spec.Plan(in.made, pages)
	if len(plan) == 0 {
		return "", errNoPage
	}
	f := view.Failure{ID: s.NewFailure(), What: in.spec.what(), Seed: in.spec.Seed}
	var done []string
	for _, c := range plan {
		mechanism, err := in.spec.apply(s, c, f)
		if err != nil {
			return strings.Join(done, "; "), err
		}
		done = append(done, fmt.Sprintf("%s at %#x, %s half, by %s", f.What, uint64(c.Addr), in.spec.Half, mechanism))
	}
	if in.made++; in.made == 1 {
		close(in.once)
	}
	return fmt.Sprintf("error %d: %s", f.ID, strings.Join(done, "; ")), nil
}

// what is WHAT, as it was written.
func (s Spec) what() string {
	what, _, _ := strings.Cut(s.Text, "@")
	return what
}

// apply makes one change of a plan. It names the mechanism.
func (s Spec) apply(site *engine.Site, c Change, f view.Failure) (string, error) {
	k := kinds[s.Kind]
	if k.lost {
		return site.Poison(c.Pid, uint64(c.Addr), s.Half, f)
	}
	if !k.stuck {
		return "write", site.Corrupt(c.Pid, uint64(c.Addr), s.Half, c.Mask, f)
	}
	for i, mask := range c.Mask {
		if mask != 0 {
			if err := site.Stick(c.Pid, uint64(c.Addr)+uint64(i), s.Half, mask, k.value, f); err != nil {
				return "write", err
			}
		}
	}
	return "write", nil
}

// try is Inject for a moment: false says to try again.
func (in *Injector) try(s *engine.Site) bool {
	_, in.err = in.Inject(s)
	return in.err == nil
}

// first is try until there has been one error.
func (in *Injector) first(s *engine.Site) bool { return in.made > 0 || in.try(s) }

// Triggers are for engine.Options: they make the first error, unless its moment is a time.
func (in *Injector) Triggers() []engine.Trigger {
	m := in.spec.When
	if m.After > 0 {
		return nil
	}
	return []engine.Trigger{{Stops: m.Stops, Syscalls: m.Syscalls, Place: m.Place, Do: in.first}}
}

// Drive makes the errors whose moments are times, and those that are repeated, until the run ends. The first error may be a
// trigger's.
func (in *Injector) Drive(l *engine.Live) {
	ended := make(chan struct{})
	go func() {
		_, _ = l.Wait()
		close(ended)
	}()
	if after := in.spec.When.After; after > 0 {
		if !sleep(after, ended) {
			return
		}
		in.insist(l, ended)
	} else { // a program that does not stop any more does not pull triggers
		for sleep(patience, ended) && !in.isMade(l) {
		}
	}
	if in.spec.Every == 0 {
		return
	}
	select {
	case <-in.once:
	case <-ended:
		return
	}
	for sleep(in.spec.Every, ended) {
		in.insist(l, ended)
	}
}

// insist makes an error as soon as there is a page.
func (in *Injector) insist(l *engine.Live, ended <-chan struct{}) {
	for {
		done := false
		if l.At(func(s *engine.Site) error { done = in.try(s); return nil }) != nil || done || !sleep(patience, ended) {
			return
		}
	}
}

// isMade tries to make the first error, if its moment has come; true also if the run is over.
func (in *Injector) isMade(l *engine.Live) (done bool) {
	return l.At(func(s *engine.Site) error {
		if done = in.made > 0; !done && (in.spec.When.IsNow() || in.err != nil) {
			done = in.try(s)
		}
		return nil
	}) != nil || done
}

// Missed says that no error was made in a run that has ended, and why; "" if one was.
func (in *Injector) Missed() string {
	switch {
	case in.made > 0:
		return ""
	case in.err != nil:
		return fmt.Sprintf("%s: no memory error was made: %v", in.spec.Text, in.err)
	}
	return in.spec.Text + ": no memory error was made: its moment never came"
}

// sleep waits; false means that the run has ended.
func sleep(d time.Duration, ended <-chan struct{}) bool {
	select {
	case <-time.After(d):
		return true
	case <-ended:
		return false
	}
}
