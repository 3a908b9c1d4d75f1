// Reads of every size and alignment, into memory that is looked at again at the end.
#include "guest.h"

static unsigned char text[70000];
static char at[3][600000];

int main(void)
{
	int file = memfd_create("f", 0);
	for (int i = 0; i < sizeof text; i++)
		text[i] = i * 31 + i / 251;
	check(write(file, text, sizeof text) == sizeof text);
	size_t pos = 0;
	for (int n = 0; n <= 1040; n++) {
		check(pread(file, at[0] + pos, n, n % 13) == n);
		pos += n + n % 3;
	}
	pos = 0;
	for (int n = 1041; n < 70000; n = n * 3 / 2 + 1) {
		check(pread(file, at[1] + pos, n, 0) == n);
		pos += n + 1;
	}
	pos = 0;
	for (int i = 0; i < 5000; i++) { // short: more is asked for than there is
		int n = i % 97;
		check(pread(file, at[2] + pos, 1000, sizeof text - n) == n);
		pos += n + 1;
	}
	for (int i = 0; i < 3; i++)
		printf("%lx\n", hash(at[i], sizeof at[i]));
	return 0;
}
