// ioctl on terminals and on what is none: termios, window size, a pty pair and its line discipline.
#include "guest.h"
#include <sched.h>
#include <sys/ioctl.h>
#include <termios.h>

int main(void)
{
	struct winsize ws = {1, 2, 3, 4};
	struct termios t;
	int null = open("/dev/null", O_RDWR), n;
	printf("null: %d, isatty %d\n", ioctl(null, TIOCGWINSZ, &ws) == -1 && errno == ENOTTY, isatty(null));
	int m = posix_openpt(O_RDWR | O_NOCTTY);
	check(m >= 0 && grantpt(m) == 0 && unlockpt(m) == 0);
	check(ioctl(m, TIOCGPTN, &n) == 0 && n >= 0);
	int s = open(ptsname(m), O_RDWR | O_NOCTTY);
	check(s >= 0 && tcgetattr(s, &t) == 0);
	printf("flags %x %x %x %x, eof %d\n", t.c_iflag, t.c_oflag, t.c_cflag, t.c_lflag, t.c_cc[VEOF]);
	ws = (struct winsize){33, 44, 55, 66};
	check(ioctl(m, TIOCSWINSZ, &ws) == 0);
	memset(&ws, 0, sizeof ws);
	check(ioctl(s, TIOCGWINSZ, &ws) == 0);
	printf("size %d %d %d %d\n", ws.ws_row, ws.ws_col, ws.ws_xpixel, ws.ws_ypixel);
	char buf[64] = {0};
	check(write(m, "line\n", 5) == 5);
	printf("slave reads %zd\n", read(s, buf, 64));
	do // the kernel hands the echo on when it comes to it
		check(ioctl(m, FIONREAD, &n) == 0 && !sched_yield());
	while (n < 6);
	printf("echo waits %d\n", n);
	n = read(m, buf, 64);
	printf("echo %d [%.4s]\n", n, buf);
	cfmakeraw(&t);
	check(tcsetattr(s, TCSANOW, &t) == 0);
	check(write(s, "a\nb", 3) == 3);
	printf("raw %zd\n", read(m, buf, 64));
	n = 1;
	check(ioctl(s, FIONBIO, &n) == 0);
	printf("nonblocking %d\n", read(s, buf, 1) == -1 && errno == EAGAIN);
	printf("unknown %d\n", ioctl(s, 0xdeadbeef, buf) == -1 && errno == ENOTTY);
	return 0;
}
