package x86

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math/bits"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
)

// answer is struct answer of testdata/zydis.c.
type answer struct {
	OK, Len                 uint8
	WriteHidden, ReadHidden uint8
	WriteSize, ReadSize     uint16
	GPRRead, GPRWrite       uint16
	FlagsRead, FlagsWrite   uint32
	Writes, Reads           uint16
	GPRPart, Agen           uint16
	_                       uint32
	Disp                    int64
	Base, Index, Scale, Seg uint8
	Text                    [44]byte
}

func (a *answer) name() string { return string(bytes.TrimRight(a.Text[:], "\x00")) }

// rflags are the bits of RFLAGS in the order of Flags.
var rflags = [...]uint32{1 << 0, 1 << 2, 1 << 4, 1 << 6, 1 << 7, 1 << 11, 1 << 10}

// fromRFLAGS maps the flags that we know.
func fromRFLAGS(v uint32) (f Flags) {
	for n, bit := range rflags {
		if v&bit != 0 {
			f |= 1 << n
		}
	}
	return f
}

// zydis asks the oracle about each code.
func zydis(t *testing.T, codes [][16]byte) []answer {
	bin := filepath.Join(t.TempDir(), "zydis")
	if out, err := exec.Command("gcc", "-O2", "-o", bin, "testdata/zydis.c", "-lZydis").CombinedOutput(); err != nil {
		t.Skipf("the Zydis oracle does not build (needs gcc and the package libzydis-dev): %v\n%s", err, clipText(out))
	}
	in := make([]byte, 0, 16*len(codes))
	for i := range codes {
		in = append(in, codes[i][:]...)
	}
	cmd := exec.Command(bin)
	cmd.Stdin = bytes.NewReader(in)
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	answers := make([]answer, len(codes))
	if _, err := binary.Decode(out, binary.LittleEndian, answers); err != nil {
		t.Fatal(err)
	}
	return answers
}

func clipText(b []byte) []byte { return b[:min(len(b), 200)] }

// compare lists what differs between our decoding of one instruction and Zydis'.
func compare(in *Inst, a *answer) (diffs []string) {
	say := func(format string, args ...any) { diffs = append(diffs, fmt.Sprintf(format, args...)) }
	if in.Len != a.Len {
		say("length %d, Zydis %d", in.Len, a.Len)
		return
	}
	if in.Flow == FlowUndefined || in.Flow == FlowPrivileged || in.Flow == FlowFar {
		return
	}
	writes := in.Form != NoStore
	if writes != (a.Writes > 0) {
		say("writes memory %v (form %d), Zydis %v (%d bytes)", writes, in.Form, a.Writes > 0, a.WriteSize)
	} else if writes && in.StoreSize != 0 && in.StoreSize != a.WriteSize {
		say("writes %d bytes, Zydis %d", in.StoreSize, a.WriteSize)
	}
	if a.Writes > 0 && in.Form != Unmirrorable && (a.WriteHidden == 0) != (in.Form == Repeatable || in.Form == ReadModify || in.Form == BitString || in.Form == Scatter) {
		say("form %d, Zydis hidden %d", in.Form, a.WriteHidden)
	}
	if in.HasMem {
		m := in.Mem
		if m.Index == NoReg {
			m.Scale = a.Scale
		}
		if m.Disp != a.Disp || uint8(m.Base) != a.Base || uint8(m.Index) != a.Index || m.Scale != a.Scale || uint8(m.Seg) != a.Seg {
			say("operand %+v, Zydis disp %#x", in.Mem, a.Disp)
		}
		if read := a.Reads > 0 && a.ReadHidden == 0; in.MemRead != read {
			say("reads memory %v, Zydis %v", in.MemRead, read)
		}
		if size := max(a.ReadSize, a.WriteSize); in.Form != Push && in.MemSize != 0 && size != 0 && in.MemSize != size {
			say("memory size %d, Zydis %d", in.MemSize, size)
		}
	}
	sets := []struct {
		name       string
		ours, them uint16
	}{
		{"reads", uint16(in.Reads), a.GPRRead | a.GPRPart},
		{"writes", uint16(in.Writes), a.GPRWrite},
		{"reads flags", uint16(in.FlagsRead), uint16(fromRFLAGS(a.FlagsRead))},
		{"writes flags", uint16(in.FlagsWrite), uint16(fromRFLAGS(a.FlagsWrite))},
	}
	for _, s := range sets {
		if s.ours&^s.them != 0 {
			say("more %s: %d", s.name, bits.OnesCount16(s.ours&^s.them))
		}
		if s.them&^s.ours != 0 {
			say("FEWER %s: %d", s.name, bits.OnesCount16(s.them&^s.ours))
		}
	}
	return diffs
}

// difference collects instances of one kind of difference.
type difference struct {
	count   int
	example string
}

// compareAll compares all codes and reports, by kind, what differs and is not explained.
func compareAll(t *testing.T, codes [][16]byte) {
	kinds := map[string]*difference{}
	same, unknown := 0, 0
	for i, a := range zydis(t, codes) {
		code := codes[i][:15]
		var in Inst
		err := Decode(code, &in)
		var diffs []string
		switch {
		case err != nil && a.OK == 0:
			unknown++
			continue
		case err != nil:
			diffs = []string{"unknown here"}
		case a.OK == 0:
			if in.Flow == FlowUndefined {
				continue
			}
			diffs = []string{fmt.Sprintf("unknown to Zydis, form %d, encoding %d", in.Form, in.Enc)}
		default:
			diffs = compare(&in, &a)
		}
		if len(diffs) == 0 {
			same++
		}
		for _, d := range diffs {
			key := fmt.Sprintf("%s/%s: %s", in.Mnemonic, a.name(), d)
			if reason(in.Mnemonic.String(), a.name(), d) != "" {
				key = "explained"
			}
			if kinds[key] == nil {
				kinds[key] = &difference{example: hex.EncodeToString(code)}
			}
			kinds[key].count++
		}
	}
	var report []string
	for k, d := range kinds {
		if k != "explained" {
			report = append(report, fmt.Sprintf("%s (%d, as in %s)", k, d.count, d.example))
		}
	}
	explained := 0
	if d := kinds["explained"]; d != nil {
		explained = d.count
	}
	t.Logf("%d encodings: %d equal, %d unknown to both, %d explained differences", len(codes), same, unknown, explained)
	slices.Sort(report)
	limit := 60
	if os.Getenv("KMV_ALL") != "" {
		limit = len(report)
	}
	for _, r := range report[:min(len(report), limit)] {
		t.Error(r)
	}
	if len(report) > 0 {
		t.Errorf("%d kinds of difference", len(report))
	}
}

// TestAgainstZydis compares the effects of every distinct encoding of the libraries.
func TestAgainstZydis(t *testing.T) {
	for _, file := range oracleFiles(t) {
		t.Run(filepath.Base(file), func(t *testing.T) {
			t.Parallel()
			compareAll(t, distinct(t, file))
		})
	}
}

// distinct collects the different instructions of a file.
func distinct(t *testing.T, file string) [][16]byte {
	seen := map[[16]byte]bool{}
	var codes [][16]byte
	for _, s := range textOf(t, file) {
		var in Inst
		for at := 0; at < len(s.data); at += int(max(in.Len, 1)) {
			if Decode(s.data[at:], &in) != nil {
				in.Len = 1
				continue
			}
			var c [16]byte
			copy(c[:], s.data[at:at+int(in.Len)])
			if !seen[c] {
				seen[c] = true
				codes = append(codes, c)
			}
		}
	}
	return codes
}

// TestEveryOpcodeAgainstZydis compares made-up encodings of every opcode in every map with every prefix that counts.
func TestEveryOpcodeAgainstZydis(t *testing.T) {
	for _, s := range madeUp {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			var codes [][16]byte
			s.gen(func(b ...byte) {
				c := [16]byte{8: 1, 9: 2, 10: 3, 11: 4, 12: 5, 13: 6, 14: 7, 15: 8}
				copy(c[:], b)
				codes = append(codes, c)
			})
			compareAll(t, codes)
		})
	}
}
