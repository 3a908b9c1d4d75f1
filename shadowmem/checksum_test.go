package shadowmem

import "testing"

// TestChecksums: of two copies the one that is as it was is trusted; where both have changed nothing is said.
func TestChecksums(t *testing.T) {
	page := func(changes ...int) []byte {
		b := make([]byte, PageSize)
		for i := range b {
			b[i] = byte(i * 31)
		}
		for _, at := range changes {
			b[at] ^= 4
		}
		return b
	}
	const at = Native(0x10000003000)
	for _, row := range []struct {
		name           string
		native, mirror []byte
		diff           int
		noted          bool
		quiet          uint8
		want           Verdict
	}{
		{"a flip in native", page(700), page(), 700, true, 0, TrustMirror},
		{"a flip in the mirror", page(), page(700), 700, true, 0, TrustNative},
		{"written elsewhere since", page(3000, 700), page(3000), 700, true, 0, TrustMirror},
		{"written in the same block since", page(701, 700), page(701), 700, true, 0, Undecided},
		{"seen equal once, among threads", page(700), page(), 700, true, 1, Undecided},
		{"never seen equal", page(700), page(), 700, false, 0, Undecided},
	} {
		var c Checksums
		if row.noted {
			c.Note(at, page())
			c.Note(at+PageSize, page(1, 2, 3))
		}
		d := Diff{at + Native(row.diff), at + Native(row.diff) + 1}
		if got := c.Decide(at, row.native, row.mirror, d, row.quiet); got != row.want {
			t.Errorf("%s: %v, want %v", row.name, got, row.want)
		}
		c.Forget(at, at+PageSize)
		if got := c.Decide(at, row.native, row.mirror, d, row.quiet); got != Undecided {
			t.Errorf("%s: %v after it was forgotten", row.name, got)
		}
	}
}
