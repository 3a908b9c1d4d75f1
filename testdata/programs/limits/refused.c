// One thing that kmv refuses, by name, and what the program is told.
#include "guest.h"
#include <linux/aio_abi.h>
#include <linux/filter.h>
#include <linux/perf_event.h>
#include <linux/seccomp.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>

static void say(long ret) { printf("%s\n", ret < 0 ? strerrorname_np(errno) : "done"); }

static void caught(int sig)
{
	printf("SIG%s\n", sigabbrev_np(sig));
	fflush(stdout);
	_exit(0);
}

// A ring of the kernel's: it writes there whenever it likes.
static void ring(void)
{
	struct perf_event_attr a = {.type = PERF_TYPE_SOFTWARE, .size = sizeof a, .config = PERF_COUNT_SW_DUMMY, .exclude_kernel = 1, .exclude_hv = 1, .comm = 1};
	int fd = syscall(SYS_perf_event_open, &a, 0, -1, -1, 0);
	struct perf_event_mmap_page *p = mmap(0, 9 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (fd < 0 || p == MAP_FAILED) {
		say(-1);
		return;
	}
	prctl(PR_SET_NAME, "renamed");
	say(p->data_head > 0 ? 0 : -1);
}

int main(int argc, char **argv)
{
	char *what = argv[1];
	for (int sig = SIGILL; sig <= SIGSEGV; sig++)
		signal(sig, caught);
	if (!strcmp(what, "io_uring")) {
		char params[120] = {0};
		say(syscall(SYS_io_uring_setup, 8, params));
	} else if (!strcmp(what, "aio")) {
		aio_context_t c = 0;
		say(syscall(SYS_io_setup, 8, &c));
	} else if (!strcmp(what, "userfaultfd")) {
		say(syscall(SYS_userfaultfd, O_CLOEXEC));
	} else if (!strcmp(what, "device")) {
		int fd = open("/dev/userfaultfd", O_RDWR);
		say(ioctl(fd < 0 ? 0 : fd, 0xaa00, 0));
	} else if (!strcmp(what, "ptrace")) {
		say(ptrace(PTRACE_TRACEME, 0, 0, 0));
	} else if (!strcmp(what, "listener")) {
		struct sock_filter all = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
		struct sock_fprog program = {1, &all};
		prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
		say(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &program));
	} else if (!strcmp(what, "gs")) {
		say(syscall(SYS_arch_prctl, 0x1001, &argc));
	} else if (!strcmp(what, "dispatch")) {
		say(prctl(59, 1, 0, 0, argv));
	} else if (!strcmp(what, "int80")) {
		long ret;
		asm volatile("int $0x80" : "=a"(ret) : "a"(20));
		say(ret);
	} else if (!strcmp(what, "far")) {
		say(mmap((void *)0x700000000000, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == MAP_FAILED ? -1 : 0);
	} else if (!strcmp(what, "ring")) {
		ring();
	}
	return 0;
}
