package engine

import "golang.org/x/sys/unix"

// Commands of membarrier(2) that are about restartable sequences.
const (
	membarrierQuery        = 0
	membarrierRseq         = 1 << 7 // PRIVATE_EXPEDITED_RSEQ
	membarrierRegisterRseq = 1 << 8
)

// membarrier knows nothing of restartable sequences, as rseq(2) is not there: programs take the two for one (tcmalloc).
func membarrier(e *engine, t *thread, a [6]uint64) error {
	if uint32(a[0]) != membarrierQuery {
		return e.answer(t, fail(unix.EINVAL))
	}
	return e.pass(t, func(_ *engine, _ *thread, ret int64) (int64, error) {
		if ret > 0 {
			ret &^= membarrierRseq | membarrierRegisterRseq
		}
		return ret, nil
	})
}
