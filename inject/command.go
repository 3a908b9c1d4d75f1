package inject

import (
	"context"
	"errors"
	"fmt"

	"kmv/engine"
	"kmv/engine/view"
	"kmv/shadowmem"
)

// Run is a live run that also understands view.Inject.
type Run struct{ *engine.Live }

// Do carries out a command.
func (r Run) Do(ctx context.Context, c view.Command) (view.Reply, error) {
	if c.Op != view.Inject {
		return r.Live.Do(ctx, c)
	}
	s, err := Parse(c.Text)
	var bad *shadowmem.SpecError
	if errors.As(err, &bad) {
		err = &view.CommandError{Text: bad.Spec, Start: bad.At, End: bad.At + bad.Len, Problem: bad.Problem, Hint: bad.Hint}
	}
	if err != nil {
		return view.Reply{}, err
	}
	text, err := New(s).into(r.Live)
	return view.Reply{Text: text}, err
}

// into makes the errors of a SPEC in a run that is under way. Moments count from now on.
func (in *Injector) into(l *engine.Live) (string, error) {
	if in.spec.When.IsNow() {
		var text string
		err := l.At(func(s *engine.Site) (err error) { text, err = in.Inject(s); return err })
		if err == nil && in.spec.Every > 0 {
			go in.Drive(l)
			text += fmt.Sprintf("; another one every %v", in.spec.Every)
		}
		return text, err
	}
	if m := &in.spec.When; m.Stops > 0 || m.Syscalls > 0 {
		s, err := l.Look(context.Background(), view.Query{})
		if err != nil {
			return "", err
		}
		if m.Stops > 0 {
			m.Stops += s.Counters.Stops
		} else {
			m.Syscalls += s.Counters.Syscalls
		}
	}
	for _, t := range in.Triggers() {
		if err := l.When(t); err != nil {
			return "", err
		}
	}
	go in.Drive(l)
	return "waiting for the moment of " + in.spec.Text, nil
}
