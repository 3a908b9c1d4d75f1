// Filters that a program installs: every answer, arguments and addresses, children, threads, exec, strict mode.
// cflags: -pthread
#include "guest.h"
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>

#define LOAD(f) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, f))
#define IS(v, yes, no) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, v, yes, no)
#define RET(v) BPF_STMT(BPF_RET | BPF_K, v)
#define install(flags, ...)                                                                             \
	({                                                                                              \
		struct sock_filter f_[] = {__VA_ARGS__};                                                \
		struct sock_fprog p_ = {sizeof f_ / sizeof *f_, f_};                                    \
		syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &p_) == 0 ? 0 : errno;             \
	})
// on_call answers one system call with v, and allows the others.
#define on_call(nr_, v) install(0, LOAD(nr), IS(nr_, 0, 1), RET(v), RET(SECCOMP_RET_ALLOW))

static void child(const char *what, void (*f)(void))
{
	fflush(stdout);
	pid_t p = fork();
	if (p == 0) {
		prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
		f();
		fflush(stdout);
		_exit(0);
	}
	int st;
	check(waitpid(p, &st, 0) == p);
	printf("%s: %s %d\n", what, WIFSIGNALED(st) ? "signal" : "exit", WIFSIGNALED(st) ? WTERMSIG(st) : WEXITSTATUS(st));
}

static void answers(void)
{
	check(on_call(SYS_getppid, SECCOMP_RET_ERRNO | 77) == 0);
	check(on_call(SYS_getuid, SECCOMP_RET_ERRNO | 0) == 0);
	check(on_call(SYS_getgid, SECCOMP_RET_ERRNO | 0xffff) == 0);
	check(on_call(SYS_sync, SECCOMP_RET_TRACE) == 0);
	check(on_call(SYS_getsid, SECCOMP_RET_LOG) == 0);
	int r = syscall(SYS_getppid);
	printf("getppid %d %d, getuid %ld", r, errno, syscall(SYS_getuid));
	r = syscall(SYS_getgid);
	printf(", getgid %d %d", r, errno);
	r = syscall(SYS_sync);
	printf(", sync %d %d, getsid %d, mode %d\n", r, errno, getsid(0) > 0, prctl(PR_GET_SECCOMP));
	// The strictest answer of several filters counts, and the newest one's data.
	check(on_call(SYS_getppid, SECCOMP_RET_ERRNO | 5) == 0);
	check(on_call(SYS_getppid, SECCOMP_RET_TRACE) == 0);
	r = syscall(SYS_getppid);
	printf("of three: %d %d\n", r, errno);
}

static volatile sig_atomic_t trapped;
static void trap(int sig, siginfo_t *si, void *uc)
{
	greg_t *g = ((ucontext_t *)uc)->uc_mcontext.gregs;
	extern char asked[];
	trapped++;
	printf("trap %d %d %d nr %d arch %x rax %d at %d rip %d rdi %d\n", sig, si->si_code, si->si_errno, si->si_syscall, si->si_arch, (int)g[REG_RAX],
	       (char *)si->si_call_addr == asked, (char *)g[REG_RIP] == asked, (int)g[REG_RDI]);
	g[REG_RAX] = 4711;
}

static void traps(void)
{
	on(SIGSYS, trap, 0);
	check(on_call(SYS_getpgid, SECCOMP_RET_TRAP | 99) == 0);
	long r;
	__asm__ volatile("syscall\n.globl asked\nasked:" : "=a"(r) : "0"((long)SYS_getpgid), "D"(17L) : "rcx", "r11", "memory");
	printf("answered %ld\n", r);
}

static void trap_blocked(void)
{
	on(SIGSYS, trap, 0);
	sigset_t s;
	sigemptyset(&s), sigaddset(&s, SIGSYS), sigprocmask(SIG_BLOCK, &s, 0);
	check(on_call(SYS_getpgid, SECCOMP_RET_TRAP) == 0);
	getpgid(0);
}

static void kill_process(void)
{
	on(SIGSYS, trap, 0);
	check(on_call(SYS_getpgid, SECCOMP_RET_KILL_PROCESS) == 0);
	getpgid(0);
}

static void *forbidden(void *p)
{
	(void)p;
	syscall(SYS_getpgid, 0);
	return 0;
}

static void kill_thread(void)
{
	check(on_call(SYS_getpgid, SECCOMP_RET_KILL_THREAD) == 0);
	pthread_t t;
	pthread_create(&t, 0, forbidden, 0);
	pthread_join(t, 0); // the word of set_tid_address is cleared all the same
	puts("one thread less");
	fflush(stdout);
	getpgid(0);
}

// Arguments count with all their bits, and so does the place that the call comes from.
static void arguments(void)
{
	check(install(0, LOAD(nr), IS(SYS_lseek, 0, 5), LOAD(args[1]), IS(0x11223344, 0, 3), BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[1]) + 4), IS(0x55667788, 0, 1),
		      RET(SECCOMP_RET_ERRNO | 33), RET(SECCOMP_RET_ALLOW)) == 0);
	errno = 0;
	lseek(-1, 0x5566778811223344, 0);
	int a = errno;
	lseek(-1, 0x5566778811223345, 0);
	printf("lseek %d %d\n", a, errno);
	extern char here[];
	uintptr_t at = (uintptr_t)here;
	check(install(0, LOAD(nr), IS(SYS_getpgid, 0, 5), LOAD(instruction_pointer), IS((uint32_t)at, 0, 3), BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, instruction_pointer) + 4),
		      IS((uint32_t)(at >> 32), 0, 1), RET(SECCOMP_RET_ERRNO | 44), RET(SECCOMP_RET_ALLOW)) == 0);
	long r;
	__asm__ volatile("syscall\n.globl here\nhere:" : "=a"(r) : "0"((long)SYS_getpgid), "D"(0L) : "rcx", "r11", "memory");
	printf("from here %ld, from there %d\n", r, getpgid(0) > 0);
	check(install(0, LOAD(arch), IS(AUDIT_ARCH_X86_64, 1, 0), RET(SECCOMP_RET_KILL), LOAD(nr), BPF_STMT(BPF_ALU | BPF_AND | BPF_K, 0xff), BPF_STMT(BPF_ST, 3), BPF_STMT(BPF_LDX | BPF_MEM, 3),
		      BPF_STMT(BPF_MISC | BPF_TXA, 0), IS(SYS_getsid, 0, 1), RET(SECCOMP_RET_ERRNO | 9), RET(SECCOMP_RET_ALLOW)) == 0);
	r = getsid(0);
	printf("getsid %ld %d\n", r, errno);
}

static void inherited(void)
{
	check(on_call(SYS_getppid, SECCOMP_RET_ERRNO | 7) == 0);
	if (fork() == 0) {
		int r = syscall(SYS_getppid);
		printf("child %d %d\n", r, errno), fflush(stdout);
		on_call(SYS_getpriority, SECCOMP_RET_ERRNO | 8);
		_exit(0);
	}
	wait(0);
	printf("not the child's: %d\n", syscall(SYS_getpriority, 0, 0) > 0), fflush(stdout);
	check(on_call(SYS_mkdir, SECCOMP_RET_ERRNO | ENOSPC) == 0);
	execlp("sh", "sh", "-c", "mkdir x 2>&1; echo mkdir $?; sh -c 'mkdir y' 2>&1", (char *)0);
}

static int go_on;
static void *waits(void *p)
{
	(void)p;
	while (!__atomic_load_n(&go_on, __ATOMIC_ACQUIRE))
		;
	long r = syscall(SYS_getppid);
	return (void *)(r == -1 ? (long)errno : 0L);
}

static void synchronised(void)
{
	pthread_t t[2];
	for (int i = 0; i < 2; i++)
		pthread_create(&t[i], 0, waits, 0);
	check(install(SECCOMP_FILTER_FLAG_TSYNC, LOAD(nr), IS(SYS_getppid, 0, 1), RET(SECCOMP_RET_ERRNO | 21), RET(SECCOMP_RET_ALLOW)) == 0);
	__atomic_store_n(&go_on, 1, __ATOMIC_RELEASE);
	for (int i = 0; i < 2; i++) {
		void *r;
		pthread_join(t[i], &r);
		printf("thread %ld\n", (long)r);
	}
}

static void strict(void)
{
	fflush(stdout);
	check(prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT) == 0);
	check(write(1, "in strict mode\n", 15) == 15);
	syscall(SYS_getppid);
	write(1, "not reached\n", 12);
}

static void strict_exit(void)
{
	fflush(stdout);
	check(prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT) == 0);
	syscall(SYS_exit, 6);
}

static void refused(void)
{
	struct sock_filter f[] = {LOAD(nr)};
	struct sock_fprog p = {1, f}, none = {0, f}, bad = {4, 0};
	long r1 = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &p), e1 = errno, r2 = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &none), e2 = errno;
	long r3 = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &bad), e3 = errno, r4 = syscall(SYS_seccomp, 77, 0, &p), e4 = errno;
	printf("%ld %ld %ld %ld: %ld %ld %ld %ld\n", r1, r2, r3, r4, e1, e2, e3, e4);
	printf("division by 0: %d, outside: %d, backwards: %d, a word never written: %d, packets: %d\n", install(0, BPF_STMT(BPF_ALU | BPF_DIV | BPF_K, 0), RET(0)),
	       install(0, BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 64), RET(0)), install(0, BPF_STMT(BPF_JMP | BPF_JA, -1), RET(0)), install(0, BPF_STMT(BPF_LD | BPF_MEM, 1), RET(0)),
	       install(0, BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 0), RET(0)));
	uint32_t action = SECCOMP_RET_TRAP, unknown = 0x12345;
	r1 = syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action), r2 = syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &unknown);
	printf("trap %ld, unknown %ld, mode %d\n", r1, r2, prctl(PR_GET_SECCOMP));
}

static void unprivileged(void)
{
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	check(on_call(SYS_getppid, SECCOMP_RET_KILL_PROCESS) == 0);
	printf("installed, %d\n", prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0)), fflush(stdout);
	vfork() == 0 ? _exit(syscall(SYS_getppid)) : 0;
	int st;
	wait(&st);
	printf("child %d\n", WTERMSIG(st));
}

int main(void)
{
	child("answers", answers);
	child("traps", traps);
	child("trap, blocked", trap_blocked);
	child("kill process", kill_process);
	child("kill thread", kill_thread);
	child("arguments", arguments);
	child("inherited", inherited);
	child("synchronised", synchronised);
	child("strict", strict);
	child("strict exit", strict_exit);
	child("refused", refused);
	child("unprivileged", unprivileged);
	return 0;
}
