// clone without a library: shared memory, its own TLS base, and clear_child_tid waking a futex at the end.
#include "guest.h"
#include <linux/futex.h>
#include <sched.h>

static volatile int tid, seen_parent_tid, value, tls_value;
static long tls_block[16];
static int child(void *arg)
{
	long v;
	__asm__ volatile("mov %%fs:16, %0; movq $77, %%fs:24" : "=r"(v)::"memory");
	tls_value = v;
	seen_parent_tid = tid != 0;
	value = (long)arg;
	__asm__ volatile("xor %%edi, %%edi; mov $60, %%eax; syscall" ::: "memory"); // exit of this thread only
	return 0;
}

int main(void)
{
	char *stack = pages(16);
	int flags = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM | CLONE_SETTLS | CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID;
	for (long i = 1; i <= 10; i++) {
		tid = -1;
		tls_block[2] = 1000 + i;
		check(clone(child, stack + 16 * PAGE, flags, (void *)i, &tid, tls_block, &tid) > 0);
		int t;
		while ((t = tid) != 0)
			syscall(SYS_futex, &tid, FUTEX_WAIT, t, 0, 0, 0);
		printf("value %d tls %d wrote %ld tid seen %d\n", value, tls_value, tls_block[3], seen_parent_tid);
	}
	return 0;
}
