package main

import (
	"bytes"
	"fmt"
	"log"
	"slices"
	"strings"
)

const tableCount = 15

// tables writes the rows, the operand texts, and for each map the way from an opcode to its row.
func tables(all []*row) *bytes.Buffer {
	b := bytes.NewBufferString(header)
	texts := writeRows(b, all)
	fmt.Fprintf(b, "// operandTexts are the operands of the rows in the notation of gen/main.go.\nvar operandTexts = [...]string{\n")
	for _, t := range texts {
		fmt.Fprintf(b, "%q,\n", t)
	}
	fmt.Fprintf(b, "}\n\n")
	t := &tree{shared: map[string]int{}}
	fmt.Fprintf(b, "// roots gives the row of an opcode, or, with isNode set, where in nodes the question about it stands.\nvar roots = [%d][256]uint16{\n", tableCount)
	for i := range tableCount {
		fmt.Fprintf(b, "{\n")
		for op := range 256 {
			if n := t.build(candidates(all, i, op), 0); n != "0" {
				fmt.Fprintf(b, "0x%02X: %s,\n", op, n)
			}
		}
		fmt.Fprintf(b, "},\n")
	}
	fmt.Fprintf(b, "}\n\n// nodes holds questions: the dimension, then an answer (as in roots) per value.\nvar nodes = [...]uint16{\n%s}\n", &t.out)
	return b
}

// candidates lists the rows (by number) that may answer to an opcode, in order of preference.
func candidates(all []*row, table, opcode int) []candidate {
	var out []candidate
	for i, r := range all {
		if r.table == table && (r.opcode == opcode || r.low && r.opcode == opcode&^7) {
			out = append(out, candidate{i + 1, r.want})
		}
	}
	return out
}

type candidate struct {
	index int
	want  [dims]int
}

// tree builds the questions; equal ones are shared.
type tree struct {
	out    bytes.Buffer
	size   int
	shared map[string]int
}

// build returns the Go text of the entry that tells the candidates apart from dimension dim on.
func (t *tree) build(c []candidate, dim int) string {
	if len(c) == 0 {
		return "0"
	}
	for dim < dims && !slices.ContainsFunc(c, func(x candidate) bool { return x.want[dim] >= 0 }) {
		dim++
	}
	if dim == dims {
		return fmt.Sprint(c[0].index)
	}
	answers := []string{dimNames[dim]}
	for v := range dimSizes[dim] {
		var fit []candidate
		for _, x := range c {
			if x.want[dim] < 0 || x.want[dim] == v {
				fit = append(fit, x)
			}
		}
		answers = append(answers, t.build(fit, dim+1))
	}
	text := strings.Join(answers, ", ")
	at, ok := t.shared[text]
	if !ok {
		at = t.size
		t.shared[text] = at
		t.size += len(answers)
		if t.size >= 0x8000 {
			log.Fatal("too many nodes")
		}
		fmt.Fprintf(&t.out, "%s,\n", text)
	}
	return fmt.Sprintf("isNode|%d", at)
}

// writeRows writes the row table and returns the operand texts that it refers to.
func writeRows(b *bytes.Buffer, all []*row) []string {
	texts := []string{"-"}
	fmt.Fprintf(b, "// rows are the instructions; row 0 is none.\nvar rows = [...]row{\n{},\n")
	for _, r := range all {
		if r.operands != "-" && !slices.Contains(texts, r.operands) {
			texts = append(texts, r.operands)
		}
		fmt.Fprintf(b, "{op: %s", goName(r.mnemonic))
		if n := slices.Index(texts, r.operands); n > 0 {
			fmt.Fprintf(b, ", text: %d", n)
		}
		slices.Sort(r.attrs)
		for _, f := range []struct {
			name string
			val  []string
		}{{"attr", slices.Compact(r.attrs)}, {"implR", r.implR}, {"implW", r.implW}, {"flagsR", r.flagsR}, {"flagsW", r.flagsW},
			{"form", word(r.form)}, {"flow", word(r.flow)}, {"rm", r.rm}, {"reg", r.reg}, {"vvvv", r.vvvv}, {"opcReg", r.opcReg},
			{"mem", word(r.mem)}, {"imm", word(r.imm)}, {"size", word(r.size)}, {"bcst", number(r.bcst)}, {"scale", number(r.scale)}} {
			if len(f.val) > 0 {
				fmt.Fprintf(b, ", %s: %s", f.name, strings.Join(f.val, "|"))
			}
		}
		fmt.Fprintf(b, "},\n")
	}
	fmt.Fprintf(b, "}\n\n")
	return texts
}

func word(s string) []string {
	if s == "" || s == "0" {
		return nil
	}
	return []string{s}
}

func number(n int) []string {
	if n == 0 {
		return nil
	}
	return []string{fmt.Sprint(n)}
}
