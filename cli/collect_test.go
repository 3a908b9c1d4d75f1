package cli

import "testing"

func TestCollectAt(t *testing.T) {
	for _, c := range []struct {
		used uint64
		want int
	}{
		{0, 400}, {1 << 20, 400}, {4 << 20, 200}, {8 << 20, 100}, {40 << 20, 20}, {1 << 30, 20},
	} {
		if got := collectAt(c.used); got != c.want {
			t.Errorf("with %d bytes in use, %d %%, want %d", c.used, got, c.want)
		}
	}
}
