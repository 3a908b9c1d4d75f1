package sessions

import (
	"strconv"
	"strings"

	"kmv/engine/view"
)

// eval gives the value of an expression where the player stands. The caller holds p.mu.
func (p *Player) eval(text string, thread int) (uint64, error) {
	return p.evalAt(text, thread, &p.film.moments[p.at])
}

// evalAt gives the value of a register or a number at a moment, of a thread (0 is the one that stopped).
func (p *Player) evalAt(text string, thread int, m *moment) (uint64, error) {
	if thread == 0 {
		thread = m.pull.Thread
	}
	name, isRegister := strings.CutPrefix(text, "$")
	v, known := register(m.registers[thread], name)
	if isRegister && known {
		return v, nil
	}
	if v, err := strconv.ParseUint(text, 0, 64); err == nil {
		return v, nil
	}
	return 0, &view.CommandError{Text: text, End: len(text), Problem: "is not known at this moment", Hint: "a register such as $rax, or a number"}
}
