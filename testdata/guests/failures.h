// What the guests of testdata/guests/failures have in common. A guest breaks its own memory by a system call that only the
// engine's tests know (elsewhere it fails, and nothing is broken), and checks that it sees what a healthy machine shows.
#ifndef FAILURES_H
#define FAILURES_H
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { NATIVE = 1, MIRROR = 2, BOTH = 3, FLIP = 4 };
#define PAGE 4096

// lose makes the page at p unreadable, in one half or in both.
static void lose(const volatile void *p, int half) { syscall(1000, p, half, 0); }

// flip changes the bits of mask in the byte at p, in one half, behind the program's back.
static void flip(const volatile void *p, int half, int mask) { syscall(1000, p, half | FLIP, mask); }

#define CHECK(what) do { if (!(what)) { fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #what); exit(1); } } while (0)

// pages gives n pages, each byte of which tells its place.
static unsigned char *pages(int n) {
	unsigned char *p = mmap(0, n * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	CHECK(p != MAP_FAILED);
	for (int i = 0; i < n * PAGE; i++) p[i] = i * 7 + i / 251;
	return p;
}
static int right(int i) { return (unsigned char)(i * 7 + i / 251); }
static void check_pages(unsigned char *p, int n) { for (int i = 0; i < n * PAGE; i++) CHECK(p[i] == right(i)); }
#endif
