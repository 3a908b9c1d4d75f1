// Every way for execve to fail leaves the program running with the right errno.
#include "guest.h"

static void try(const char *path)
{
	char *av[] = {"x", 0}, *ev[] = {0};
	int r = execve(path, av, ev);
	printf("%d %s\n", r, strerror(errno));
}

int main(void)
{
	char empty[] = "kmvexecXXXXXX";
	int fd = mkstemp(empty);
	check(fd >= 0 && write(fd, "garbage\n", 8) == 8);
	try("/no/such/file");
	try("/etc/passwd/x");
	try("/");
	try("");
	try(empty); // not executable
	check(fchmod(fd, 0755) == 0);
	close(fd);
	try(empty); // no format that the kernel knows
	try((char *)8);
	char script[] = "kmvexecYXXXXXX";
	fd = mkstemp(script);
	check(write(fd, "#!/no/such/interpreter\n", 23) == 23 && fchmod(fd, 0755) == 0);
	close(fd);
	try(script);
	unlink(empty), unlink(script);
	puts("still here");
	return 4;
}
