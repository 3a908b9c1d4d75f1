// /proc/self shows the program's own layout: its code, heap and stack where it sees them, its executable and command line.
#include "guest.h"

int main(int argc, char **argv)
{
	static int data = 1;
	char *heap = malloc(100), line[512], path[512] = "";
	int local, found[4] = {0};
	FILE *f = fopen("/proc/self/maps", "r");
	check(f);
	while (fgets(line, sizeof line, f)) {
		unsigned long lo, hi;
		char perm[8];
		check(sscanf(line, "%lx-%lx %7s", &lo, &hi, perm) == 3);
#define IN(x) ((unsigned long)(x) >= lo && (unsigned long)(x) < hi)
		if (IN(main)) found[0] = perm[0] == 'r' && perm[1] == '-' && strstr(line, argv[0] + (argv[0][0] == '.' ? 2 : 0));
		if (IN(&data)) found[1] = !strcmp(perm, "rw-p");
		if (IN(heap)) found[2] = !strcmp(perm, "rw-p");
		if (IN(&local)) found[3] = !strcmp(perm, "rw-p");
	}
	printf("code %d data %d heap %d stack %d\n", found[0], found[1], found[2], found[3]);
	check(readlink("/proc/self/exe", path, sizeof path - 1) > 0);
	char *base = strrchr(path, '/') + 1, *own = strrchr(argv[0], '/');
	printf("exe %d\n", !strcmp(base, own ? own + 1 : argv[0]));
	int fd = open("/proc/self/comm", O_RDONLY);
	int n = read(fd, line, sizeof line);
	printf("comm %d\n", n > 1 && !strncmp(base, line, n - 1));
	return 0;
}
