// A script with an interpreter line takes the program's place.
#include "guest.h"

int main(void)
{
	const char *name = "script.sh";
	int fd = open(name, O_CREAT | O_WRONLY | O_TRUNC, 0755);
	const char *text = "#!/bin/sh -e\necho \"script $# $1\"\nread line\necho \"got $line\"\nexit 9\n";
	check(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
	close(fd);
	int p[2];
	check(pipe(p) == 0 && write(p[1], "input\n", 6) == 6);
	dup2(p[0], 0);
	char path[64];
	sprintf(path, "./%s", name);
	execl(path, path, "argument", (char *)0);
	return 99;
}
