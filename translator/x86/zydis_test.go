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
	"strings"
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

// reason explains a difference that is on purpose.
func reason(ours, zydis, diff string) string {
	for _, e := range explained {
		if e.diff == "unknown here" && ours == "(none)" && !slices.Contains(refused, zydis) {
			continue
		}
		if e.match(ours, zydis, diff) {
			return e.why
		}
	}
	return ""
}

type explanation struct {
	ours, zydis, diff, why string
}

func (e *explanation) match(ours, zydis, diff string) bool {
	return glob(e.ours, ours) && glob(e.zydis, zydis) && strings.Contains(diff, e.diff)
}

func glob(pattern, s string) bool {
	ok, _ := filepath.Match(pattern, s)
	return pattern == "" || ok
}

// explained are the differences that are on purpose, or where Zydis 4.0 is wrong.
var explained = []explanation{
	{"(none)", "", "unknown here", "not for user programs, or of processors that no longer exist: see refused"},
	{"j*", "", "unknown here", "66 on a near branch: Intel ignores it, AMD truncates RIP (measured on Zen 5)"},
	{"vcvt*dq2pd", "", "unknown here", "EVEX.b in a register form that has no rounding"},
	{"call", "", "unknown here", "likewise"},
	{"ret", "", "unknown here", "likewise"},
	{"loop*", "", "unknown here", "likewise"},
	{"xbegin", "", "unknown here", "likewise"},
	{"cmp*xadd", "", "unknown to Zydis", "newer than Zydis 4.0"},
	{"vcvtne*", "", "unknown to Zydis, form 0", "newer than Zydis 4.0"},
	{"vbcstne*", "", "unknown to Zydis, form 0", "newer than Zydis 4.0"},
	{"vpdp*", "", "unknown to Zydis, form 0", "newer than Zydis 4.0"},
	{"tdpfp16ps", "", "unknown to Zydis, form 0", "newer than Zydis 4.0"},
	{"", "", "unknown to Zydis, form 0", "#UD for the vector length, rounding, mask or equal registers; nothing is written"},
	{"bnd*", "", "", "MPX is off on Linux since 5.6, and then these are no-ops (SDM 1 E.4)"},
	{"b[st]*", "b[st]*", "more reads: 1", "bsf and bsr leave the destination alone when the source is 0"},
	{"cl*", "cl*", "memory", "cache line hints access nothing"},
	{"prefetch*", "", "reads", "hints access nothing"},
	{"nop", "", "reads", "hints access nothing"},
	{"saveprevssp", "", "writes memory true", "the shadow stack; Zydis does not model it"},
	{"clzero", "", "writes memory true", "64 bytes at rAX (APM 3); Zydis says none"},
	{"enqcmd", "", "writes memory true", "64 bytes at ES:reg (SDM 2A); Zydis says none"},
	{"cmps", "cmps*", "more writes: 2", "rSI and rDI; Zydis 4.0 forgets them"},
	{"scas", "scas*", "more writes: 1", "rDI; Zydis 4.0 forgets it"},
	{"", "", "more reads flags", "the count may be 0, and then the old flags survive"},
	{"leave", "", "FEWER reads: 1", "RSP is set from RBP, not read"},
	{"enter", "", "writes ", "8 * (1 + level) bytes (SDM 2A, ENTER); Zydis counts the first push"},
	{"mwaitx", "", "more reads: 1", "EBX is the timeout (APM 3)"},
	{"rdssp", "", "more reads: 1", "a no-op where shadow stacks are off"},
	{"rdpru", "", "more writes flags: 6", "CF is set, the others cleared (APM 3)"},
	{"testui", "", "more writes flags: 5", "CF is set, the others cleared (SDM 2B)"},
	{"v*test*", "", "more writes flags: 4", "OF, SF, AF, PF are cleared (SDM 2B, PTEST, and 2C, VTESTPD)"},
	{"syscall", "", "more", "the arguments and the result of the call"},
	{"mov", "mov", "operand {Base:255 Index:255", "67 with moffs is zero-extended (measured on Zen 5); Zydis shows a sign"},
	{"xchg", "pause", "", "REX.B makes F3 90 an xchg (measured on Zen 5)"},
}

// refused are instructions that this package does not know and Zydis does: of VMX, SVM, SGX, SMM, SEV, TDX and VIA, of Xeon Phi
// (KNC, ER, PF, 4FMAPS, 4VNNIW), undocumented aliases, and ones with a prefix that makes them undefined elsewhere.
var refused = strings.Fields(`
	clgi stgi skinit invlpga invlpgb tlbsync vmrun vmload vmsave vmmcall vmcall vmlaunch vmresume vmxoff vmxon vmptrld vmptrst vmclear
	vmfunc vmread vmwrite invept invvpid invpcid encls enclu enclv getsec pconfig rsm seamcall seamops seamret tdcall senduipi uiret
	psmash pvalidate rmpadjust rmpupdate mcommit montmul xcrypt_cbc xcrypt_cfb xcrypt_ctr xcrypt_ecb xcrypt_ofb xsha1 xsha256 xstore
	llwpcb slwpcb lwpins lwpval clevict0 clevict1 delay spflt jknzd jkzd kand kandn kandnr kconcath kconcatl kextract kmerge2l1h
	kmerge2l1l kor kxnor kxor knot kmov kortest lzcnt popcnt tzcnt tzcnti vprefetch0 vprefetch1 vprefetch2 vprefetche0 vprefetche1
	vprefetche2 vprefetchenta vprefetchnta v4fmaddps v4fmaddss v4fnmaddps v4fnmaddss vp4dpwssd vp4dpwssds vexp2pd vexp2ps vrcp28pd
	vrcp28ps vrcp28sd vrcp28ss vrsqrt28pd vrsqrt28ps vrsqrt28sd vrsqrt28ss vgatherpf0dpd vgatherpf0dps vgatherpf0qpd vgatherpf0qps
	vgatherpf1dpd vgatherpf1dps vgatherpf1qpd vgatherpf1qps vscatterpf0dpd vscatterpf0dps vscatterpf0qpd vscatterpf0qps vscatterpf1dpd
	vscatterpf1dps vscatterpf1qpd vscatterpf1qps
	fcomp fstp fstpnce fxch fcom clzero rdpru rdtscp monitorx mwaitx`)

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

// madeUp are the sources of made-up encodings.
var madeUp = []struct {
	name string
	gen  func(func(...byte))
}{{"legacy", everyLegacy}, {"vex", everyVEX}, {"evex", everyEVEX}, {"xop", everyXOP}}

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

// everyLegacy makes up instructions of the legacy maps.
func everyLegacy(emit func(...byte)) {
	for _, prefix := range [][]byte{{}, {0x66}, {0xf3}, {0xf2}, {0x48}, {0x66, 0x48}, {0xf3, 0x4d}, {0xf2, 0x48}, {0x41}, {0x67}, {0x64}, {0xf0}, {0x66, 0xf3}, {0x66, 0xf2}} {
		for _, esc := range [][]byte{{}, {0x0f}, {0x0f, 0x38}, {0x0f, 0x3a}} {
			for op := range 256 {
				if len(esc) == 0 && (isPrefix(byte(op)) || op&0xf0 == 0x40 || op == 0x0f || op == 0x62 || op == 0xc4 || op == 0xc5) {
					continue
				}
				head := append(append(append([]byte{}, prefix...), esc...), byte(op))
				for reg := range 8 {
					for _, m := range []byte{0x01, 0x05, 0x44, 0x86} {
						emit(append(head, m|byte(reg<<3), 0x63, 0x11)...)
					}
					for rm := range 8 {
						emit(append(head, 0xc0|byte(reg<<3|rm))...)
					}
				}
			}
		}
	}
}

// everyVEX makes up instructions with VEX.
func everyVEX(emit func(...byte)) {
	for m := 1; m <= 3; m++ {
		for p := range 16 { // W, L, pp
			for _, v := range []int{0x78, 0x28} {
				for op := range 256 {
					for reg := range 8 {
						for _, modrm := range []byte{0x01, 0x44, 0xc0, 0xc3} {
							emit(0xc4, 0xe0|byte(m), byte(p&8<<4|v|p&7), byte(op), modrm|byte(reg<<3), 0x63, 0x11)
						}
					}
				}
			}
		}
	}
}

// everyXOP makes up instructions with XOP.
func everyXOP(emit func(...byte)) {
	for m := 8; m <= 10; m++ {
		for p := range 16 { // W, L, pp
			for _, v := range []int{0x78, 0x28} {
				for op := range 256 {
					for reg := range 8 {
						for _, modrm := range []byte{0x01, 0x44, 0xc0, 0xc3} {
							emit(0x8f, 0xe0|byte(m), byte(p&8<<4|v|p&7), byte(op), modrm|byte(reg<<3), 0x63, 0x11)
						}
					}
				}
			}
		}
	}
}

// everyEVEX makes up instructions with EVEX.
func everyEVEX(emit func(...byte)) {
	for _, m := range []byte{1, 2, 3, 5, 6} {
		for p := range 8 { // W, pp
			for _, p2 := range []byte{0x08, 0x28, 0x48, 0x09, 0x49, 0xc9, 0x18, 0x58} {
				for _, v := range []int{0x7c, 0x2c} {
					for op := range 256 {
						for _, modrm := range []byte{0x01, 0x44, 0x4c, 0xc0, 0xd3, 0xe2, 0xf1} {
							emit(0x62, 0xf0|m, byte(p&4<<5|v|p&3), p2, byte(op), modrm, 0x63, 0x11)
						}
					}
				}
			}
		}
	}
}
