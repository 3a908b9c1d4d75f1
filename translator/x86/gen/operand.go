package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

var (
	flagNames = map[rune]string{'o': "OF", 's': "SF", 'z': "ZF", 'a': "AF", 'p': "PF", 'c': "CF", 'd': "DF", 'A': "CF|PF|AF|ZF|SF|OF"}
	plain     = map[string]string{
		"lock": "aLock", "rep": "aRep", "repcc": "aRepCC", "seg": "aSeg", "vsib": "aVSIB", "d64": "aD64", "f64": "aF64",
		"shift": "aShift", "carry": "aCarry", "masked": "aMasked", "bits": "aBits", "atomic": "aAtomic", "sreg": "aSegWrite",
		"sib": "aSIB", "nomask": "aNoMask", "long": "aLong", "er": "aRound", "sae": "aSAE", "rdseg": "aSegRead", "modrmreg": "aModReg",
	}
)

// attribute reads one attribute column.
func (r *row) attribute(a string) error {
	if name, ok := plain[a]; ok {
		r.attrs = append(r.attrs, name)
		return nil
	}
	key, val, ok := strings.Cut(a, ":")
	switch {
	case a[0] == 'n' && !ok:
		n, err := strconv.Atoi(a[1:])
		r.scale = n
		return err
	case key == "w" || key == "r":
		for _, c := range val {
			set := &r.flagsR
			if key == "w" {
				set = &r.flagsW
			}
			*set = append(*set, flagNames[c])
		}
	case key == "W" || key == "R":
		for _, reg := range strings.Split(val, ",") {
			r.implicit(reg, key == "R", key == "W")
		}
	case key == "form":
		r.form = val
	case key == "flow":
		r.flow = "Flow" + val
	case key == "size":
		r.size = sizeCode(val)
	default:
		return fmt.Errorf("unknown attribute %q", a)
	}
	return nil
}

// implicit notes a fixed register.
func (r *row) implicit(reg string, read, write bool) {
	if reg[0] != 'r' {
		reg = "r" + reg
	}
	bit := "1<<" + strings.ToUpper(reg)
	if read && !slices.Contains(r.implR, bit) {
		r.implR = append(r.implR, bit)
	}
	if write && !slices.Contains(r.implW, bit) {
		r.implW = append(r.implW, bit)
	}
}

// operandList reads the operands column.
func (r *row) operandList() error {
	if r.operands == "-" {
		r.finish()
		return nil
	}
	var text []string
	for i, o := range strings.Split(r.operands, ",") {
		shown, err := r.operand(o, i == 0)
		if err != nil {
			return err
		}
		text = append(text, shown)
	}
	r.operands = strings.Join(text, ",")
	r.finish()
	return nil
}

// operand reads one operand and returns it without its access mark.
func (r *row) operand(o string, first bool) (string, error) {
	access := []string{"opRead"}
	if first {
		access = []string{"opWrite"}
	}
	switch o[len(o)-1] {
	case '+':
		access = []string{"opRead", "opWrite"}
	case '-':
		access = []string{"opRead"}
	case '*':
		access = []string{"opWrite"}
	case '~':
		access = nil
	}
	o = strings.TrimRight(o, "+-*~")
	body, bcst, _ := strings.Cut(o, ":")
	if bcst != "" {
		if r.table >= evexMaps["0F"] {
			r.bcst, _ = strconv.Atoi(bcst)
		} else {
			o = body
		}
	}
	body, mem, _ := strings.Cut(body, "/M")
	if body[0] >= 'a' && body[0] <= 'z' || body == "1" {
		r.fixed(body, access)
		return o, nil
	}
	return o, r.general(body[0], body[1:], mem, access)
}

// general handles an operand that is named by a letter and a size.
func (r *row) general(class byte, size, mem string, access []string) error {
	gpr := append([]string{"opGPR"}, access...)
	if part := map[string]string{"b": "opB", "w": "opW", "v": "opV"}[size]; part != "" {
		gpr = append(gpr, part)
	}
	if strings.IndexByte("EGRZBOXY", class) >= 0 && r.size == "" {
		r.size = sizeCode(size)
	}
	switch class {
	case 'E':
		r.rm, r.mem = gpr, memCode(size)
	case 'R':
		r.rm = gpr
		if mem != "" {
			r.mem = memCode(mem)
		} else {
			r.need(dimMod, 1)
		}
	case 'M':
		r.rm, r.mem = access, memCode(size)
		r.need(dimMod, 0)
	case 'W', 'Q':
		r.rm, r.mem = access, memCode(size)
	case 'U', 'N':
		r.rm = access
		r.need(dimMod, 1)
	case 'K', 'T':
		r.maskOperand(size, access)
	case 'G':
		r.reg = gpr
	case 'V', 'P', 'S', 'C', 'D':
		r.reg = access
	case 'H':
		r.vvvv = append([]string{"opUsed"}, access...)
	case 'B':
		r.vvvv = append(gpr, "opUsed")
	case 'Z':
		r.opcReg = gpr
		return nil
	case 'I', 'L', 'J', 'O':
		r.immediate(class, size)
		return nil
	case 'X', 'Y':
		r.mem = memCode(size)
		r.attrs = append(r.attrs, "aSeg")
		return nil
	default:
		return fmt.Errorf("unknown operand class %c", class)
	}
	if class != 'H' && class != 'B' {
		r.attrs = append(r.attrs, "aModRM")
	}
	return nil
}

// maskOperand handles Kr, Km, Kv and their tile siblings.
func (r *row) maskOperand(size string, access []string) {
	switch size[0] {
	case 'r':
		r.reg = access
	case 'v':
		r.vvvv = append([]string{"opUsed"}, access...)
	case 'm':
		r.rm = access
		if len(size) > 1 {
			r.mem = memCode(size[1:])
		}
	}
}

// fixed handles a register that the opcode implies.
func (r *row) fixed(name string, access []string) {
	read, write := slices.Contains(access, "opRead"), slices.Contains(access, "opWrite")
	switch name {
	case "al", "axw":
		r.implicit("ax", true, write)
	case "ax":
		r.implicit("ax", read, write)
	case "cl":
		r.implicit("cx", true, false)
	case "dx":
		r.implicit("dx", true, false)
	}
	if r.size == "" && (name == "al" || name == "ax") {
		r.size = map[string]string{"al": "sizeB", "ax": "sizeV"}[name]
	}
}

// immediate notes the kind of what follows the addressing form.
func (r *row) immediate(class byte, size string) {
	if size == "4" {
		return // the low half of the byte that is4 is the high half of
	}
	kind := map[string]string{"Ib": "immB", "Iw": "immW", "Iz": "immZ", "Id": "immD", "Iv": "immV", "Jb": "relB", "Jz": "relZ", "Ob": "moffs", "Ov": "moffs", "Lx": "immB", "Lo": "immB"}[string(class)+size]
	switch {
	case r.imm == "immW" && kind == "immB":
		kind = "immWB"
	case r.imm == "immB" && kind == "immB":
		kind = "immBB"
	}
	r.imm = kind
	if class == 'O' {
		r.mem = memCode(size)
		r.attrs = append(r.attrs, "aMoffs")
	}
}

// need adds a condition that an operand implies.
func (r *row) need(dim, val int) {
	if r.want[dim] < 0 && !slices.Contains(r.attrs, "aModReg") {
		r.want[dim] = val
	}
}

// finish adds what follows from the whole row.
func (r *row) finish() {
	if r.low {
		r.attrs = append(r.attrs, "aLowReg")
	}
	if r.size == "" && slices.Contains(r.attrs, "aD64") {
		r.size = "sizeV"
	}
	if slices.Contains(r.attrs, "aMoffs") && strings.HasPrefix(r.operands, "O") {
		r.rm = []string{"opWrite"}
	} else if slices.Contains(r.attrs, "aMoffs") {
		r.rm = []string{"opRead"}
	}
}

// sizeCode names an integer operand size.
func sizeCode(s string) string {
	return map[string]string{"b": "sizeB", "w": "sizeW", "d": "sizeD", "q": "sizeQ", "v": "sizeV", "y": "sizeY", "z": "sizeZ"}[s]
}

// memCode is the number of bytes of a memory operand, or the name of a rule for it.
func memCode(s string) string {
	fixed := map[string]string{"b": "1", "w": "2", "d": "4", "q": "8", "t": "10", "o": "16", "n": "0"}
	if c, ok := fixed[s]; ok {
		return c
	}
	if _, err := strconv.Atoi(s); err == nil {
		return s
	}
	return "mem" + strings.ToUpper(s[:1]) + s[1:]
}
