package x86

import "strings"

// gnuNames are mnemonics that GNU spells otherwise, by operand size 1, 2, 4, 8.
var gnuNames = map[Op][4]string{
	OpCWDE:   {"", "cbtw", "cwtl", "cltq"},
	OpCDQ:    {"", "cwtd", "cltd", "cqto"},
	OpMOVS:   {"movsb", "movsw", "movsl", "movsq"},
	OpCMPS:   {"cmpsb", "cmpsw", "cmpsl", "cmpsq"},
	OpINS:    {"insb", "insw", "insl", "insl"},
	OpOUTS:   {"outsb", "outsw", "outsl", "outsl"},
	OpMOVSXD: {"", "movsxd", "movsxd", "movslq"},
	OpPUSHF:  {"", "pushfw", "", "pushf"},
	OpPOPF:   {"", "popfw", "", "popf"},
}

// wideNames are mnemonics that say that REX.W or VEX.W is set.
var wideNames = map[Op]string{
	OpMOVD: "movq", OpVMOVD: "vmovq", OpPEXTRD: "pextrq", OpVPEXTRD: "vpextrq", OpPINSRD: "pinsrq", OpVPINSRD: "vpinsrq",
	OpXSAVE: "xsave64", OpXSAVEC: "xsavec64", OpXSAVEOPT: "xsaveopt64", OpXSAVES: "xsaves64", OpXRSTOR: "xrstor64",
	OpXRSTORS: "xrstors64", OpFXSAVE: "fxsave64", OpFXRSTOR: "fxrstor64", OpINCSSP: "incsspq", OpRDSSP: "rdsspq",
	OpIRET: "iretq", OpRETF: "lretq", OpSYSRET: "sysretq", OpSYSEXIT: "sysexitq", OpWRSS: "wrssq", OpWRUSS: "wrussq",
}

// narrowNames are the same mnemonics where GNU's differ from ours without W.
var narrowNames = map[Op]string{
	OpINCSSP: "incsspd", OpRDSSP: "rdsspd", OpRETF: "lret", OpSYSRET: "sysretl", OpSYSEXIT: "sysexitl", OpWRSS: "wrssd", OpWRUSS: "wrussd",
	OpCALLF: "lcall", OpJMPF: "ljmp",
}

// bare are integer instructions whose memory operand takes no size suffix.
var bare = map[Op]bool{
	OpPUSH: true, OpPOP: true, OpCALL: true, OpJMP: true, OpSLDT: true, OpSTR: true, OpLLDT: true, OpLTR: true, OpVERR: true, OpVERW: true,
	OpSMSW: true, OpLMSW: true, OpPREFETCH: true, OpPREFETCHW: true, OpPREFETCHWT1: true, OpBNDMOV: true, OpBNDCL: true, OpBNDCU: true, OpBNDCN: true,
}

var suffixes = [9]string{1: "b", 2: "w", 4: "l", 8: "q"}

// name is the GNU mnemonic with its suffix.
func (p *printer) name() string {
	op := p.row.op
	if g, ok := gnuNames[op]; ok {
		return g[log2(p.own.OpSize)]
	}
	if w, ok := wideNames[op]; ok && p.w {
		return w
	}
	if n, ok := narrowNames[op]; ok {
		if p.own.Op16 && !p.w && p.row.flow == FlowFar && op != OpSYSRET && op != OpSYSEXIT {
			n += "w"
		}
		return n
	}
	s := op.String()
	switch {
	case p.own.Op16 && !p.w && p.saysWord():
		return s + "w"
	case p.own.Addr32 && op == OpJRCXZ:
		return "jecxz"
	case p.own.Addr32 && p.row.flow == FlowLoop:
		return s[:4] + s[4:] + "l"
	case op == OpMOVZX || op == OpMOVSX:
		return s[:4] + suffixes[1<<(p.own.Opcode&1)] + suffixes[p.own.OpSize&15]
	case op == OpMOV && (p.row.imm == immV && p.own.OpSize == 8 || p.row.imm == moffs && p.own.DispLen == 8):
		return "movabs"
	case p.own.Enc == Legacy && p.own.Map == 0 && p.own.Opcode&^7 == 0xd8:
		return p.x87Name(s)
	}
	return s + p.suffix()
}

// saysWord covers stack operations whose size no register shows.
func (p *printer) saysWord() bool {
	switch p.row.op {
	case OpLEAVE, OpENTER, OpIRET:
		return true
	case OpPUSH, OpPOP:
		return p.row.imm != immNone || p.own.Map == 1 || p.own.HasMem
	}
	return false
}

func log2(n uint8) int { return strings.IndexByte("\x01\x02\x04\x08", max(n, 1)) }

// suffix is the operand size where no register operand shows it.
func (p *printer) suffix() string {
	list := operandTexts[p.row.text]
	if !p.own.HasMem || bare[p.row.op] || p.own.Opcode&^15 == 0x90 && p.own.Map == 1 {
		return ""
	}
	if strings.HasSuffix(list, ",Ey") && list[0] == 'V' && p.row.op != OpMOVD && p.row.op != OpVMOVD { // conversions from integers
		return suffixes[4<<bit(p.w)]
	}
	if s := p.lengthSuffix(list); s != "" {
		return s
	}
	if p.row.op == OpCRC32 {
		return suffixes[p.own.MemSize&15]
	}
	switch strings.TrimSuffix(strings.TrimSuffix(strings.TrimSuffix(list, ",Iz"), ",Ib"), ",cl") {
	case "Eb", "Ev", "Ey", "Eb,1", "Ev,1":
		return suffixes[p.own.OpSize&15]
	}
	return ""
}

// lengthSuffix is the vector length where the destination of a narrowing conversion or test does not show it.
func (p *printer) lengthSuffix(list string) string {
	hidden := strings.HasPrefix(list, "Vk") || strings.HasPrefix(list, "Kr,Wx") || strings.HasPrefix(list, "Vh") && p.vl < 2
	if !hidden || p.own.Enc == Legacy || p.row.mem != memX || p.evexB {
		return ""
	}
	return [4]string{"x", "y", "z"}[p.vl&3]
}

// x87Name adds the size of an x87 memory operand. GNU exchanges fsub and fsubr, fdiv and fdivr when the destination is not st
// (an old bug that became the syntax).
func (p *printer) x87Name(s string) string {
	if !p.own.HasMem {
		if (p.own.Opcode == 0xdc || p.own.Opcode == 0xde) && p.own.ModRM&0x20 != 0 {
			return exchanged[s]
		}
		return s
	}
	if strings.HasPrefix(s, "fi") {
		return s + map[uint16]string{2: "s", 4: "l", 8: "ll"}[p.own.MemSize]
	}
	switch p.row.op {
	case OpFLDENV, OpFNSTENV, OpFRSTOR, OpFNSAVE:
		if p.own.Op16 && !p.w {
			s += "s"
		}
		return s
	case OpFLDCW, OpFNSTCW, OpFNSTSW, OpFBLD, OpFBSTP:
		return s
	}
	return s + map[uint16]string{4: "s", 8: "l", 10: "t"}[p.own.MemSize]
}

var exchanged = map[string]string{
	"fsub": "fsubr", "fsubr": "fsub", "fsubp": "fsubrp", "fsubrp": "fsubp", "fdiv": "fdivr", "fdivr": "fdiv", "fdivp": "fdivrp", "fdivrp": "fdivp",
}
