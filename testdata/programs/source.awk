# A large C file for cc1: structures, loops, switches, floating point, strings, recursion; -v functions=N.
BEGIN {
	if (!functions) functions = 1500
	print "#include <math.h>\n#include <stdio.h>\n#include <stdlib.h>\n#include <string.h>\n#include <pthread.h>\n#include <signal.h>\n#include <sys/socket.h>"
	for (i = 0; i < functions; i++) {
		printf "struct s%d { int a, b[%d]; double d; char name[%d]; struct s%d *next; };\n", i, i % 13 + 1, i % 29 + 3, i
		printf "static int t%d[] = {%d, %d, %d, %d};\n", i, i, i * 7 % 100, i * 13 % 997, i * 31 % 8191
		printf "int f%d(struct s%d *p, int n, const char *s)\n{\n\tint i, sum = %d;\n", i, i, i
		printf "\tfor (i = 0; i < n; i++) {\n\t\tp->b[i %% %d] += i * t%d[i & 3] ^ (sum >> %d);\n\t\tif (p->b[0] > %d)\n\t\t\tsum -= p->a++;\n\t\telse\n\t\t\tsum += (int)(p->d * %d.5);\n\t}\n", i % 13 + 1, i, i % 7, i * 3, i % 50
		printf "\tswitch (n %% 7) {\n\tcase 0: sum *= 3; break;\n\tcase 1: sum ^= n; break;\n\tcase 2: p->d = sqrt(p->d + sum); break;\n\tcase 3: strncpy(p->name, s, sizeof p->name); break;\n\tcase 4: sum = p->next ? f%d((void *)p->next, n - 1, s + 1) : 0; break;\n\tdefault: qsort(p->b, %d, sizeof(int), (void *)strcmp);\n\t}\n", i ? i - 1 : 0, i % 13 + 1
		printf "\tif (p->d > %d.25 && strlen(s) > %d)\n\t\tprintf(\"%%d %%f %%s\\n\", sum, p->d, p->name);\n\treturn sum + (int)s[0] * %d;\n}\n\n", i % 99, i % 17, i % 11
	}
}
