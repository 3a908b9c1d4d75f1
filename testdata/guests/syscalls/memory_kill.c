// How memory errors are told of (PR_MCE_KILL) is as the program says; children and threads inherit it.
#include "guest.h"
#include <sys/prctl.h>
#include <sys/wait.h>
#include <errno.h>
#include <stdio.h>
#include <unistd.h>
static void show(const char *what, int r) { printf("%s: %d %d, now %d\n", what, r, r < 0 ? errno : 0, prctl(PR_MCE_KILL_GET, 0, 0, 0, 0)); fflush(stdout); }
int main(void) {
	show("at first", 0);
	show("early", prctl(PR_MCE_KILL, PR_MCE_KILL_SET, PR_MCE_KILL_EARLY, 0, 0));
	if (fork() == 0) { show("child", 0); _exit(0); }
	wait(0);
	show("wrong", prctl(PR_MCE_KILL, PR_MCE_KILL_SET, 7, 0, 0));
	show("wrong", prctl(PR_MCE_KILL, 9, 0, 0, 0));
	show("wrong", prctl(PR_MCE_KILL, PR_MCE_KILL_CLEAR, 1, 0, 0));
	show("cleared", prctl(PR_MCE_KILL, PR_MCE_KILL_CLEAR, 0, 0, 0));
}
