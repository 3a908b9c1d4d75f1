package x86

import (
	"encoding/hex"
	"fmt"
	"strings"
	"testing"
)

// effectRows: assembly, bytes, and what describe says of it. One or two rows for each class of instruction.
var effectRows = []struct{ asm, code, want string }{
	{"mov %rax,0x90(%rdi)", "48898790000000", "mov repeatable 8 r:ax,di"},
	{"mov %ah,%bl", "88e3", "mov r:ax,bx w:bx"},
	{"mov %spl,%bl", "4088e3", "mov r:bx,sp w:bx"},
	{"mov %ax,%bx", "6689c3", "mov r:ax,bx w:bx"},
	{"mov %eax,%ebx", "89c3", "mov r:ax w:bx"},
	{"lea 8(%rsp),%rdi", "488d7c2408", "lea r:sp w:di"},
	{"movabs %eax,0x1122334455667788", "a38877665544332211", "mov repeatable 4 r:ax"},
	{"add %eax,(%rcx)", "0101", "add readmodify 4 load r:ax,cx fw:CPAZSO"},
	{"lock add %eax,(%rcx)", "f00101", "add readmodify 4 load atomic r:ax,cx fw:CPAZSO"},
	{"lock add %eax,%ecx", "f001c1", "add flow:undefined"},
	{"adc %eax,(%rcx)", "1101", "adc readmodify 4 load carry r:ax,cx fr:C fw:CPAZSO"},
	{"inc %ecx", "ffc1", "inc r:cx w:cx fw:PAZSO"},
	{"not (%rcx)", "f711", "not readmodify 4 load r:cx"},
	{"shl $0,%ecx", "c1e100", "shl r:cx w:cx fr:CPAZSO fw:CPAZSO"},
	{"shl $3,%ecx", "c1e103", "shl r:cx w:cx fw:CPAZSO"},
	{"shl %cl,(%rdx)", "d322", "shl readmodify 4 load r:cx,dx fr:CPAZSO fw:CPAZSO"},
	{"rcr $1,%eax", "d1d8", "rcr carry r:ax w:ax fr:C fw:CO"},
	{"bts %rax,(%rdx)", "480fab02", "bts bitstring 8 load r:ax,dx fw:CPASO"},
	{"bts $3,(%rdx)", "480fba2a03", "bts readmodify 8 load r:dx fw:CPASO"},
	{"bt %rax,(%rdx)", "480fa302", "bt load r:ax,dx fw:CPASO"},
	{"xchg %rax,(%rdx)", "488702", "xchg readmodify 8 load atomic r:ax,dx w:ax"},
	{"xadd %eax,(%rdx)", "0fc102", "xadd readmodify 4 load r:ax,dx w:ax fw:CPAZSO"},
	{"cmpxchg %ecx,(%rdx)", "0fb10a", "cmpxchg readmodify 4 load r:ax,cx,dx w:ax fw:CPAZSO"},
	{"lock cmpxchg16b (%rsi)", "f0480fc70e", "cmpxchg16b readmodify 16 load atomic r:ax,cx,dx,bx,si w:ax,dx fw:Z"},
	{"cmove (%rax),%ecx", "0f4408", "cmove load r:ax,cx w:cx fr:Z"},
	{"setg (%rax)", "0f9f00", "setg repeatable 1 r:ax fr:ZSO"},
	{"mul %cl", "f6e1", "mul r:ax,cx w:ax fw:CPAZSO"},
	{"mul %cx", "66f7e1", "mul r:ax,cx,dx w:ax,dx fw:CPAZSO"},
	{"idiv %rcx", "48f7f9", "idiv r:ax,cx,dx w:ax,dx fw:CPAZSO"},
	{"push %rbp", "55", "push push 8 r:sp,bp w:sp"},
	{"push %bp", "6655", "push push 2 r:sp,bp w:sp"},
	{"push %fs:0x28", "64ff342528000000", "push push 8 load r:sp w:sp seg:1"},
	{"pop 8(%rsp)", "8f442408", "pop readmodify 8 r:sp w:sp"},
	{"pushf", "9c", "pushf push 8 r:sp w:sp fr:CPAZSOD"},
	{"enter $16,$2", "c8100002", "enter enter 24 r:sp,bp w:sp,bp"},
	{"leave", "c9", "leave r:bp w:sp,bp"},
	{"call .+5", "e800000000", "call push 8 r:sp w:sp flow:call"},
	{"data16 rex.W call .+7", "6648e800000000", "call push 8 r:sp w:sp flow:call"},
	{"call *(%rax)", "ff10", "call push 8 load r:ax,sp w:sp flow:callind"},
	{"notrack jmp *%rax", "3effe0", "jmp r:ax flow:jmpind"},
	{"bnd ret", "f2c3", "ret r:sp w:sp flow:ret"},
	{"jrcxz .+2", "e300", "jrcxz r:cx flow:loop"},
	{"loope .+2", "e100", "loope r:cx w:cx fr:Z flow:loop"},
	{"ja .+6", "0f8700000000", "ja fr:CZ flow:jcc"},
	{"rep movsq", "f348a5", "movs stringstore 0 rep r:cx,si,di w:cx,si,di fr:D"},
	{"stosb", "aa", "stos stringstore 1 r:ax,di w:di fr:D"},
	{"rep stosb, by F2", "f2aa", "stos stringstore 0 rep r:ax,cx,di w:cx,di fr:D"},
	{"repne scasb", "f2ae", "scas repne r:ax,cx,di w:cx,di fr:CPAZSOD fw:CPAZSO"},
	{"xlat %fs:(%rbx)", "64d7", "xlat r:ax,bx w:ax seg:1"},
	{"cpuid", "0fa2", "cpuid r:ax,cx w:ax,cx,dx,bx"},
	{"lahf", "9f", "lahf r:ax w:ax fr:CPAZS"},
	{"popf", "9d", "popf r:sp w:sp fw:CPAZSOD"},
	{"fstl (%rax)", "dd10", "fst repeatable 8 r:ax"},
	{"fstpt (%rax)", "db38", "fstp readmodify 10 r:ax"},
	{"fnstenv (%rax)", "d930", "fnstenv readmodify 28 r:ax"},
	{"data16 fnsave (%rax)", "66dd30", "fnsave readmodify 94 r:ax"},
	{"fnstsw %ax", "dfe0", "fnstsw r:ax w:ax"},
	{"fcmove %st(1),%st", "dac9", "fcmove fr:Z"},
	{"xsave (%rax)", "0fae20", "xsave repeatable 0 load r:ax,dx"},
	{"fxsave (%rax)", "0fae00", "fxsave repeatable 512 r:ax"},
	{"clwb (%rax)", "660fae30", "clwb r:ax"},
	{"sgdt (%rax)", "0f0100", "sgdt repeatable 10 r:ax"},
	{"smsw %eax", "0f01e0", "smsw w:ax"},
	{"movaps %xmm0,(%rax)", "0f2900", "movaps repeatable 16 r:ax"},
	{"movq %xmm0,(%rax)", "660fd600", "movq repeatable 8 r:ax"},
	{"pextrb $1,%xmm0,(%rax)", "660f3a140001", "pextrb repeatable 1 r:ax"},
	{"pextrb $1,%xmm0,%eax", "660f3a14c001", "pextrb w:ax"},
	{"maskmovdqu %xmm1,%xmm0", "660ff7c1", "maskmovdqu maskstore 0 r:di"},
	{"vmovdqu %ymm0,(%rax)", "c5fe7f00", "vmovdqu repeatable 32 r:ax"},
	{"vmaskmovps %ymm0,%ymm1,(%rax)", "c4e2752e00", "vmaskmovps repeatable 0 r:ax"},
	{"vextractf128 $1,%ymm0,(%rax)", "c4e37d190001", "vextractf128 repeatable 16 r:ax"},
	{"vcvtps2ph $0,%ymm0,(%rax)", "c4e37d1d0000", "vcvtps2ph repeatable 16 r:ax"},
	{"vmovdqu64 %zmm0,(%rax)", "62f1fe487f00", "vmovdqu64 repeatable 64 r:ax"},
	{"vmovdqu64 %zmm0,(%rax){%k1}", "62f1fe497f00", "vmovdqu64 repeatable 0 r:ax"},
	{"vpcompressd %zmm0,(%rax){%k1}", "62f27d498b00", "vpcompressd repeatable 0 r:ax"},
	{"vpmovqb %zmm0,(%rax)", "62f27e483200", "vpmovqb repeatable 8 r:ax"},
	{"vpscatterdd %zmm1,(%rax,%zmm20,4){%k1}", "62f27d41a00ca0", "vpscatterdd scatter 0 r:ax"},
	{"vpgatherdd (%rax,%zmm20,4),%zmm1{%k1}", "62f27d41900ca0", "vpgatherdd load r:ax"},
	{"kmovq %k1,(%rax)", "c4e1f89108", "kmovq repeatable 8 r:ax"},
	{"andn %rax,%rbx,%rcx", "c4e2e0f2c8", "andn r:ax,bx w:cx fw:CPAZSO"},
	{"mulx %rax,%rbx,%rcx", "c4e2e3f6c8", "mulx r:ax,dx w:cx,bx"},
	{"blsr %rax,%rbx", "c4e2e0f3c8", "blsr r:ax w:bx fw:CPAZSO"},
	{"movdir64b (%rax),%rcx", "660f38f808", "movdir64b directstore 64 load r:ax,cx"},
	{"movdiri %eax,(%rcx)", "0f38f901", "movdiri repeatable 4 r:ax,cx"},
	{"wrssq %rax,(%rcx)", "480f38f601", "wrss unmirrorable 8 r:ax,cx"},
	{"tilestored %tmm0,(%rax,%rcx)", "c4e27a4b0408", "tilestored unmirrorable 0 r:ax,cx"},
	{"clzero", "0f01fc", "clzero unmirrorable 0 r:ax"},
	{"mov %eax,%fs", "8ee0", "mov r:ax segw:1"},
	{"wrgsbase %rax", "f3480faed8", "wrgsbase r:ax segw:2"},
	{"rdgsbase %rax", "f3480faec8", "rdgsbase w:ax segr:2"},
	{"endbr64", "f30f1efa", "endbr64"},
	{"nopw %cs:0(%rax,%rax)", "662e0f1f840000000000", "nop r:ax"},
	{"syscall", "0f05", "syscall r:ax,dx,si,di,8,9,10 w:ax,cx,11 fr:CPAZSOD fw:CPAZSOD flow:syscall"},
	{"int3", "cc", "int3 flow:int imm:3"},
	{"int $0x80", "cd80", "int flow:int imm:128"},
	{"ud2", "0f0b", "ud2 flow:undefined"},
	{"push %es", "06", "ud flow:undefined"},
	{"hlt", "f4", "hlt flow:privileged"},
	{"lret", "cb", "retf flow:far"},
	{"xbegin .+6", "c7f800000000", "xbegin r:ax w:ax flow:xbegin"},
	{"tzcnt %eax,%ecx", "f30fbcc8", "tzcnt r:ax w:cx fw:CPAZSO"},
	{"bsf %eax,%ecx", "0fbcc8", "bsf r:ax,cx w:cx fw:CPAZSO"},
	{"crc32b (%rax),%ecx", "f20f38f008", "crc32 load r:ax,cx w:cx"},
	{"movbe %ax,(%rcx)", "660f38f101", "movbe repeatable 2 r:ax,cx"},
	{"pause", "f390", "pause"},
	{"xchg %rax,%r8", "4990", "xchg r:ax,8 w:ax,8"},
}

func TestEffects(t *testing.T) {
	for _, r := range effectRows {
		code, err := hex.DecodeString(r.code)
		if err != nil {
			t.Fatal(err)
		}
		var in Inst
		if err := Decode(code, &in); err != nil || int(in.Len) != len(code) {
			t.Errorf("%s: %v, length %d", r.asm, err, in.Len)
		} else if got := describe(&in); got != r.want {
			t.Errorf("%s (%s):\n got %s\nwant %s", r.asm, r.code, got, r.want)
		}
	}
}

var (
	formNames = []string{"", "repeatable", "readmodify", "bitstring", "push", "enter", "stringstore", "maskstore", "scatter", "directstore", "unmirrorable"}
	flowNames = []string{"", "jcc", "loop", "jmp", "call", "jmpind", "callind", "ret", "syscall", "int", "undefined", "xbegin", "privileged", "far"}
	regNames  = []string{"ax", "cx", "dx", "bx", "sp", "bp", "si", "di", "8", "9", "10", "11", "12", "13", "14", "15"}
)

// describe writes the effects of an instruction on one line.
func describe(in *Inst) string {
	out := []string{in.Mnemonic.String()}
	add := func(when bool, format string, args ...any) {
		if when {
			out = append(out, fmt.Sprintf(format, args...))
		}
	}
	add(in.Form != NoStore, "%s %d", formNames[in.Form], in.StoreSize)
	add(in.MemRead, "load")
	add(in.Atomic(), "atomic")
	add(in.Rep, "rep")
	add(in.Repne, "repne")
	add(in.CarryIn, "carry")
	add(in.Reads != 0, "r:%s", setNames(uint16(in.Reads), regNames, ","))
	add(in.Writes != 0, "w:%s", setNames(uint16(in.Writes), regNames, ","))
	flags := strings.Split("CPAZSOD", "")
	add(in.FlagsRead != 0, "fr:%s", setNames(uint16(in.FlagsRead), flags, ""))
	add(in.FlagsWrite != 0, "fw:%s", setNames(uint16(in.FlagsWrite), flags, ""))
	add(in.Flow != FlowNext, "flow:%s", flowNames[in.Flow])
	add(in.Flow == FlowInt, "imm:%d", in.Imm)
	add(in.Mem.Seg != NoSeg, "seg:%d", in.Mem.Seg)
	add(in.SegRead != NoSeg, "segr:%d", in.SegRead)
	add(in.SegWrite != NoSeg, "segw:%d", in.SegWrite)
	return strings.Join(out, " ")
}

func setNames(set uint16, names []string, sep string) string {
	var out []string
	for n, name := range names {
		if set&(1<<n) != 0 {
			out = append(out, name)
		}
	}
	return strings.Join(out, sep)
}

// TestRefused are encodings without one meaning; TestTruncated cuts others short.
func TestRefused(t *testing.T) {
	for _, r := range []struct{ why, code string }{
		{"66 on a near call: 2 or 4 bytes of displacement", "66e800000000"},
		{"66 on jcc", "667400"},
		{"66 on ret", "66c3"},
		{"REX2 of APX", "d51001c0"},
		{"EVEX map 4 of APX", "62f47c0801c0"},
		{"EVEX with P0[3] set", "62f97c4858c0"},
		{"EVEX.z on a store", "62f17ec97f00"},
		{"EVEX.vvvv not 1111 where there is no third operand", "62f176487f00"},
		{"scatter without a mask", "62f27d40a00ca0"},
		{"mov to %cs", "8ec8"},
		{"F2 on an SSE opcode without an F2 form", "f20f28c0"},
		{"more than 15 bytes", "66666666666666666666666666666690"},
	} {
		code, _ := hex.DecodeString(r.code)
		var in Inst
		if err := Decode(code, &in); err != ErrUnknown {
			t.Errorf("%s (%s): %v %s", r.why, r.code, err, describe(&in))
		}
	}
}
