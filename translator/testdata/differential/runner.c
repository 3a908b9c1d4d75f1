// Runs cases made by differential_test.go: each one natively, then translated, from the same random state, and compares
// what the processor and memory hold afterwards. A case ends at an int3 or a fault. State is loaded and taken by
// editing signal frames, so all of it is covered: general registers, flags, x87, vectors, masks.
//
//	./runner cases > mismatches
#define _GNU_SOURCE
#include <asm/prctl.h>
#include <cpuid.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

enum { OFFSET_BITS = 46, REGION = 8 * 4096, READONLY = 4096, CODE = 4096 };
#define MIRROR(p) ((uint8_t *)((uint64_t)(p) + (1ull << OFFSET_BITS)))
#define JUMPMAP(pc) ((uint32_t *)((1ull << OFFSET_BITS) + 0x7fff0000ull + 4 * (pc)))
static uint8_t *const cache = (uint8_t *)0x90000000, *const thread = (uint8_t *)0xa0000000;
enum { CACHE = 1 << 16, THREAD = 4096, LANDING = CACHE - 64 };
enum { SLOT_RCX = 0, SLOT_TARGET = 8, SLOT_FSBASE = 0x10, SLOT_A = 0x18, SLOT_E = 0x38 };

// The two layouts: code in the low 2 GiB, and outside of it.
static struct layout { uint64_t code, region; } layouts[] = {
	{0x20000000, 0x10000000}, {0x320000000, 0x310000000},
};

enum { SMALL_DWORDS = 1, SMALL_QWORDS = 2, INDIRECT = 4, STRING_REP = 8, UNMASKED = 16, PREFIX = 32, FREE_REG = 64, MODIFIES = 128 };
enum { CLEAN, BEFORE, REPEAT, DONE, AHEAD };
enum { NATIVE, MIRRORED, GLUE }; // roles

struct saved { int32_t reg, slot, add; };
struct point { uint32_t off, state, n, role; uint64_t pc; struct saved saved[4]; };
struct exit { uint64_t stub, target; };
struct test {
	uint32_t size, flags, layout, id;
	uint64_t pc, fsbase, rflags, seed, gpr[16], poke, poked;
	uint32_t ncode, ncache, nexits, npoints, entry, lanes;
	// struct exit exits[]; struct point points[]; uint8_t code[], cache[];
};

// What a run leaves behind.
struct outcome {
	uint64_t rip, rflags, fsbase, addr, gpr[16];
	int sig, code;
	uint8_t fp[4096];
};

static const int greg[16] = {REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP, REG_RSI, REG_RDI,
	REG_R8, REG_R9, REG_R10, REG_R11, REG_R12, REG_R13, REG_R14, REG_R15};
static uint8_t pool[1 << 20], before[REGION + READONLY], after[REGION + READONLY];
static uint32_t xsize, xoff[10], xlen[10];
static uint64_t libc_fs;
static const struct test *test, *end;
static int translated;
static long ran, bad, faults, stores;
static struct outcome native, other;

static uint64_t rdfs(void) { uint64_t v; __asm__ volatile("rdfsbase %0" : "=r"(v)); return v; }
static void wrfs(uint64_t v) { __asm__ volatile("wrfsbase %0" : : "r"(v)); }
static void wrgs(uint64_t v) { __asm__ volatile("wrgsbase %0" : : "r"(v)); }
static void *map(uint64_t at, uint64_t n, int prot) {
	void *p = mmap((void *)at, n, prot, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1, 0);
	if (p != (void *)at) { perror("mmap"); exit(2); }
	return p;
}

static const struct exit *exits(const struct test *t) { return (const void *)(t + 1); }
static const struct point *points(const struct test *t) { return (const void *)(exits(t) + t->nexits); }
static const uint8_t *code(const struct test *t) { return (const void *)(points(t) + t->npoints); }

static void mismatch(const char *what, uint64_t a, uint64_t b) {
	bad++;
	printf("%u %s native=%#lx translated=%#lx sig=%d/%d rip=%#lx/%#lx\n", test->id, what, a, b,
		native.sig, other.sig, native.rip, other.rip);
}

// The random state of a case. Vector lanes are made small where they are indices.
static void load_fp(uint8_t *fp, const struct test *t) {
	const uint8_t *r = pool + t->seed % (sizeof pool - 4096);
	uint16_t cw = 0x37f | (r[0] & 3) << 10, sw = (r[1] & 7) << 11 | (r[2] & 0x47) << 8;
	uint32_t mxcsr = 0x1f80 | (r[3] & 3) << 13 | (r[4] & 0x3f) | (r[5] & 0x80) << 8;
	if (t->flags & UNMASKED) { cw &= ~(r[6] & 0x3f); mxcsr &= ~((r[7] & 0x3f) << 7); sw &= 0x7800; mxcsr &= ~0x3f; }
	uint8_t keep[48];
	memcpy(keep, fp + 464, 48);
	memcpy(fp + 32, r + 64, 416 - 32);
	memcpy(fp + 464, keep, 48);
	memset(fp, 0, 24);
	memcpy(fp, &cw, 2); memcpy(fp + 2, &sw, 2); fp[4] = r[8]; memcpy(fp + 24, &mxcsr, 4);
	for (int i = 0; i < 8; i++) memset(fp + 32 + 16 * i + 10, 0, 6);
	if (r[9] & 1) for (int i = 0; i < 8; i++) fp[32 + 16 * i + 7] |= 0x80; // normal numbers
	for (int c = 2; c < 8; c++) if (xlen[c] && c != 3 && c != 4) memcpy(fp + xoff[c], r + 512 * (c - 1), xlen[c]);
	if (t->flags & (SMALL_DWORDS | SMALL_QWORDS)) {
		uint64_t mask = t->flags & SMALL_QWORDS ? t->lanes : t->lanes | (uint64_t)t->lanes << 32;
		for (int i = 0; i < 256; i += 8) *(uint64_t *)(fp + 160 + i) &= mask;
		for (int c = 2; c < 8; c++) if (c == 2 || c > 5) for (uint32_t i = 0; i < xlen[c]; i += 8) *(uint64_t *)(fp + xoff[c] + i) &= mask;
	}
	*(uint64_t *)(fp + 512) = 0xe7;
}

// take copies what is to be compared: without the x87 instruction and operand pointers, unused components as zeros.
static void take(struct outcome *o, ucontext_t *u, siginfo_t *info, uint64_t fs) {
	for (int i = 0; i < 16; i++) o->gpr[i] = u->uc_mcontext.gregs[greg[i]];
	o->rip = u->uc_mcontext.gregs[REG_RIP] - (info->si_signo == SIGTRAP); // of the int3
	o->rflags = u->uc_mcontext.gregs[REG_EFL] & 0xdd5; // CF PF AF ZF SF DF OF
	o->fsbase = fs;
	o->sig = info->si_signo;
	o->code = info->si_code;
	o->addr = (uint64_t)info->si_addr;
	const uint8_t *fp = (const uint8_t *)u->uc_mcontext.fpregs;
	uint64_t bv = *(const uint64_t *)(fp + 512);
	memset(o->fp, 0, xsize);
	memcpy(o->fp, fp, 416);
	memset(o->fp + 6, 0, 18);
	for (int c = 2; c < 10; c++) if (xlen[c] && bv >> c & 1) memcpy(o->fp + xoff[c], fp + xoff[c], xlen[c]);
}

static void start(ucontext_t *u) {
	const struct layout *l = &layouts[test->layout];
	uint8_t *region = (uint8_t *)l->region;
	for (int i = 0; i < 16; i++) u->uc_mcontext.gregs[greg[i]] = test->gpr[i];
	u->uc_mcontext.gregs[REG_EFL] = test->rflags;
	load_fp((uint8_t *)u->uc_mcontext.fpregs, test);
	memcpy(region, before, REGION);
	const uint8_t *bytes = code(test);
	if (!translated) {
		memset((void *)l->code, 0xcc, CODE);
		memcpy((void *)test->pc, bytes, test->ncode);
		u->uc_mcontext.gregs[REG_RIP] = test->pc;
		wrfs(test->fsbase);
		return;
	}
	memcpy(MIRROR(region), before, REGION);
	memset(cache, 0xcc, test->ncache + 4096);
	memcpy(cache, bytes + test->ncode, test->ncache);
	memset(thread, 0x5a, 0x200);
	*(uint64_t *)(thread + SLOT_FSBASE) = test->fsbase;
	if (test->flags & PREFIX) { // through the jump map: the prefix restores rcx
		*(uint64_t *)(thread + SLOT_RCX) = test->gpr[1];
		u->uc_mcontext.gregs[REG_RCX] = 0x1234567890;
	}
	u->uc_mcontext.gregs[REG_RIP] = (uint64_t)cache + test->entry;
	wrfs((uint64_t)thread);
}

static uint64_t slot(int s) { return *(uint64_t *)(thread + s); }

// finish_repeat mirrors what an interrupted instruction has stored, as the engine does.
static void finish_repeat(void) {
	if (test->flags & STRING_REP) {
		uint64_t a = slot(SLOT_A), b = other.gpr[7];
		int width = test->lanes;
		if (b < a) { uint64_t t = a; a = b + width; b = t + width; }
		memcpy(MIRROR(a), (void *)a, b - a);
	} else { // a scatter or enter: the engine works the addresses out
		memcpy(MIRROR(layouts[test->layout].region), (void *)layouts[test->layout].region, REGION);
	}
}

// miss is what the engine does with an indirect branch whose target has no translation.
static void miss(void) {
	other.rip = slot(SLOT_TARGET);
	other.gpr[1] = slot(SLOT_RCX);
	other.sig = native.sig;
	other.code = native.code;
	other.addr = native.addr;
}

// resolve turns the cache state of `other` into the native one, the way the engine does.
static void resolve(void) {
	if (other.sig == SIGTRAP) {
		for (uint32_t i = 0; i < test->nexits; i++)
			if (other.rip == exits(test)[i].stub) { other.rip = exits(test)[i].target; return; }
		if (other.rip == (uint64_t)cache + LANDING + 9) { other.rip = slot(SLOT_TARGET); return; }
		mismatch("trap", 0, other.rip);
		return;
	}
	if (other.rip == 0) { miss(); return; }
	const struct point *p = points(test), *at = NULL;
	for (uint32_t i = 0; i < test->npoints; i++) if (other.rip >= (uint64_t)cache + p[i].off) at = &p[i];
	if (!at || other.rip >= (uint64_t)cache + test->ncache) { mismatch("fault", 0, other.rip); return; }
	if (at->state == DONE) { mismatch("done", 0, other.rip - (uint64_t)cache); return; }
	if (test->flags & INDIRECT && *(uint8_t *)other.rip == 0x65 && at->state != CLEAN && ((uint8_t *)other.rip)[((uint8_t *)other.rip)[1] >> 4 == 4 ? 2 : 1] == 0x8b) { // the lookup
		int64_t target = slot(SLOT_TARGET);
		if (target << 16 >> 16 == target) { miss(); return; }
		other.addr = 0; // native #GP at the branch, before the return address of a call is pushed: dead memory
		uint64_t below = test->gpr[4] - 8 - layouts[test->layout].region;
		if (below <= REGION - 8) {
			memcpy((void *)(test->gpr[4] - 8), after + below, 8);
			memcpy(MIRROR(test->gpr[4] - 8), after + below, 8);
		}
	}
	if (at->state == REPEAT) finish_repeat();
	other.rip = at->pc;
	for (uint32_t i = 0; i < at->n; i++) {
		const struct saved *s = &at->saved[i];
		if (s->slot < 0) other.gpr[s->reg] += s->add; else other.gpr[s->reg] = slot(s->slot);
	}
}

// differ is the offset of the first difference, or -1.
static long differ(const uint8_t *a, const uint8_t *b, long n) {
	if (memcmp(a, b, n)) for (long i = 0; i < n; i++) if (a[i] != b[i]) return i;
	return -1;
}

// may_differ says whether a register may differ when there is a fault: one that an FS load uses as its scratch, and the upper
// halves of rcx, rsi and rdi, which Intel's processors have cleared when a rep with 32-bit addresses faults.
static int may_differ(int reg) {
	if (native.sig == SIGTRAP) return 0;
	return test->flags & FREE_REG && test->lanes >> reg & 1 || test->flags & STRING_REP && 0xc2 >> reg & 1 && (uint32_t)native.gpr[reg] == (uint32_t)other.gpr[reg];
}

static const char *names[] = {"rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi",
	"r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15"};

static void compare(void) {
	uint8_t *region = (uint8_t *)layouts[test->layout].region;
	long i;
	resolve();
	// A stop of ours, which traps, stands for the fault that the instruction raises natively.
	int stop = other.sig == SIGTRAP && native.sig != SIGTRAP;
	if (!stop && native.sig != other.sig) mismatch("signal", native.sig, other.sig);
	// A read-modify-write reads first: across the end of read-only memory it finds what is missing behind that, not what it may not write.
	int behind = test->flags & MODIFIES && native.code == SEGV_ACCERR && other.code == SEGV_MAPERR && other.addr == (native.addr | 4095) + 1;
	if (!stop && !behind && native.sig == SIGSEGV && native.code != other.code) mismatch("si_code", native.code, other.code);
	if (!stop && !behind && native.sig == SIGSEGV && native.addr != other.addr) mismatch("si_addr", native.addr, other.addr);
	if (native.rip != other.rip) mismatch("rip", native.rip, other.rip);
	for (i = 0; i < 16; i++) if (native.gpr[i] != other.gpr[i] && !may_differ(i)) mismatch(names[i], native.gpr[i], other.gpr[i]);
	// A read-modify-write whose store faults has done its arithmetic in a register.
	uint64_t flags = native.sig != SIGTRAP && test->flags & MODIFIES ? 0x500 : ~0ull;
	if ((native.rflags ^ other.rflags) & flags) mismatch("rflags", native.rflags, other.rflags);
	if (native.fsbase != slot(SLOT_FSBASE)) mismatch("fsbase", native.fsbase, slot(SLOT_FSBASE));
	if ((i = differ(native.fp, other.fp, xsize)) >= 0) mismatch("fp", i, other.fp[i]);
	if ((i = differ(after, region, REGION)) >= 0) mismatch("memory", i, region[i]);
	if (!stop && native.sig == SIGSEGV && other.addr - (uint64_t)region < REGION + 4096) { // as the engine does when native refuses what the mirror has already
		uint64_t low = other.addr - (uint64_t)region, from = low < 4096 ? 0 : low - 4096, to = low + 4096 < REGION ? low + 4096 : REGION;
		memcpy(MIRROR(region) + from, region + from, to - from);
	}
	if ((i = differ(region, MIRROR(region), REGION)) >= 0) mismatch("mirror", i, MIRROR(region)[i]);
	if (bad > 2000) { printf("too many\n"); fflush(stdout); _exit(1); }
}

static void next_memory(void) {
	memcpy(before, pool + test->seed * 7 % (sizeof pool - sizeof before), REGION);
	uint64_t at = test->poke - layouts[test->layout].region;
	if (at <= REGION - 8) memcpy(before + at, &test->poked, 8);
}

// skip_mirror goes on behind a mirror write that comes in front of its native store and faulted: the native store will
// show the fault as it is natively. The engine does the same.
static int skip_mirror(ucontext_t *u, siginfo_t *info) {
	uint64_t rip = u->uc_mcontext.gregs[REG_RIP];
	const struct point *p = points(test);
	if (info->si_signo == SIGTRAP || rip < (uint64_t)cache || rip >= (uint64_t)cache + test->ncache) return 0;
	for (uint32_t i = 0; i + 1 < test->npoints; i++) {
		if (rip != (uint64_t)cache + p[i].off || p[i + 1].state != AHEAD || p[i].role != MIRRORED) continue;
		u->uc_mcontext.gregs[REG_RIP] = (uint64_t)cache + p[i + 1].off;
		return 1;
	}
	return 0;
}

// end_copy goes on behind an instruction whose native effect is done without a store (an x87 exception that is not masked;
// Intel's processors do not even look at the address then), so that there is nothing to copy. The engine does the same.
static int end_copy(ucontext_t *u, siginfo_t *info) {
	uint64_t rip = u->uc_mcontext.gregs[REG_RIP], addr = (uint64_t)info->si_addr;
	const struct point *p = points(test), *at = NULL;
	if (info->si_signo != SIGSEGV || rip < (uint64_t)cache || rip >= (uint64_t)cache + test->ncache || addr >> OFFSET_BITS) return 0;
	for (uint32_t i = 0; i < test->npoints; i++) if (rip >= (uint64_t)cache + p[i].off) at = &p[i];
	if (!at || at->state != DONE) return 0;
	for (uint32_t i = 0; i < at->n; i++) {
		const struct saved *s = &at->saved[i];
		if (s->slot < 0) u->uc_mcontext.gregs[greg[s->reg]] += s->add; else u->uc_mcontext.gregs[greg[s->reg]] = slot(s->slot);
	}
	for (uint64_t pc = at->pc; at < p + test->npoints && at->pc == pc;) at++;
	u->uc_mcontext.gregs[REG_RIP] = at < p + test->npoints ? (uint64_t)cache + at->off : exits(test)[0].stub;
	return 1;
}

static void handler(int sig, siginfo_t *info, void *context) {
	(void)sig;
	uint64_t fs = rdfs();
	wrfs(libc_fs);
	ucontext_t *u = context;
	static int started;
	if (started && !translated) {
		take(&native, u, info, fs);
		memcpy(after, (void *)layouts[test->layout].region, REGION);
		translated = 1;
		start(u);
		return;
	}
	if (started && (skip_mirror(u, info) || end_copy(u, info))) { wrfs(fs); return; }
	if (started) {
		take(&other, u, info, fs);
		compare();
		ran++;
		faults += native.sig != SIGTRAP;
		stores += memcmp(before, after, REGION) != 0;
		test = (const void *)((const uint8_t *)test + test->size);
		if (test >= end) {
			printf("ran %ld faults %ld stores %ld mismatches %ld\n", ran, faults, stores, bad);
			fflush(stdout);
			_exit(bad != 0);
		}
	}
	started = 1;
	translated = 0;
	next_memory();
	start(u);
}

static void sizes(void) {
	unsigned a, b, c, d;
	__cpuid_count(0xd, 0, a, b, c, d);
	xsize = b;
	for (int i = 2; i < 10; i++) {
		__cpuid_count(0xd, i, a, b, c, d);
		if (a && !(c & 1) && b + a <= xsize) xlen[i] = a, xoff[i] = b;
	}
	if (xsize > sizeof native.fp) { fprintf(stderr, "xsave area of %u bytes\n", xsize); exit(2); }
}

int main(int argc, char **argv) {
	int fd = open(argc > 1 ? argv[1] : "", O_RDONLY);
	struct stat st;
	if (fd < 0 || fstat(fd, &st)) { perror("cases"); return 2; }
	test = mmap(NULL, st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	end = (const void *)((const uint8_t *)test + st.st_size);
	sizes();
	uint64_t x = 88172645463325252ull;
	for (size_t i = 0; i < sizeof pool; i++) { x ^= x << 13; x ^= x >> 7; x ^= x << 17; pool[i] = x; }
	for (int i = 0; i < 2; i++) {
		map(layouts[i].code, CODE, PROT_READ | PROT_WRITE | PROT_EXEC);
		map(layouts[i].region, REGION, PROT_READ | PROT_WRITE);
		map(layouts[i].region + REGION, READONLY, PROT_READ);
		map((uint64_t)MIRROR(layouts[i].region), REGION + READONLY, PROT_READ | PROT_WRITE);
	}
	map((uint64_t)cache, CACHE, PROT_READ | PROT_WRITE | PROT_EXEC);
	map((uint64_t)thread, THREAD, PROT_READ | PROT_WRITE);
	map((uint64_t)JUMPMAP(0), 8ull << 30, PROT_READ | PROT_WRITE);
	memcpy(cache + LANDING, "\x64\x48\x8b\x0c\x25\x00\x00\x00\x00\xcc", 10); // mov %fs:SlotRCX,%rcx; int3
	for (int i = 0; i < CODE; i += 2) *JUMPMAP(layouts[0].code + i) = (uint32_t)(uint64_t)cache + LANDING; // odd addresses miss
	static uint8_t stack[1 << 18];
	stack_t ss = {.ss_sp = stack, .ss_size = sizeof stack};
	sigaltstack(&ss, NULL);
	struct sigaction sa = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER};
	int sigs[] = {SIGTRAP, SIGSEGV, SIGBUS, SIGFPE, SIGILL};
	for (int i = 0; i < 5; i++) sigaction(sigs[i], &sa, NULL);
	alarm(300);
	libc_fs = rdfs();
	wrgs(1ull << OFFSET_BITS);
	__asm__ volatile("int3");
	return 2;
}
