// Arguments, environment and the auxiliary vector are what the kernel gives, and may be written.
// run: one two four
#include "guest.h"
#include <sys/auxv.h>

extern char **environ;
int main(int argc, char **argv, char **envp)
{
	for (int i = 1; i < argc; i++)
		printf("%d [%s]\n", i, argv[i]);
	check(argv[argc] == 0 && envp == environ && envp == argv + argc + 1);
	setenv("KMV_GUEST", "value", 1);
	puts(getenv("KMV_GUEST"));
	argv[1][0] = 'O';
	puts(argv[1]);
	printf("page %lu, clktck %lu, secure %lu\n", getauxval(AT_PAGESZ), getauxval(AT_CLKTCK), getauxval(AT_SECURE));
	printf("entry %d phdr %d vdso %d\n", getauxval(AT_ENTRY) != 0, getauxval(AT_PHDR) != 0, *(int *)getauxval(AT_SYSINFO_EHDR) == 0x464c457f);
	unsigned char *random = (void *)getauxval(AT_RANDOM);
	int zeros = 0;
	for (int i = 0; i < 16; i++)
		zeros += random[i] == 0;
	printf("random %d platform %s\n", zeros < 8, (char *)getauxval(AT_PLATFORM));
	const char *fn = (char *)getauxval(AT_EXECFN);
	printf("execfn %d\n", strcmp(fn, argv[0]) == 0 || strstr(fn, strrchr(argv[0], '/') + 1) != 0);
	return 0;
}
