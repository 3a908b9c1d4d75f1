package engine

// addressMap maps native addresses to numbers. It does what a Go map would, in half the memory and time: start-up is
// made of such look-ups. Addresses of the code zone are kept in 32 bits, in one table with linear probing; others, which
// are rare, in a Go map.
type addressMap struct {
	slots []addressSlot // a power of two, or none
	used  int
	far   map[uint64]int32
}

type addressSlot struct {
	key   uint32 // address plus one, 0 if the slot is free
	value int32
}

// slotOf is where the search for a key begins (Knuth 6.4: multiplication by 2^32 over the golden ratio).
func (m *addressMap) slotOf(key uint32) uint32 {
	return (key * 0x9e3779b1) >> 7 & uint32(len(m.slots)-1)
}

func isFar(addr uint64) bool { return addr >= 1<<32-1 }

// get is the number of an address.
func (m *addressMap) get(addr uint64) (int32, bool) {
	if isFar(addr) {
		v, ok := m.far[addr]
		return v, ok
	}
	if m.used == 0 {
		return 0, false
	}
	key := uint32(addr) + 1
	for i := m.slotOf(key); m.slots[i].key != 0; i = (i + 1) & uint32(len(m.slots)-1) {
		if m.slots[i].key == key {
			return m.slots[i].value, true
		}
	}
	return 0, false
}

// set gives an address its number.
func (m *addressMap) set(addr uint64, v int32) {
	if isFar(addr) {
		if m.far == nil {
			m.far = map[uint64]int32{}
		}
		m.far[addr] = v
		return
	}
	m.grow(1)
	key := uint32(addr) + 1
	i := m.slotOf(key)
	for m.slots[i].key != 0 && m.slots[i].key != key {
		i = (i + 1) & uint32(len(m.slots)-1)
	}
	if m.slots[i].key == 0 {
		m.used++
	}
	m.slots[i] = addressSlot{key, v}
}

// grow makes room for n more addresses, at most three quarters of the slots used.
func (m *addressMap) grow(n int) {
	size := max(len(m.slots), 256)
	for (m.used+n)*4 > size*3 {
		size *= 2
	}
	if size == len(m.slots) {
		return
	}
	old := m.slots
	m.slots = make([]addressSlot, size)
	for _, s := range old {
		if s.key == 0 {
			continue
		}
		i := m.slotOf(s.key)
		for m.slots[i].key != 0 {
			i = (i + 1) & uint32(size-1)
		}
		m.slots[i] = s
	}
}

// remove forgets an address. What was pushed behind its slot moves up, so that no search ends too early.
func (m *addressMap) remove(addr uint64) {
	if isFar(addr) {
		delete(m.far, addr)
		return
	}
	if m.used == 0 {
		return
	}
	key, mask := uint32(addr)+1, uint32(len(m.slots)-1)
	i := m.slotOf(key)
	for m.slots[i].key != key {
		if m.slots[i].key == 0 {
			return
		}
		i = (i + 1) & mask
	}
	m.used--
	for j := (i + 1) & mask; m.slots[j].key != 0; j = (j + 1) & mask {
		if home := m.slotOf(m.slots[j].key); (j-home)&mask >= (j-i)&mask {
			m.slots[i], i = m.slots[j], j
		}
	}
	m.slots[i] = addressSlot{}
}

// len is how many addresses have a number.
func (m *addressMap) len() int { return m.used + len(m.far) }

// each calls f for every address below 4 GiB - 1, in no order, until it returns false.
func (m *addressMap) each(f func(addr uint64, v int32) bool) {
	for _, s := range m.slots {
		if s.key != 0 && !f(uint64(s.key-1), s.value) {
			return
		}
	}
}

// clone is an independent copy.
func (m *addressMap) clone() addressMap {
	n := addressMap{slots: append([]addressSlot(nil), m.slots...), used: m.used}
	for addr, v := range m.far {
		n.set(addr, v)
	}
	return n
}
