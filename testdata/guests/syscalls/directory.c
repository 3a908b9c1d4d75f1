// getdents, seekdir, stat of every kind, links, rename, attributes of files.
#include "guest.h"
#include <dirent.h>
#include <sys/statfs.h>
#include <sys/sysmacros.h>

static int order(const struct dirent **a, const struct dirent **b) { return strcmp((*a)->d_name, (*b)->d_name); }

int main(void)
{
	char dir[] = "kmvdirXXXXXX", buf[4096];
	check(mkdtemp(dir) && chdir(dir) == 0);
	for (int i = 0; i < 500; i++) {
		sprintf(buf, "file-%03d", i);
		int fd = open(buf, O_CREAT | O_WRONLY, 0640);
		check(fd >= 0 && write(fd, buf, i) == i && close(fd) == 0);
	}
	check(symlink("file-007", "link") == 0 && link("file-009", "hard") == 0 && mkfifo("fifo", 0600) == 0 && mkdir("sub", 0700) == 0);
	struct dirent **list;
	int n = scandir(".", &list, 0, order);
	uint64_t h = 0;
	for (int i = 0; i < n; i++)
		h = h * 31 + hash(list[i]->d_name, strlen(list[i]->d_name)) + list[i]->d_type;
	printf("%d entries %lx\n", n, h);
	int fd = open(".", O_RDONLY | O_DIRECTORY), total = 0, r;
	while ((r = syscall(SYS_getdents64, fd, buf, 1000)) > 0)
		total += r;
	printf("small buffer %d, too small %d\n", total > 500 * 24, syscall(SYS_getdents64, open(".", O_RDONLY), buf, 10) == -1 && errno == EINVAL);
	struct stat st;
	check(stat("link", &st) == 0);
	printf("stat %ld %o, ", (long)st.st_size, st.st_mode);
	check(lstat("link", &st) == 0);
	printf("lstat %ld %o, ", (long)st.st_size, st.st_mode);
	check(fstatat(fd, "hard", &st, 0) == 0);
	printf("links %ld, ", (long)st.st_nlink);
	struct statx sx;
	check(statx(fd, "file-100", 0, STATX_BASIC_STATS, &sx) == 0);
	printf("statx %llu, ", sx.stx_size);
	check(stat("/dev/null", &st) == 0);
	printf("device %d:%d\n", major(st.st_rdev), minor(st.st_rdev));
	struct statfs fs;
	check(statfs(".", &fs) == 0 && fs.f_bsize > 0);
	memset(buf, '#', 20);
	ssize_t len = readlink("link", buf, 20);
	printf("readlink %zd %.10s\n", len, buf);
	printf("errors: %d %d\n", stat("none", &st) == -1 && errno == ENOENT, readlink("hard", buf, 20) == -1 && errno == EINVAL);
	struct timespec t[2] = {{1000000, 5}, {2000000, 7}};
	check(utimensat(fd, "hard", t, 0) == 0 && stat("file-009", &st) == 0);
	printf("times %ld.%ld %ld.%ld\n", (long)st.st_atime, st.st_atim.tv_nsec, (long)st.st_mtime, st.st_mtim.tv_nsec);
	check(getcwd(buf, sizeof buf) && strstr(buf, dir));
	for (int i = 0; i < n; i++)
		if (list[i]->d_type == DT_DIR ? strcmp(list[i]->d_name, "sub") == 0 && rmdir("sub") : unlink(list[i]->d_name))
			perror(list[i]->d_name);
	check(chdir("..") == 0 && rmdir(dir) == 0);
	return 0;
}
