// posix_spawn, system and popen run shells, with redirections and statuses.
// gaps: process
#include "guest.h"
#include <spawn.h>

extern char **environ;
int main(void)
{
	char line[128];
	setvbuf(stdout, 0, _IONBF, 0);
	for (int i = 0; i < 3; i++) {
		posix_spawn_file_actions_t fa;
		posix_spawn_file_actions_init(&fa);
		posix_spawn_file_actions_addopen(&fa, 0, "/dev/null", O_RDONLY, 0);
		posix_spawn_file_actions_adddup2(&fa, 1, 2);
		char *argv[] = {"sh", "-c", "echo spawned >&2; exit 7", 0};
		pid_t pid;
		int st;
		check(posix_spawn(&pid, "/bin/sh", &fa, 0, argv, environ) == 0);
		check(waitpid(pid, &st, 0) == pid);
		printf("status %d\n", WEXITSTATUS(st));
		posix_spawn_file_actions_destroy(&fa);
	}
	char *argv[] = {"x", 0};
	pid_t pid;
	printf("missing: %s\n", strerror(posix_spawn(&pid, "/no/such/program", 0, 0, argv, environ)));
	int st = system("echo from system; exit 3");
	printf("system %d\n", WEXITSTATUS(st));
	FILE *p = popen("echo one; echo two; exit 4", "r");
	while (fgets(line, sizeof line, p))
		printf("popen: %s", line);
	st = pclose(p);
	printf("pclose %d\n", WEXITSTATUS(st));
	p = popen("tr a-z A-Z", "w");
	fputs("shout\n", p);
	pclose(p);
	return 0;
}
