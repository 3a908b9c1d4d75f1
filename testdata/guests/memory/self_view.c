// /proc/self shows the program's own layout: its code, heap and stack where it sees them, with its own protections and nothing
// of kmv beside them; its executable, command line and auxiliary vector.
#include "guest.h"
#include <sys/auxv.h>

static int data = 1;

// found says whether one line of the text is about p and has these rights, and whether nothing is above the user's half.
static int line_of(FILE *f, void *p, const char *rights, const char *name)
{
	char line[4096], perm[8];
	unsigned long lo, hi;
	int found = 0;
	while (fgets(line, sizeof line, f)) {
		if (sscanf(line, "%lx-%lx %7s", &lo, &hi, perm) != 3)
			continue;
		if (lo < 1UL << 63 && strstr(line, "kmv"))
			found -= 100;
		if ((unsigned long)p >= lo && (unsigned long)p < hi)
			found += !strcmp(perm, rights) && (!name || strstr(line, name));
	}
	fclose(f);
	return found;
}

static int in_maps(const char *file, void *p, const char *rights, const char *name)
{
	FILE *f = fopen(file, "r");
	check(f);
	return line_of(f, p, rights, name);
}

static int executable_areas(void)
{
	char line[4096], perm[8];
	int n = 0;
	FILE *f = fopen("/proc/self/maps", "r");
	while (fgets(line, sizeof line, f))
		n += sscanf(line, "%*x-%*x %7s", perm) == 1 && perm[2] == 'x';
	fclose(f);
	return n;
}

int main(int argc, char **argv)
{
	char *heap = malloc(100), line[512], path[512] = "";
	int local;
	char *rwx = mmap(0, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	memcpy(rwx, "\xb8\x07\0\0\0\xc3", 6);
	check(((int (*)(void))rwx)() == 7); // translated and perhaps protected
	char *base = strrchr(argv[0], '/') ? strrchr(argv[0], '/') + 1 : argv[0];
	for (int i = 0; i < 2; i++) {
		const char *file = i ? "/proc/self/smaps" : "/proc/thread-self/maps";
		printf("%s: code %d data %d heap %d stack %d rwx %d\n", file, in_maps(file, main, "r-xp", base), in_maps(file, &data, "rw-p", base),
			in_maps(file, heap, "rw-p", "[heap]"), in_maps(file, &local, "rw-p", "[stack]"), in_maps(file, rwx, "rwxp", 0));
	}
	int before = executable_areas();
	mprotect(rwx, PAGE, PROT_READ);
	printf("executable areas %d\n", before - executable_areas());

	int dir = open("/proc/self", O_RDONLY | O_DIRECTORY), fd = openat(dir, "maps", O_RDONLY | O_CLOEXEC);
	printf("at a directory: %d, flags %x %x\n", line_of(fdopen(fd, "r"), main, "r-xp", base), fcntl(fd, F_GETFL) & O_ACCMODE, fcntl(fd, F_GETFD));
	pid_t child = fork();
	if (child == 0) {
		sprintf(path, "/proc/%d/maps", getppid());
		printf("a child of its parent: %d\n", in_maps(path, main, "r-xp", base));
		fflush(stdout);
		_exit(0);
	}
	waitpid(child, 0, 0);

	unsigned long code, code_end, stack, v;
	FILE *f = fopen("/proc/self/stat", "r");
	check(f && fgets(line, sizeof line, f));
	check(sscanf(strrchr(line, ')') + 2, "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d %*d %*u %*u %*d %*u %lu %lu %lu", &code, &code_end, &stack) == 3);
	printf("stat: code %d stack %d\n", code <= (unsigned long)main && (unsigned long)main < code_end, stack > (unsigned long)&local && stack - (unsigned long)&local < 65536);
	fd = open("/proc/self/auxv", O_RDONLY);
	unsigned long auxv[100];
	int n = read(fd, auxv, sizeof auxv) / 8, same = 1;
	for (int i = 0; i + 1 < n && auxv[i]; i += 2)
		same &= getauxval(auxv[i]) == auxv[i + 1];
	printf("auxv %d\n", same && n > 10);

	check(readlink("/proc/self/exe", path, sizeof path - 1) > 0);
	printf("exe %d\n", !strcmp(strrchr(path, '/') + 1, base));
	fd = open("/proc/self/comm", O_RDONLY);
	n = read(fd, line, sizeof line);
	printf("comm %d\n", n > 1 && !strncmp(base, line, n - 1));
	memset(argv[0], 'x', strlen(argv[0])); // as setproctitle does
	fd = open("/proc/self/cmdline", O_RDONLY);
	n = read(fd, line, sizeof line - 1);
	printf("cmdline %d\n", n > 0 && !strcmp(line, argv[0]));
	return 0;
}
