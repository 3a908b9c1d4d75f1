// Calls that fill a structure about the process or the machine: their shape, not their values.
#include "guest.h"
#include <sched.h>
#include <sys/prctl.h>
#include <sys/sysinfo.h>
#include <sys/times.h>
#include <sys/utsname.h>

int main(void)
{
	struct utsname u;
	struct sysinfo si;
	struct rusage ru;
	struct tms tm;
	struct rlimit rl;
	struct timespec ts;
	cpu_set_t set;
	char buf[4096];
	check(uname(&u) == 0);
	puts(u.sysname), puts(u.machine);
	check(sysinfo(&si) == 0 && si.totalram > 0);
	check(getrusage(RUSAGE_SELF, &ru) == 0 && ru.ru_maxrss > 0);
	check(times(&tm) > 0);
	check(getrlimit(RLIMIT_NOFILE, &rl) == 0);
	rl.rlim_cur = 100;
	check(setrlimit(RLIMIT_NOFILE, &rl) == 0 && prlimit(0, RLIMIT_NOFILE, 0, &rl) == 0);
	printf("limit %ld\n", (long)rl.rlim_cur);
	check(sched_getaffinity(0, sizeof set, &set) == 0 && CPU_COUNT(&set) > 0);
	long raw = syscall(SYS_sched_getaffinity, 0, sizeof buf, buf); // returns how much it wrote
	printf("affinity bytes %ld\n", raw > 0 ? raw % 8 : raw);
	check(prctl(PR_SET_NAME, "renamed") == 0 && prctl(PR_GET_NAME, buf) == 0);
	puts(buf);
	printf("dumpable %d\n", prctl(PR_GET_DUMPABLE));
	int sig = -1;
	check(prctl(PR_GET_PDEATHSIG, &sig) == 0);
	printf("pdeathsig %d\n", sig);
	printf("groups %d\n", getgroups(0, 0) >= 0);
	uid_t r, e, s;
	check(getresuid(&r, &e, &s) == 0 && r == getuid() && e == geteuid());
	check(clock_getres(CLOCK_MONOTONIC, &ts) == 0);
	printf("resolution %ld\n", ts.tv_nsec);
	memset(buf, 0, 64);
	check(syscall(SYS_getrandom, buf, 64, 0) == 64);
	int zeros = 0;
	for (int i = 0; i < 64; i++)
		zeros += buf[i] == 0;
	printf("random %d\n", zeros < 10);
	unsigned cpu = 99999, node = 99999;
	check(syscall(SYS_getcpu, &cpu, &node, 0) == 0 && cpu < 99999 && node < 99999);
	ts = (struct timespec){0, 0};
	check(sched_rr_get_interval(0, &ts) == 0);
	struct { unsigned version; int pid; } cap = {0x20080522, 0};
	unsigned data[6] = {7, 7, 7, 7, 7, 7};
	check(syscall(SYS_capget, &cap, data) == 0);
	void *head;
	size_t len = 0;
	check(syscall(SYS_get_robust_list, 0, &head, &len) == 0);
	printf("robust list %zu\n", len);
	struct itimerval it = {{9, 9}, {9, 9}};
	check(getitimer(ITIMER_REAL, &it) == 0);
	printf("itimer %ld\n", (long)it.it_value.tv_sec);
	return 0;
}
