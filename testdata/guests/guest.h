// What every guest includes: one behaviour each, deterministic output, and `check` for what must hold.
#ifndef GUEST_H
#define GUEST_H
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

// check ends the guest with status 99 when something that must hold natively does not.
#define check(c)                                                                          \
	do {                                                                              \
		if (!(c)) {                                                               \
			int e_ = errno;                                                   \
			printf("FAILED line %d: %s (errno %d)\n", __LINE__, #c, e_);      \
			fflush(stdout);                                                   \
			_exit(99);                                                        \
		}                                                                         \
	} while (0)

#define PAGE 4096UL

// on installs a three-argument handler.
static inline void on(int sig, void (*f)(int, siginfo_t *, void *), int flags)
{
	struct sigaction sa = {0};
	sa.sa_sigaction = f;
	sa.sa_flags = flags | SA_SIGINFO;
	check(sigaction(sig, &sa, 0) == 0);
}

// hash is FNV-1a, to print a lot of memory as one line.
static inline uint64_t hash(const void *p, size_t n)
{
	const unsigned char *b = (const unsigned char *)p;
	uint64_t h = 0xcbf29ce484222325u;
	while (n--)
		h = (h ^ *b++) * 0x100000001b3u;
	return h;
}

// pages maps n anonymous read-write pages.
static inline char *pages(size_t n)
{
	char *p = (char *)mmap(0, n * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	check(p != MAP_FAILED);
	return p;
}
#endif
