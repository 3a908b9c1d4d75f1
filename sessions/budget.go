package sessions

import "time"

// budgetShare of the time may be spent on pulling.
const budgetShare = 0.05

// budgetMost is how much may be saved up. Tests have more: they look at every stop, on a machine with other things to do.
var budgetMost = 500 * time.Millisecond

// budget keeps pulling cheap: what it may take grows with time.
type budget struct {
	left time.Duration
	last time.Time
}

// detail is how much may be pulled.
type detail uint8

const (
	nothing detail = iota
	little         // registers, and code that is not known
	all
)

// allows says how much may be pulled now.
func (b *budget) allows(now time.Time) detail {
	if b.last.IsZero() {
		b.left = budgetMost
	} else {
		b.left = min(budgetMost, b.left+time.Duration(float64(now.Sub(b.last))*budgetShare))
	}
	b.last = now
	switch {
	case b.left > budgetMost/4:
		return all
	case b.left > 0:
		return little
	}
	return nothing
}

// spend takes what a pull took. One that waited long for the run must not silence the rest.
func (b *budget) spend(d time.Duration) { b.left = max(b.left-d, -budgetMost/4) }
