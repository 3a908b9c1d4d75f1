package engine

import (
	"encoding/binary"

	"kmv/engine/view"
	"kmv/translator"
	"kmv/translator/x86"
)

// Executions are counted, when somebody wants them, by code at each block's entry; without that there is none of it. A count
// is 8 bytes in the thread section, for all threads: where two count at once one may be lost, which a person does not mind.

const (
	countersSize = 128 << 20
	countersAt   = jumpSection - countersSize // behind the thread blocks
)

// counting turns the counts on or off: everything is translated again.
func counting(e *engine, c view.Command) (view.Reply, error) {
	e.closeWindow(false)
	own := e.still(func() error {
		for _, cache := range e.caches() {
			if cache.counting != c.On {
				cache.counting = c.On
				clear(cache.counted)
				cache.retranslate(cache.cfg)
			}
		}
		e.debug.counting = c.On
		return nil
	})
	return view.Reply{}, own
}

// emitCount counts the block with an index, without changing a flag. The address stands in the instruction, so that one
// register is enough.
//
//	mov %rax,%fs:B; mov counter,%rax; lea 1(%rax),%rax; mov %rax,counter; mov %fs:B,%rax
func (c *codeCache) emitCount(a *x86.Asm, index int) {
	slot := x86.Abs(translator.SlotB).In(x86.FS)
	counter := uint64(c.layout.Threads.Low) + countersAt - threadSection + 8*uint64(index)
	a.MovMR(slot, x86.RAX, 8)
	a.Bytes(0x48, 0xa1) // mov moffs64,%rax (SDM 2B, MOV)
	a.Imm64(counter)
	a.Lea(x86.RAX, x86.At(x86.RAX, 1))
	a.Bytes(0x48, 0xa3)
	a.Imm64(counter)
	a.MovRM(x86.RAX, slot, 8)
}

// counts says whether the block that is placed next, at a native address, is counted.
func (c *codeCache) counts(pc uint64) bool {
	if 8*len(c.blocks) >= countersSize {
		return false
	}
	if _, ok := c.sampled[pc]; ok {
		c.sampled[pc] = int32(len(c.blocks))
		return true
	}
	return c.counting
}

// counter is the count of a block's executions.
func (c *codeCache) counter(index int) uint64 {
	if 8*index >= countersSize {
		return 0
	}
	return binary.LittleEndian.Uint64(c.mem[countersAt+8*index:])
}

func (c *codeCache) clearCounter(index int) {
	binary.LittleEndian.PutUint64(c.mem[countersAt+8*index:], 0)
}

// executions is how often the code of a block has been entered since counting began; 0 without that.
func (c *codeCache) executions(b *block) uint64 {
	if !c.counting {
		return 0
	}
	i, _ := c.blockIndex(b.start)
	return c.counter(i) + c.counted[b.native]
}

// keepCount saves the count of a block that is dropped.
func (c *codeCache) keepCount(i int32) {
	if !c.counting {
		return
	}
	if c.counted == nil {
		c.counted = map[uint64]uint64{}
	}
	if n := c.counter(int(i)); n > 0 {
		c.counted[c.blocks[i].native] += n
		c.lostStores += n * uint64(c.blocks[i].mirrored)
		c.clearCounter(int(i))
	}
}

// storesCounted is how many mirrored stores were executed since counting began.
func (c *codeCache) storesCounted() uint64 {
	if !c.counting {
		return 0
	}
	n := c.lostStores
	for i := range c.blocks {
		if b := &c.blocks[i]; b.mirrored > 0 && 8*i < countersSize {
			n += c.counter(i) * uint64(b.mirrored)
		}
	}
	return n
}
