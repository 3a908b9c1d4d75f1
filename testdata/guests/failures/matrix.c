// Each kind of page is lost in each half and met in each way: what a program sees is what a healthy machine shows. A row of kinds
// or of ways is all that a new one needs.
// gaps: syscall mapping
#include "failures.h"
#include <fcntl.h>
#include <immintrin.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/wait.h>
#include <time.h>

// The page in the middle of three is lost, or an only one.
struct kind {
	const char *name;
	unsigned char *(*make)(void); // gives the page
	int flags;
};
enum { FIXED = 1, ALONE = 2, UNMIRRORED = 4, MAPPED = 8 }; // read-only; no neighbours; no copy; mremap(2) and munmap(2) may be tried

static unsigned char want[PAGE]; // what the page holds
static int healthy;              // nobody breaks anything

// gone loses the page; the engine says whether it did.
static void gone(unsigned char *p, int half) { CHECK(syscall(1000, p, half, 0) == 1 || healthy); }
static void put(unsigned char *p, int i, int v) { p[i] = want[i] = v; }
static void same(unsigned char *p) { for (int i = 0; i < PAGE; i++) if (p[i] != want[i]) { fprintf(stderr, "byte %d is %d and not %d\n", i, p[i], want[i]); abort(); } }

// The ways.
static void load(unsigned char *p, int half) { gone(p, half); CHECK(*(volatile unsigned char *)(p + 77) == want[77]); }
static void store(unsigned char *p, int half) { gone(p, half); put(p, 100, half + 5); }
static void modify(unsigned char *p, int half) { gone(p, half); asm volatile("addb $3, %0" : "+m"(p[9])); want[9] += 3; }
static void locked(unsigned char *p, int half) {
	uint64_t *q = (uint64_t *)(p + 64), *w = (uint64_t *)(want + 64), one = 1;
	gone(p, half); asm volatile("lock addq $5, %0" : "+m"(*q)); *w += 5;
	gone(p, half); asm volatile("lock xaddq %1, %0" : "+m"(*q), "+r"(one)); CHECK(one == *w); *w += 1;
	gone(p, half); one = 8; asm volatile("xchgq %1, %0" : "+m"(*q), "+r"(one)); CHECK(one == *w); *w = 8;
	gone(p, half); CHECK(__sync_val_compare_and_swap(q, 8, 9) == 8); *w = 9;
	gone(p, half); CHECK(__sync_val_compare_and_swap(q, 8, 7) == 9);
}
static void rep_from(unsigned char *p, int half) {
	unsigned char b[PAGE], *d = b, *s = p; long n = PAGE;
	gone(p, half); asm volatile("rep movsb" : "+D"(d), "+S"(s), "+c"(n)::"memory"); CHECK(!memcmp(b, want, PAGE));
}
static void rep_from_middle(unsigned char *p, int half) {
	unsigned char b[3 * PAGE], c[3 * PAGE], *d = b, *s = p - PAGE; long n = 3 * PAGE / 8;
	memcpy(c, p - PAGE, 3 * PAGE);
	gone(p, half); asm volatile("rep movsq" : "+D"(d), "+S"(s), "+c"(n)::"memory"); CHECK(!memcmp(b, c, 3 * PAGE));
}
static void rep_to_middle(unsigned char *p, int half) {
	unsigned char b[3 * PAGE], *d = p - PAGE, *s = b; long n = 3 * PAGE;
	for (int i = 0; i < 3 * PAGE; i++) b[i] = i * 11 + half;
	gone(p, half); asm volatile("rep movsb" : "+D"(d), "+S"(s), "+c"(n)::"memory"); memcpy(want, b + PAGE, PAGE);
	CHECK(!memcmp(p - PAGE, b, 3 * PAGE));
	n = 3 * PAGE; d = p + 2 * PAGE - 1; gone(p, half); asm volatile("std; rep stosb; cld" : "+D"(d), "+c"(n) : "a"(half) : "memory"); memset(want, half, PAGE);
}
static void movs_both(unsigned char *p, int half) {
	gone(p, half); gone(p - PAGE, half);
	unsigned char *d = p + 8, *s = p - PAGE + 8; asm volatile("movsq; movsb" : "+D"(d), "+S"(s)::"memory");
	memcpy(want + 8, p - PAGE + 8, 9);
}
static void vector(unsigned char *p, int half) {
	__m128i v = _mm_set1_epi8(half + 60), u;
	gone(p, half); _mm_storeu_si128((void *)(p - 8), v); memset(want, half + 60, 8);
	gone(p, half); _mm_storeu_si128((void *)(p + PAGE - 4), v); memset(want + PAGE - 4, half + 60, 4);
	gone(p, half); gone(p - PAGE, half); _mm_storeu_si128((void *)(p - 3), v); memset(want, half + 60, 13);
	gone(p, half); u = _mm_loadu_si128((void *)(p - 2)); CHECK(((unsigned char *)&u)[5] == want[3]);
}
static int file = -1, fds[2];
static void read_into(unsigned char *p, int half) {
	unsigned char b[PAGE];
	for (int i = 0; i < PAGE; i++) b[i] = i * 3 + half;
	CHECK(pwrite(file, b, PAGE, 0) == PAGE);
	gone(p, half); CHECK(pread(file, p, PAGE, 0) == PAGE); memcpy(want, b, PAGE);
	CHECK(write(fds[1], b, 100) == 100); gone(p, half); CHECK(read(fds[0], p + 50, 200) == 100); memcpy(want + 50, b, 100);
}
static void read_across(unsigned char *p, int half) { // natively the result would be short
	unsigned char b[3 * PAGE];
	for (int i = 0; i < 3 * PAGE; i++) b[i] = i * 5 + half;
	CHECK(pwrite(file, b, 3 * PAGE, 0) == 3 * PAGE);
	gone(p, half); CHECK(pread(file, p - PAGE, 3 * PAGE, 0) == 3 * PAGE); memcpy(want, b + PAGE, PAGE); CHECK(!memcmp(p - PAGE, b, 3 * PAGE));
}
static void write_from(unsigned char *p, int half) {
	unsigned char b[PAGE];
	gone(p, half); CHECK(pwrite(file, p, PAGE, 0) == PAGE); CHECK(pread(file, b, PAGE, 0) == PAGE && !memcmp(b, want, PAGE));
}
static void write_across(unsigned char *p, int half) {
	unsigned char b[3 * PAGE];
	gone(p, half); CHECK(pwrite(file, p - PAGE, 3 * PAGE, 0) == 3 * PAGE); CHECK(pread(file, b, 3 * PAGE, 0) == 3 * PAGE && !memcmp(b + PAGE, want, PAGE));
}
static void vdso(unsigned char *p, int half) {
	struct timespec *t = (void *)(p + 256);
	gone(p, half); CHECK(clock_gettime(CLOCK_MONOTONIC, t) == 0 && t->tv_sec > 0); memcpy(want + 256, t, sizeof *t);
}
static volatile int caught;
static void handler(int s, siginfo_t *i, void *u) { caught++; }
static void signal_stack(unsigned char *p, int half) {
	stack_t st = {.ss_sp = p - PAGE, .ss_size = 3 * PAGE}, off = {.ss_flags = SS_DISABLE};
	struct sigaction a = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO | SA_ONSTACK};
	sigaction(SIGUSR1, &a, 0); CHECK(sigaltstack(&st, 0) == 0);
	int before = caught; gone(p, half); raise(SIGUSR1); CHECK(caught == before + 1);
	sigaltstack(&off, 0); memcpy(want, p, PAGE);
}
static void found(unsigned char *p, int half) { // the machine tells of it before anybody reads
	siginfo_t i = {.si_signo = SIGBUS, .si_code = 5};
	i.si_addr = p; *(short *)((char *)&i.si_addr + 8) = 12;
	gone(p, half);
	if (!healthy) CHECK(syscall(SYS_rt_tgsigqueueinfo, getpid(), syscall(SYS_gettid), SIGBUS, &i) == 0);
}
static atomic_int stop, wrong; static unsigned char *watched; static int fixed;
static void *hammer(void *arg) {
	while (!stop) for (int i = 0; i < PAGE; i += 61) if (((volatile unsigned char *)watched)[i] != want[i]) wrong++;
	return 0;
}
static void hammered(unsigned char *p, int half) {
	pthread_t t; stop = 0; watched = p;
	CHECK(pthread_create(&t, 0, hammer, 0) == 0);
	for (int i = 0; i < 5; i++) { lose(p, half); CHECK(((volatile unsigned char *)p)[i] == want[i]); }
	stop = 1; pthread_join(t, 0); CHECK(!wrong);
}
static void forked(unsigned char *p, int half) {
	gone(p, half);
	pid_t child = fork();
	if (child == 0) { same(p); if (!fixed) put(p, 300, 3); same(p); _exit(0); }
	int status; CHECK(waitpid(child, &status, 0) == child && status == 0);
	want[300] = p[300]; // it may be shared
}
static void protected(unsigned char *p, int half) {
	gone(p, half); CHECK(mprotect(p, PAGE, PROT_READ) == 0); same(p);
	gone(p, half); CHECK(mprotect(p, PAGE, PROT_READ | PROT_WRITE) == 0); put(p, 12, 13);
}
static unsigned char *moved;
static void remapped(unsigned char *p, int half) {
	unsigned char *room = mmap(0, 3 * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	gone(p, half); CHECK(mremap(p - PAGE, 3 * PAGE, 3 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, room) == room);
	same(room + PAGE); moved = room + PAGE;
}
static void unmapped(unsigned char *p, int half) {
	gone(p, half); CHECK(munmap(p, PAGE) == 0);
	CHECK(mmap(p, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == p && p[5] == 0); p[5] = 4; CHECK(p[5] == 4);
	memcpy(want, p, PAGE);
}

static const struct way { const char *name; void (*meet)(unsigned char *, int); int not; } ways[] = {
	{"load", load}, {"store", store, FIXED}, {"read-modify-write", modify, FIXED}, {"atomic", locked, FIXED}, {"rep movs from", rep_from},
	{"rep movs over", rep_from_middle, ALONE}, {"rep movs and stos onto", rep_to_middle, FIXED | ALONE}, {"movs, both operands", movs_both, FIXED | ALONE},
	{"vector across pages", vector, FIXED | ALONE}, {"read into", read_into, FIXED}, {"read across", read_across, FIXED | ALONE}, {"write from", write_from},
	{"write across", write_across, ALONE}, {"vdso", vdso, FIXED}, {"signal stack", signal_stack, FIXED | ALONE}, {"asynchronous", found}, {"hammered", hammered},
	{"fork", forked}, {"mprotect", protected, FIXED}, {"mremap", remapped, FIXED | ALONE | MAPPED}, {"munmap", unmapped, FIXED | MAPPED},
};

// The kinds.
static unsigned char data[4 * PAGE] __attribute__((aligned(PAGE))) = {1, 2, 3}, zeroes[4 * PAGE] __attribute__((aligned(PAGE)));
static const unsigned char constant[4 * PAGE] __attribute__((aligned(PAGE))) = {9, 8, 7};
static const char *const volatile names[4 * PAGE / 8] __attribute__((aligned(PAGE))) = {"one", "two"}; // relocated, then read-only
static unsigned char *fill(void *p, int n) { for (int i = 0; i < n * PAGE; i++) ((unsigned char *)p)[i] = i * 7 + i / 251; return p; }
static unsigned char *map(int flags, int fd) { unsigned char *p = mmap(0, 3 * PAGE, PROT_READ | PROT_WRITE, flags, fd, 0); CHECK(p != MAP_FAILED); return fill(p, 3) + PAGE; }
static int fresh(void) {
	char name[] = "/tmp/kmv-failures-XXXXXX"; int fd = mkstemp(name); unlink(name);
	CHECK(ftruncate(fd, 4 * PAGE) == 0); return fd;
}
static unsigned char *anon(void) { return map(MAP_PRIVATE | MAP_ANONYMOUS, -1); }
static unsigned char *heap(void) { return fill((void *)(((uintptr_t)malloc(5 * PAGE) + PAGE - 1) & -PAGE), 3) + PAGE; }
static unsigned char *in_data(void) { return fill(data, 4) + PAGE; }
static unsigned char *in_bss(void) { return fill(zeroes, 4) + PAGE; }
static unsigned char *relro(void) { CHECK(names[1][0] == 't'); return (unsigned char *)names; }
static unsigned char *rodata(void) { return (unsigned char *)constant + PAGE; }
static unsigned char *text(void) { return (unsigned char *)((uintptr_t)text & -PAGE); }
static unsigned char *private_file(void) { return map(MAP_PRIVATE, fresh()); }
static unsigned char *shared_file(void) { return map(MAP_SHARED, fresh()); }
static unsigned char *shared_anon(void) { return map(MAP_SHARED | MAP_ANONYMOUS, -1); }
static unsigned char *read_only_file(void) {
	int fd = fresh(); unsigned char b[4 * PAGE]; CHECK(write(fd, fill(b, 4), sizeof b) == sizeof b);
	return (unsigned char *)mmap(0, 3 * PAGE, PROT_READ, MAP_PRIVATE, fd, 0) + PAGE;
}
static unsigned char *huge(void) {
	unsigned char *p = mmap(0, 8 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	madvise(p, 8 << 20, MADV_HUGEPAGE); p = (void *)(((uintptr_t)p + (4 << 20)) & -(2 << 20));
	return fill(p, 512) + 77 * PAGE;
}
static unsigned char *guarded(void) {
	unsigned char *p = map(MAP_PRIVATE | MAP_ANONYMOUS, -1);
	CHECK(mprotect(p - PAGE, PAGE, PROT_NONE) == 0 && mprotect(p + PAGE, PAGE, PROT_NONE) == 0);
	return p;
}

static const struct kind kinds[] = {
	{"anonymous", anon, MAPPED}, {"heap", heap}, {"data", in_data}, {"bss", in_bss}, {"RELRO", relro, FIXED | ALONE}, {"rodata", rodata, FIXED | UNMIRRORED},
	{"text", text, FIXED | ALONE | UNMIRRORED}, {"private file", private_file, MAPPED}, {"read-only file", read_only_file, FIXED | UNMIRRORED},
	{"shared file", shared_file, MAPPED}, {"shared anonymous", shared_anon, MAPPED}, {"huge", huge}, {"between guards", guarded, ALONE},
};

static void meet(const struct way *w, unsigned char *p, int half) {
	memcpy(want, p, PAGE); moved = p;
	w->meet(p, half); same(moved);
}

static void row(const struct kind *k) {
	for (const struct way *w = ways; w < ways + sizeof ways / sizeof *ways; w++) {
		if (k->flags & w->not & (FIXED | ALONE) || w->not & MAPPED && !(k->flags & MAPPED)) continue;
		for (int half = NATIVE; half <= (k->flags & UNMIRRORED ? NATIVE : MIRROR); half++) {
			unsigned char *p = k->make(); fixed = k->flags & FIXED;
			if (getenv("MATRIX")) fprintf(stderr, "%s, %s, %s half\n", k->name, w->name, half == NATIVE ? "native" : "mirror");
			meet(w, p, half);
			if (half == NATIVE || w->not & MAPPED) continue;
			if (fixed) CHECK(mprotect(p, PAGE, PROT_READ | PROT_WRITE) == 0); // a copy that nobody writes is not met
			*(volatile unsigned char *)p = want[0];
			if (fixed) CHECK(mprotect(p, PAGE, PROT_READ) == 0);
		}
	}
}
static void *on_stack(void *name) {
	unsigned char room[5 * PAGE], *p = fill((void *)(((uintptr_t)room + PAGE - 1) & -PAGE), 3) + PAGE;
	for (const struct way *w = ways; w < ways + sizeof ways / sizeof *ways; w++)
		for (int half = NATIVE; half <= MIRROR && !(w->not & MAPPED); half++) {
			fixed = 0;
			if (getenv("MATRIX")) fprintf(stderr, "%s, %s, %s half\n", (char *)name, w->name, half == NATIVE ? "native" : "mirror");
			meet(w, p, half); put(p, 0, half);
		}
	return 0;
}
int main(void) {
	healthy = syscall(1000, 0, 32, 0) != 0;
	file = fresh(); CHECK(pipe(fds) == 0);
	for (const struct kind *k = kinds; k < kinds + sizeof kinds / sizeof *kinds; k++) row(k);
	on_stack("main stack");
	pthread_t t; pthread_create(&t, 0, on_stack, "thread's stack"); pthread_join(t, 0);
	puts("matrix");
}
