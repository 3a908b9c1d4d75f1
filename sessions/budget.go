package sessions

import "time"

const (
	budgetShare = 0.05            // of the time may be spent on pulling
	budgetMost  = 2 * time.Second // that was saved up
)

// budget keeps pulling cheap: what it may take grows with time.
type budget struct {
	left time.Duration
	last time.Time
}

// allows says whether more than the least may be pulled now.
func (b *budget) allows(now time.Time) bool {
	if b.last.IsZero() {
		b.left = budgetMost
	} else {
		b.left = min(budgetMost, b.left+time.Duration(float64(now.Sub(b.last))*budgetShare))
	}
	b.last = now
	return b.left > 0
}

// spend takes what a pull took. One that waited long for the run must not silence the rest.
func (b *budget) spend(d time.Duration) { b.left = max(b.left-d, -budgetMost/4) }
