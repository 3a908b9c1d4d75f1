package x86

import (
	"bytes"
	"encoding/hex"
	"testing"
)

// encodeRows: an instruction, what to put in place of its memory operand, the result ("" when there is none).
var encodeRows = []struct {
	asm, code string
	mem       Mem
	want      string
}{
	{"mov %rax,(%rdi)", "488907", Mem{Base: RSP, Index: NoReg}, "48890424"},
	{"mov %rax,(%rdi)", "488907", Mem{Base: RBP, Index: NoReg}, "48894500"},
	{"mov %rax,(%rdi)", "488907", Mem{Base: R13, Index: NoReg}, "49894500"},
	{"mov %rax,(%rdi)", "488907", Mem{Base: R12, Index: NoReg, Disp: 8, Seg: GS}, "654989442408"},
	{"mov %rax,(%rdi)", "488907", Mem{Base: NoReg, Index: NoReg, Disp: 0x1234}, "4889042534120000"},
	{"mov %rax,(%rdi)", "488907", Mem{Base: NoReg, Index: R9, Scale: 8, Disp: -4}, "4a8904cdfcffffff"},
	{"mov %rax,(%rdi)", "488907", Mem{Base: R8, Index: R12, Scale: 4, Disp: 0x80}, "4b8984a080000000"},
	{"mov %rax,(%rdi)", "488907", Mem{Base: RAX, Index: RSP, Scale: 1}, ""},
	{"mov %rax,(%rdi)", "488907", Mem{Base: RAX, Index: NoReg, Disp: 1 << 31}, ""},
	{"mov %rax,(%rdi)", "488907", Mem{Base: RAX, Index: NoReg, RIP: true}, ""},
	{"mov %ah,(%rdi)", "8827", Mem{Base: RCX, Index: NoReg}, "8821"},
	{"mov %ah,(%rdi)", "8827", Mem{Base: R9, Index: NoReg}, ""},
	{"mov %spl,(%rdi)", "408827", Mem{Base: RCX, Index: NoReg}, "408821"},
	{"mov %al,(%r15)", "418807", Mem{Base: RCX, Index: NoReg}, "408801"},
	{"movl $1,0x10(%rip)", "c7051000000001000000", Mem{Base: NoReg, Index: NoReg, Disp: 0x400000, Seg: GS}, "65c704250000400001000000"},
	{"mov %eax,%fs:0x10", "6489042510000000", Mem{Base: RCX, Index: NoReg, Seg: GS}, "658901"},
	{"mov %eax,(%edi)", "678907", Mem{Base: RCX, Index: NoReg}, "8901"},
	{"movabs %al,0x1122334455667788", "a28877665544332211", Mem{Base: RCX, Index: NoReg}, "8801"},
	{"movabs 0x1122334455667788,%rax", "48a18877665544332211", Mem{Base: R9, Index: NoReg}, "498b01"},
	{"vmovdqu %ymm0,(%rdi)", "c5fe7f07", Mem{Base: RAX, Index: NoReg}, "c5fe7f00"},
	{"vmovdqu %ymm8,(%rdi)", "c57e7f07", Mem{Base: R10, Index: R11, Scale: 2}, "c4017e7f045a"},
	{"vmovdqu %ymm0,(%r10)", "c4c17e7f02", Mem{Base: RAX, Index: NoReg}, "c4e17e7f00"},
	{"vmovdqu64 %zmm16,0x40(%rdi)", "62e1fe487f4701", Mem{Base: RAX, Index: NoReg, Disp: 0x40}, "62e1fe487f8040000000"},
	{"vmovdqu64 %zmm16,0x40(%rdi)", "62e1fe487f4701", Mem{Base: R8, Index: R9, Scale: 1}, "6281fe487f0408"},
	{"vpscatterdd %zmm1,(%rax,%zmm20,4){%k1}", "62f27d41a00ca0", Mem{Base: R9, Index: NoReg, Disp: 4, Seg: GS}, "6562d27d41a08ca104000000"},
	{"vpscatterdd %zmm1,(%rax,%zmm20,4){%k1}", "62f27d41a00ca0", Mem{Base: NoReg, Index: NoReg, Disp: 4}, "62f27d41a00ca504000000"},
	{"lock xacquire addl $5,(%rdi)", "f2f0830705", Mem{Base: RAX, Index: NoReg, Seg: GS}, "65f0830005"},
	{"movsd %xmm0,(%rdi)", "f20f1107", Mem{Base: R8, Index: NoReg, Seg: GS}, "65f2410f1100"},
}

func TestAppendMem(t *testing.T) {
	for _, r := range encodeRows {
		code, _ := hex.DecodeString(r.code)
		var in Inst
		if err := Decode(code, &in); err != nil || int(in.Len) != len(code) {
			t.Errorf("%s: %v, length %d", r.asm, err, in.Len)
			continue
		}
		got, ok := in.AppendMem(nil, code, r.mem)
		if hex.EncodeToString(got) != r.want || ok != (r.want != "") {
			t.Errorf("%s with %+v: %x %v, want %s", r.asm, r.mem, got, ok, r.want)
		}
	}
}

func TestAppendReg(t *testing.T) {
	for _, r := range []struct {
		asm, code string
		reg       Reg
		want      string
	}{
		{"add %rax,(%rdi)", "480107", RDX, "4801c2"},
		{"add %r9,8(%r12,%r13)", "4f014c2c08", R15, "4d01cf"},
		{"add %rax,%fs:0x10", "6448010425" + "10000000", RBX, "4801c3"},
		{"incl 4(%rax)", "ff4004", RSI, "ffc6"},
		{"incl 4(%rax)", "ff4004", R8, "41ffc0"},
		{"decb (%rax)", "fe08", RSI, "40fece"},
		{"orb %ah,(%rdi)", "0827", RDX, "08e2"},
		{"orb %ah,(%rdi)", "0827", RSI, ""},
		{"orb %ah,(%rdi)", "0827", R9, ""},
		{"orb %sil,(%rdi)", "400837", RDX, "4008f2"},
		{"subw $0x1234,0x10(%rip)", "66812d100000003412", RCX, "6681e93412"},
		{"shlq %cl,(%rbx)", "48d323", RDI, "48d3e7"},
		{"addl $5,(%edi)", "67830705", RAX, "83c005"},
		{"add %rax,%rdi", "4801c7", RDX, ""},
	} {
		code, _ := hex.DecodeString(r.code)
		var in Inst
		if err := Decode(code, &in); err != nil || int(in.Len) != len(code) {
			t.Errorf("%s: %v, length %d", r.asm, err, in.Len)
			continue
		}
		got, ok := in.AppendReg(nil, code, r.reg)
		if hex.EncodeToString(got) != r.want || ok != (r.want != "") {
			t.Errorf("%s in %d: %x %v, want %s", r.asm, r.reg, got, ok, r.want)
		}
	}
}

func TestAppendSeg(t *testing.T) {
	for _, r := range []struct{ asm, code, want string }{
		{"mov %rax,144(%rdi)", "48898790000000", "6548898790000000"},
		{"mov %eax,%fs:0x10", "6489042510000000", "6589042510000000"},
		{"cs mov %eax,(%rdi)", "2e8907", "658907"},
		{"data16 data16 movw $1,(%rdi)", "666666c7070100", "6566c7070100"},
		{"rep stos %al,(%rdi)", "f3aa", "65f3aa"},
		{"maskmovdqu %xmm1,%xmm0", "660ff7c1", "65660ff7c1"},
		{"rex.W ds mov %eax,(%rdi), the REX void", "483e8907", "658907"},
	} {
		code, _ := hex.DecodeString(r.code)
		want, _ := hex.DecodeString(r.want)
		var in Inst
		if err := Decode(code, &in); err != nil {
			t.Errorf("%s: %v", r.asm, err)
		} else if got := in.AppendSeg(nil, code, GS); !bytes.Equal(got, want) {
			t.Errorf("%s: %x, want %x", r.asm, got, want)
		}
	}
}
