package sessions

import "sync"

// queue hands values on in order and never makes the giver wait.
type queue[T any] struct {
	mu     sync.Mutex
	items  []T
	wake   chan struct{}
	closed bool
	out    chan T
	quit   chan struct{}
	once   sync.Once
}

// newQueue starts a queue. Its channel ends when all was taken after finish, or at once after drop.
func newQueue[T any]() *queue[T] {
	q := &queue[T]{wake: make(chan struct{}, 1), out: make(chan T), quit: make(chan struct{})}
	go q.run()
	return q
}

func (q *queue[T]) put(v T) {
	q.mu.Lock()
	if !q.closed {
		q.items = append(q.items, v)
	}
	q.mu.Unlock()
	q.nudge()
}

// finish says that nothing more comes.
func (q *queue[T]) finish() {
	q.mu.Lock()
	q.closed = true
	q.mu.Unlock()
	q.nudge()
}

// drop forgets what was not taken.
func (q *queue[T]) drop() { q.once.Do(func() { close(q.quit) }) }

func (q *queue[T]) nudge() {
	select {
	case q.wake <- struct{}{}:
	default:
	}
}

func (q *queue[T]) run() {
	defer close(q.out)
	for {
		q.mu.Lock()
		items, closed := q.items, q.closed
		q.items = nil
		q.mu.Unlock()
		for _, v := range items {
			select {
			case q.out <- v:
			case <-q.quit:
				return
			}
		}
		if len(items) > 0 {
			continue
		}
		if closed {
			return
		}
		select {
		case <-q.wake:
		case <-q.quit:
			return
		}
	}
}
