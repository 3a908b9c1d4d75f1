package engine

import (
	"math/rand"
	"testing"
)

// An addressMap does what a Go map does, whatever the order of what is put in and taken out.
func TestAddressMap(t *testing.T) {
	r := rand.New(rand.NewSource(1))
	var m addressMap
	want := map[uint64]int32{}
	address := func() uint64 {
		switch r.Intn(8) {
		case 0:
			return 1<<32 - 2 + uint64(r.Intn(4)) // around the border between table and map
		case 1:
			return uint64(r.Intn(4)) // null is an address too
		default:
			return uint64(0x400000 + r.Intn(3000)) // dense: long runs of used slots
		}
	}
	for i := range 200000 {
		a := address()
		switch r.Intn(3) {
		case 0:
			m.remove(a)
			delete(want, a)
		default:
			m.set(a, int32(i))
			want[a] = int32(i)
		}
		b := address()
		got, ok := m.get(b)
		if v, has := want[b]; got != v || ok != has {
			t.Fatalf("step %d: get(%#x) = %d, %v, want %d, %v", i, b, got, ok, v, has)
		}
		if m.len() != len(want) {
			t.Fatalf("step %d: len %d, want %d", i, m.len(), len(want))
		}
	}
	c := m.clone()
	for a, v := range want {
		if got, ok := c.get(a); got != v || !ok {
			t.Fatalf("clone: get(%#x) = %d, %v, want %d", a, got, ok, v)
		}
		c.remove(a)
	}
	if c.len() != 0 || m.len() != len(want) {
		t.Errorf("a clone of %d addresses has %d left, the original %d", len(want), c.len(), m.len())
	}
	near := 0
	m.each(func(a uint64, v int32) bool {
		if want[a] != v {
			t.Errorf("each: %#x has %d, want %d", a, v, want[a])
		}
		near++
		return true
	})
	if near+len(m.far) != len(want) {
		t.Errorf("each saw %d addresses and %d are far, want %d", near, len(m.far), len(want))
	}
}
