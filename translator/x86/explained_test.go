package x86

import (
	"path/filepath"
	"slices"
	"strings"
)

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
