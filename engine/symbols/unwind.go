package symbols

// Registers in DWARF's numbering for x86-64 (System V ABI, AMD64, 3.6.2): rax rdx rcx rbx rsi rdi rbp rsp r8 to r15, and
// the return address.
type Registers [17]uint64

// Numbers in Registers.
const (
	RegSP = 7
	RegPC = 16
)

// frameRow is how to find the caller's registers at one address.
type frameRow struct {
	cfa    rule // ruleRegister with offset, or an expression that gives the CFA itself
	regs   [17]rule
	signal bool
}

type ruleKind uint8

const (
	ruleSame       ruleKind = iota // not touched so far
	ruleUndefined                  // lost; of the return address: there is no caller
	ruleOffset                     // at CFA + n
	ruleValOffset                  // is CFA + n
	ruleRegister                   // in another register, plus n for the CFA
	ruleExpression                 // at the address that code computes
	ruleValue                      // what code computes
)

type rule struct {
	kind ruleKind
	reg  uint64
	n    int64
	code []byte
}

// Caller turns the registers of a frame into its caller's. bias is what was added to the file's addresses; exact says that
// PC is the next instruction, not a return address. read gives 8 bytes of memory. CFA is the frame's canonical address,
// signal says that the frame is a signal handler's trampoline: then the caller's PC is exact. ok is false where the table
// knows nothing of the address; a caller with PC 0 is none.
func (im *Image) Caller(r Registers, bias uint64, exact bool, lost *uint32, read func(uint64) (uint64, bool)) (caller Registers, cfa uint64, signal, ok bool) {
	pc := r[RegPC] - bias
	if !exact {
		pc-- // into the call: what follows may belong to another function
	}
	f := im.frameOf(pc)
	if f == nil {
		return r, 0, false, false
	}
	row, ok := f.rowAt(pc)
	if !ok {
		return r, 0, false, false
	}
	m := machine{regs: &r, read: read, bias: bias}
	switch row.cfa.kind {
	case ruleRegister:
		cfa = r[row.cfa.reg] + uint64(row.cfa.n)
	case ruleExpression:
		if cfa, ok = m.eval(row.cfa.code, 0, false); !ok {
			return r, 0, false, false
		}
	default:
		return r, 0, false, false
	}
	caller = r
	caller[RegSP] = cfa
	for i, x := range row.regs {
		v, ok := m.value(x, cfa, caller[i])
		if !ok {
			return r, cfa, row.signal, false
		}
		caller[i] = v
		switch {
		case i == RegSP || x.kind == ruleSame && scratch>>i&1 == 0:
		case x.kind == ruleSame || x.kind == ruleUndefined:
			*lost |= 1 << i
		default:
			*lost &^= 1 << i
		}
	}
	if k := row.regs[RegPC].kind; k == ruleUndefined || k == ruleSame {
		caller[RegPC] = 0
	}
	return caller, cfa, row.signal, true
}

// scratch are the registers that a function need not keep (System V ABI, AMD64, 3.2.3), by number: rax rdx rcx rsi rdi r8 to r11.
const scratch = 1<<0 | 1<<1 | 1<<2 | 1<<4 | 1<<5 | 1<<8 | 1<<9 | 1<<10 | 1<<11

// value applies a rule.
func (m *machine) value(x rule, cfa, same uint64) (uint64, bool) {
	switch x.kind {
	case ruleOffset:
		return m.read(cfa + uint64(x.n))
	case ruleValOffset:
		return cfa + uint64(x.n), true
	case ruleRegister:
		return m.regs[x.reg], true
	case ruleExpression:
		at, ok := m.eval(x.code, cfa, true)
		if !ok {
			return 0, false
		}
		return m.read(at)
	case ruleValue:
		return m.eval(x.code, cfa, true)
	}
	return same, true
}

// rowAt runs the call frame instructions up to an address.
func (f *frameEntry) rowAt(pc uint64) (frameRow, bool) {
	p := program{c: f.cie, loc: f.low, pc: pc}
	p.row.signal = f.cie.signal
	if !p.run(f.cie.code) {
		return p.row, false
	}
	p.initial = p.row.regs
	p.loc = f.low
	ok := p.run(f.code)
	return p.row, ok
}

// program executes call frame instructions (DWARF 5, 6.4.2).
type program struct {
	c       *commonEntry
	loc, pc uint64
	row     frameRow
	initial [17]rule
	stack   []frameRow
}

// run stops early when it is past pc.
func (p *program) run(code []byte) bool {
	r := reader{b: code}
	for r.left() > 0 && p.loc <= p.pc {
		op := r.u8()
		low := uint64(op & 0x3f)
		switch op >> 6 {
		case 1: // advance_loc
			p.advance(low)
		case 2: // offset
			p.set(low, rule{kind: ruleOffset, n: int64(r.uleb()) * p.c.dataAlign})
		case 3: // restore
			p.restore(low)
		default:
			if !p.extended(op, &r) {
				return false
			}
		}
		if r.bad {
			return false
		}
	}
	return true
}

func (p *program) advance(n uint64) { p.loc += n * p.c.codeAlign }

func (p *program) set(reg uint64, x rule) {
	if reg < uint64(len(p.row.regs)) {
		p.row.regs[reg] = x
	}
}

func (p *program) restore(reg uint64) {
	if reg < uint64(len(p.row.regs)) {
		p.row.regs[reg] = p.initial[reg]
	}
}

// extended are the instructions that take a whole byte (DWARF 5, table 7.29; 0x2e and 0x2f are GNU's).
func (p *program) extended(op byte, r *reader) bool {
	align := p.c.dataAlign
	block := func() []byte { return r.take(int(r.uleb())) }
	switch op {
	case 0x00: // nop
	case 0x01: // set_loc
		v, ok := r.pointer(p.c.encoding)
		p.loc = v
		return ok
	case 0x02:
		p.advance(uint64(r.u8()))
	case 0x03:
		p.advance(uint64(r.u16()))
	case 0x04:
		p.advance(uint64(r.u32()))
	case 0x05: // offset_extended
		p.set(r.uleb(), rule{kind: ruleOffset, n: int64(r.uleb()) * align})
	case 0x06:
		p.restore(r.uleb())
	case 0x07:
		p.set(r.uleb(), rule{kind: ruleUndefined})
	case 0x08:
		p.set(r.uleb(), rule{kind: ruleSame})
	case 0x09:
		p.set(r.uleb(), rule{kind: ruleRegister, reg: r.uleb() & 15})
	case 0x0a: // remember_state
		p.stack = append(p.stack, p.row)
	case 0x0b: // restore_state
		n := len(p.stack)
		if n == 0 {
			return false
		}
		p.row, p.stack = p.stack[n-1], p.stack[:n-1]
	case 0x0c: // def_cfa
		p.row.cfa = rule{kind: ruleRegister, reg: r.uleb() & 15, n: int64(r.uleb())}
	case 0x0d: // def_cfa_register
		p.row.cfa.kind, p.row.cfa.reg = ruleRegister, r.uleb()&15
	case 0x0e: // def_cfa_offset
		p.row.cfa.n = int64(r.uleb())
	case 0x0f: // def_cfa_expression
		p.row.cfa = rule{kind: ruleExpression, code: block()}
	case 0x10:
		p.set(r.uleb(), rule{kind: ruleExpression, code: block()})
	case 0x11: // offset_extended_sf
		p.set(r.uleb(), rule{kind: ruleOffset, n: r.sleb() * align})
	case 0x12: // def_cfa_sf
		p.row.cfa = rule{kind: ruleRegister, reg: r.uleb() & 15, n: r.sleb() * align}
	case 0x13: // def_cfa_offset_sf
		p.row.cfa.n = r.sleb() * align
	case 0x14: // val_offset
		p.set(r.uleb(), rule{kind: ruleValOffset, n: int64(r.uleb()) * align})
	case 0x15:
		p.set(r.uleb(), rule{kind: ruleValOffset, n: r.sleb() * align})
	case 0x16:
		p.set(r.uleb(), rule{kind: ruleValue, code: block()})
	case 0x2e: // GNU_args_size
		r.uleb()
	case 0x2f: // GNU_negative_offset_extended
		p.set(r.uleb(), rule{kind: ruleOffset, n: -int64(r.uleb()) * align})
	default:
		return false
	}
	return true
}
