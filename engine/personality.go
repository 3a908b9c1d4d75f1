package engine

import "golang.org/x/sys/unix"

// With READ_IMPLIES_EXEC the kernel lets the program execute what it may read. Here nothing native may be executed: the kernel
// is not told, and the engine takes what is mapped or protected from then on for code. execve of a 64-bit program
// ends it (set_personality_64bit).

// readImpliesExec is that bit, and askPersonality changes nothing (personality(2)).
const (
	readImpliesExec = 0x0400000
	askPersonality  = 0xffffffff
)

func personality(e *engine, t *thread, a [6]uint64) error {
	was := int64(0)
	if t.readExec {
		was = readImpliesExec
	}
	if err := e.prepare(t); err != nil {
		return err
	}
	wish := uint32(a[0])
	t.call.after = func(_ *engine, t *thread, ret int64) (int64, error) {
		if ret >= 0 && wish != askPersonality {
			t.readExec = wish&readImpliesExec != 0
		}
		return ret | was, nil
	}
	if wish != askPersonality {
		t.regs.Rdi = uint64(wish &^ readImpliesExec)
	}
	return e.runGadget(t)
}

// implied is a protection that the program asks for, with what it implies.
func (t *thread) implied(prot int) int {
	if t.readExec && prot&unix.PROT_READ != 0 {
		prot |= unix.PROT_EXEC
	}
	return prot
}

func init() { handlers[unix.SYS_PERSONALITY] = personality }
