// /proc/self/status has no tracer, the program's own signals, filters and sizes; another process sees the same.
#include "guest.h"
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>

static void caught(int sig, siginfo_t *si, void *ctx) {}

static const char *value(const char *file, const char *key)
{
	static char line[512];
	FILE *f = fopen(file, "r");
	check(f);
	while (fgets(line, sizeof line, f))
		if (!strncmp(line, key, strlen(key)) && line[strlen(key)] == ':') {
			fclose(f);
			line[strcspn(line, "\n")] = 0;
			return line + strlen(key) + 2;
		}
	return "none";
}

int main(void)
{
	char path[64];
	sigset_t some;
	sigemptyset(&some), sigaddset(&some, SIGSEGV), sigaddset(&some, SIGUSR1);
	on(SIGTRAP, caught, 0), on(SIGUSR2, caught, 0), signal(SIGBUS, SIG_IGN), signal(SIGHUP, SIG_IGN);
	check(sigprocmask(SIG_BLOCK, &some, 0) == 0);
	struct sock_filter all = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	struct sock_fprog program = {1, &all};
	check(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
	check(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) == 0);
	const char *keys[] = {"Name", "State", "TracerPid", "SigBlk", "SigIgn", "SigCgt", "Seccomp", "Seccomp_filters", "Threads", "NoNewPrivs"};
	for (int i = 0; i < sizeof keys / sizeof *keys; i++)
		printf("%s %s\n", keys[i], value("/proc/self/status", keys[i]));
	long before = atol(value("/proc/self/status", "VmRSS")), size = atol(value("/proc/self/status", "VmSize"));
	char *p = pages(8192);
	memset(p, 1, 8192 * PAGE);
	long grown = atol(value("/proc/self/status", "VmRSS")) - before, more = atol(value("/proc/self/status", "VmSize")) - size;
	printf("size %s, 32 MB more: %d; in memory: %d\n", size < 1 << 20 ? "small" : "LARGE", more >= 32768 && more < 33768, grown >= 32768 && grown < 33768);
	check(munmap(p, 8192 * PAGE) == 0);
	printf("peak %d\n", atol(value("/proc/self/status", "VmHWM")) - atol(value("/proc/self/status", "VmRSS")) > 30000);
	int status;
	sprintf(path, "/proc/%d/status", getpid());
	fflush(stdout);
	if (fork() == 0) {
		printf("of the parent: %s", value(path, "SigBlk"));
		printf(" %s\n", value(path, "TracerPid"));
		fflush(stdout);
		_exit(0);
	}
	check(wait(&status) > 0 && status == 0);
	return 0;
}
