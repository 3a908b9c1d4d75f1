package sessions

import (
	"context"
	"errors"
	"sync"

	"kmv/engine/view"
)

// Player is a recorded run. It is a view.Controller: commands that would resume the program move to later stops instead, Back
// and Seek to earlier moments, and Look answers from what was recorded. Nothing in a recording can be changed.
//
// Events gives the recorded ones up to where the player stands, as it gets there for the first time, and a stop for each move; numbers
// are the player's own.
type Player struct {
	Recording *Recording
	film      *film
	events    *queue[view.Event]

	mu     sync.Mutex
	at     int // moment
	sent   int // events of the film that were handed out
	seq    uint64
	breaks []view.BreakPoint
	nextID int
}

var _ view.Controller = (*Player)(nil)

// Open reads a recording. Damage is no error as long as anything can be played: see Recording.Damage.
func Open(path string) (*Player, error) {
	r, err := Read(path)
	if err != nil {
		return nil, err
	}
	return Play(r), nil
}

// Play plays a recording from its first moment.
func Play(r *Recording) *Player {
	p := &Player{Recording: r, film: unroll(r), events: newQueue[view.Event](), nextID: 1}
	for _, m := range p.film.moments {
		for _, b := range m.breaks {
			p.nextID = max(p.nextID, b.ID+1)
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.move(0)
	return p
}

// Events are the recorded ones.
func (p *Player) Events() <-chan view.Event { return p.events.out }

// Close ends Events.
func (p *Player) Close() error {
	p.events.drop()
	return nil
}

// move goes to a moment, and tells of it. The caller holds p.mu.
func (p *Player) move(to int) {
	p.at = max(0, min(to, len(p.film.moments)-1))
	m := &p.film.moments[p.at]
	told := false
	for p.sent < len(p.film.events) && p.film.events[p.sent].line <= m.last {
		e := *p.film.events[p.sent].event
		p.sent++
		p.tell(e)
		told = e.Kind == view.EventStop && e.Seq >= m.pull.Seq
	}
	if !told {
		p.tell(view.Event{Kind: view.EventStop, Time: m.pull.Time, Pid: m.pull.Pid, Thread: m.pull.Thread, PC: m.pc(), Text: m.reason()})
	}
}

func (p *Player) tell(e view.Event) {
	p.seq++
	e.Seq = p.seq
	p.events.put(e)
}

// reason is why the run is shown as it is at a moment.
func (m *moment) reason() string {
	switch {
	case m.pull.Reason != "":
		return m.pull.Reason
	case m.pull.Why == PullSecond:
		return "a second of the running program"
	}
	return string(m.pull.State)
}

// pc is the native address where the thread of a moment stood, 0 if that is not known.
func (m *moment) pc() uint64 {
	v, _ := register(m.registers[m.pull.Thread], "rip")
	return v
}

// Do moves, sets breakpoints, and evaluates. Explain and Why give the answers that were given when the run was recorded.
func (p *Player) Do(_ context.Context, c view.Command) (view.Reply, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch c.Op {
	case view.Pause, view.Resize, view.Shutdown:
		return view.Reply{}, nil
	case view.Seek:
		return p.seek(c)
	case view.Back:
		return p.back(c)
	case view.Forward:
		p.move(p.at + count(c))
		return p.where()
	case view.StepInst, view.NextInst, view.Step, view.Next, view.Block, view.ToStore:
		return p.step(c)
	case view.Continue, view.Finish, view.Until:
		return p.goOn(c)
	case view.Restart:
		p.move(0)
		return p.where()
	case view.Break, view.Watch:
		return p.setBreak(c)
	case view.Delete, view.Enable, view.Disable:
		return p.changeBreaks(c)
	case view.Eval:
		v, err := p.eval(c.Text, c.Thread)
		return view.Reply{Value: v}, err
	case view.Verify:
		return p.verified(), nil
	case view.Explain, view.Why, view.Type, view.Locals, view.List: // debug information is not recorded
		return p.answered(c)
	}
	return view.Reply{}, fixed(c.Op)
}

// fixed refuses what would change a recorded run.
func fixed(op view.Op) error {
	return &view.CommandError{Text: string(op), End: len(op), Problem: "a recording cannot be changed",
		Hint: "kmv tui PROG runs the program; here you can step, continue, go back and look"}
}

// count is how often a command is to be done.
func count(c view.Command) int { return max(1, c.Count) }

// answered gives the answer that the same question had at this moment.
func (p *Player) answered(c view.Command) (view.Reply, error) {
	m := &p.film.moments[p.at]
	from := 0
	if p.at > 0 {
		from = p.film.moments[p.at-1].last + 1
	}
	for _, l := range p.Recording.Lines[from : m.last+1] {
		if a := l.Asked; a != nil && a.Command.Op == c.Op && a.Command.Addr == c.Addr && a.Command.Text == c.Text && a.Command.On == c.On && a.Command.Frame == c.Frame {
			if a.Reply == nil {
				return view.Reply{}, errors.New(a.Error)
			}
			return *a.Reply, nil
		}
	}
	if c.Op == view.Explain {
		if text := p.explain(c.Addr, m); text != "" {
			return view.Reply{Text: text, Addr: c.Addr}, nil
		}
	}
	return view.Reply{}, &NotRecordedError{"the answer to " + string(c.Op), m.pull.Time}
}

// verified is the last verification up to here.
func (p *Player) verified() view.Reply {
	m := &p.film.moments[p.at]
	r := view.Reply{Text: "as it was verified when it was recorded"}
	for _, e := range p.film.events {
		if e.line > m.last {
			break
		}
		switch e.event.Kind {
		case view.EventVerified:
			r.Compared = e.event.Size
		case view.EventDivergent:
			r.Divergent = append(r.Divergent, view.Divergent{Start: e.event.Addr, End: e.event.Addr + e.event.Size, Range: e.event.Range, Cause: e.event.Text})
		}
	}
	return r
}
