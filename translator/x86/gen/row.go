package main

import (
	"fmt"
	"strconv"
	"strings"
)

// The dimensions by which rows of one opcode are told apart, in the order in which the decoder asks. Their names are the
// constants of ../rows.go.
const (
	dimPP = iota
	dimMod
	dimReg
	dimRM
	dimW
	dimL
	dimB
	dims
)

var dimNames = [dims]string{"dimPP", "dimMod", "dimReg", "dimRM", "dimW", "dimL", "dimB"}
var dimSizes = [dims]int{4, 2, 8, 8, 2, 4, 2}

// row is one instruction in one encoding.
type row struct {
	table    int // index into ../rows.go's roots
	opcode   int
	low      bool // eight opcodes, the register in the low bits
	want     [dims]int
	mnemonic string
	operands string
	effects
}

// effects is what a row says besides where it stands: fields of ../rows.go's row, as Go text.
type effects struct {
	attrs                 []string
	implR, implW          []string
	flagsR, flagsW        []string
	form, flow            string
	rm, reg, vvvv, opcReg []string
	mem, imm, size        string
	bcst, scale           int
}

var (
	legacyMaps = map[string]int{"M0": 0, "0F": 1, "0F38": 2, "0F3A": 3}
	vexMaps    = map[string]int{"0F": 4, "0F38": 5, "0F3A": 6}
	evexMaps   = map[string]int{"0F": 7, "0F38": 8, "0F3A": 9, "M5": 10, "M6": 11}
	xopMaps    = map[string]int{"M8": 12, "M9": 13, "MA": 14}
	prefixes   = map[string]int{"NP": 0, "66": 1, "F3": 2, "F2": 3}
)

// parse turns a line into one row per encoding.
func parse(line string) ([]*row, error) {
	f := strings.Fields(line)
	if len(f) < 2 {
		return nil, fmt.Errorf("short row %q", line)
	}
	encs, path := "L", strings.Split(f[0], ".")
	if len(path) > 1 && strings.Trim(path[0], "MLVEX") == "" {
		encs, path = path[0], path[1:]
	}
	operands, attrs := "-", []string(nil)
	if len(f) > 2 {
		operands, attrs = f[2], f[3:]
	}
	var rows []*row
	for _, enc := range encs {
		r := &row{mnemonic: f[1], operands: operands}
		if err := r.selector(enc, path); err != nil {
			return nil, err
		}
		if strings.Contains(encs, "L") && len(encs) > 1 || encs == "LV" {
			r.variant(enc)
		}
		for _, a := range attrs {
			if err := r.attribute(a); err != nil {
				return nil, err
			}
		}
		if err := r.operandList(); err != nil {
			return nil, err
		}
		rows = append(rows, r)
	}
	return rows, nil
}

// variant adapts a row that is written for several encodings: the legacy one has two operands, MMX has its own registers.
func (r *row) variant(enc rune) {
	switch enc {
	case 'V', 'E':
		r.mnemonic = "v" + r.mnemonic
		return
	case 'M':
		r.want[dimPP] = prefixes["NP"]
	}
	var kept []string
	for _, o := range strings.Split(r.operands, ",") {
		if o[0] == 'H' {
			kept[0] += "+"
			continue
		}
		if enc == 'M' {
			o = mmx(o)
		}
		kept = append(kept, o)
	}
	r.operands = strings.Join(kept, ",")
}

// mmx is the MMX operand that corresponds to an XMM operand.
func mmx(o string) string {
	switch o[0] {
	case 'V':
		return "Pq"
	case 'W':
		return "Qq"
	}
	return o
}

// selector reads the path that follows the encodings.
func (r *row) selector(enc rune, path []string) error {
	for i := range r.want {
		r.want[i] = -1
	}
	if pp, ok := prefixes[path[0]]; ok && len(path) > 1 {
		r.want[dimPP], path = pp, path[1:]
	}
	maps := map[rune]map[string]int{'L': legacyMaps, 'M': legacyMaps, 'V': vexMaps, 'E': evexMaps, 'X': xopMaps}[enc]
	name := "M0"
	if isMap(path[0]) && len(path) > 1 {
		name, path = path[0], path[1:]
	}
	t, ok := maps[name]
	if !ok {
		return fmt.Errorf("no map %s in encoding %c", name, enc)
	}
	r.table = t
	op, conds := splitOpcode(path[0])
	r.low = strings.HasSuffix(op, "+")
	n, err := strconv.ParseUint(strings.TrimSuffix(op, "+"), 16, 8)
	if err != nil {
		return err
	}
	r.opcode = int(n)
	if r.opcode == 0x90 || !r.low && 0x90 < r.opcode && r.opcode < 0x98 && t == 0 {
		r.attrs = append(r.attrs, "aLowReg")
	}
	for _, c := range append(conds, path[1:]...) {
		more := []string{c}
		if head, tail := splitOpcode(c); len(tail) > 0 {
			more = append([]string{head}, tail...)
		}
		for _, m := range more {
			if err := r.condition(enc, m); err != nil {
				return err
			}
		}
	}
	return nil
}

// isMap says whether s names an opcode map.
func isMap(s string) bool {
	for _, maps := range []map[string]int{legacyMaps, evexMaps, xopMaps} {
		if _, ok := maps[s]; ok {
			return true
		}
	}
	return false
}

// splitOpcode separates "80/0=1" into "80" and "/0", "=1".
func splitOpcode(s string) (string, []string) {
	var conds []string
	for i := len(s) - 2; i > 0; i-- {
		if s[i] == '/' || s[i] == '=' {
			conds = append([]string{s[i:]}, conds...)
			s = s[:i]
		}
	}
	return s, conds
}

// condition reads one thing that must hold.
func (r *row) condition(enc rune, c string) error {
	val := int(c[len(c)-1] - '0')
	switch {
	case c == "mem":
		r.want[dimMod] = 0
	case c == "reg":
		r.want[dimMod] = 1
	case c[0] == '/':
		r.want[dimReg] = val
		r.attrs = append(r.attrs, "aModRM")
	case c[0] == '=':
		r.want[dimRM] = val
		r.attrs = append(r.attrs, "aModRM")
	case c[0] == 'W', c[0] == 'e' && enc == 'E', c[0] == 'v' && enc == 'V':
		r.want[dimW] = val
	case c[0] == 'e', c[0] == 'v':
	case c[0] == 'L':
		if enc != 'L' && enc != 'M' {
			r.want[dimL] = val
		}
	case c == "B1":
		r.want[dimB] = 1
	default:
		return fmt.Errorf("unknown condition %q", c)
	}
	if c == "mem" || c == "reg" {
		r.attrs = append(r.attrs, "aModRM")
	}
	return nil
}
