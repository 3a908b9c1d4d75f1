// Code in a writable and executable page that is rewritten between calls, and that rewrites itself.
#include "guest.h"

int main(void)
{
	unsigned char *p = mmap(0, 2 * PAGE, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	check(p != MAP_FAILED);
	int (*f)(void) = (int (*)(void))p;
	long sum = 0;
	for (int i = 0; i < 300; i++) { // mov $i, %eax; ret
		p[0] = 0xb8;
		memcpy(p + 1, &i, 4);
		p[5] = 0xc3;
		sum += f();
	}
	printf("%ld\n", sum);
	// incl 1(%rip) into its own immediate: addl $1, imm(%rip); mov $imm, %eax; ret
	static const unsigned char self[] = {0x83, 0x05, 0x01, 0, 0, 0, 0x01, 0xb8, 0, 0, 0, 0, 0xc3};
	memcpy(p + 100, self, sizeof self);
	f = (int (*)(void))(p + 100);
	for (int i = 0; i < 5; i++)
		printf("%d ", f());
	int *data = (int *)(p + 2048); // data in the page of code
	static const unsigned char counter[] = {0xff, 0x05, 0xfa, 0x03, 0, 0, 0xc3}; // incl data(%rip); ret
	memcpy(p + 1024, counter, sizeof counter);
	f = (int (*)(void))(p + 1024);
	for (int i = 0; i < 20000; i++)
		f();
	printf("%d\n", *data);
	return 0;
}
