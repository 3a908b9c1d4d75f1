// pread, pwrite, sendfile, splice, tee, copy_file_range, fallocate, locks, extended attributes.
#include "guest.h"
#include <sys/file.h>
#include <sys/sendfile.h>
#include <sys/xattr.h>

int main(void)
{
	char name[] = "kmvfileXXXXXX", buf[200] = {0};
	int a = mkstemp(name), b = memfd_create("b", 0), p[2], q[2];
	check(a >= 0 && pipe(p) == 0 && pipe(q) == 0);
	check(pwrite(a, "0123456789", 10, 5) == 10);
	ssize_t n = pread(a, buf, 100, 7);
	printf("pread %zd [%s]\n", n, buf);
	off_t off = 8;
	check(lseek(a, 0, SEEK_SET) == 0);
	n = sendfile(b, a, &off, 4);
	printf("sendfile %zd, offset now %ld\n", n, (long)off);
	loff_t in = 5, out = 4;
	n = copy_file_range(a, &in, b, &out, 6, 0);
	printf("copy_file_range %zd, %ld %ld\n", n, (long)in, (long)out);
	memset(buf, 0, 200);
	n = pread(b, buf, 100, 0);
	printf("b %zd [%s]\n", n, buf);
	in = 5;
	n = splice(a, &in, p[1], 0, 8, 0);
	printf("splice %zd, offset %ld\n", n, (long)in);
	printf("tee %zd\n", tee(p[0], q[1], 5, 0));
	memset(buf, 0, 200);
	n = read(q[0], buf, 100);
	printf("read %zd [%s]\n", n, buf);
	struct flock fl = {F_WRLCK, SEEK_SET, 0, 10, 0};
	check(fcntl(a, F_SETLK, &fl) == 0);
	fl = (struct flock){F_RDLCK, SEEK_SET, 5, 1, 77};
	check(fcntl(a, F_GETLK, &fl) == 0); // own locks do not conflict
	printf("lock type %d\n", fl.l_type == F_UNLCK);
	struct f_owner_ex ow = {F_OWNER_PID, getpid()};
	check(fcntl(p[0], F_SETOWN_EX, &ow) == 0);
	ow.pid = 0;
	check(fcntl(p[0], F_GETOWN_EX, &ow) == 0);
	printf("owner %d\n", ow.pid == getpid());
	printf("pipe size %d\n", fcntl(p[0], F_SETPIPE_SZ, 16384));
	if (fsetxattr(a, "user.kmv", "value", 5, 0) == 0) {
		memset(buf, 0, 200);
		check(fgetxattr(a, "user.kmv", buf, 100) == 5 && !strcmp(buf, "value"));
		check(flistxattr(a, buf, 100) >= 9);
	}
	check(fallocate(a, 0, 100, 1000) == 0);
	struct stat st;
	check(fstat(a, &st) == 0);
	printf("size %ld\n", (long)st.st_size);
	printf("data at %ld hole at %ld\n", (long)lseek(b, 0, SEEK_DATA), (long)lseek(b, 0, SEEK_HOLE));
	int flags = fcntl(a, F_GETFL);
	printf("flags %d\n", flags & O_ACCMODE);
	unlink(name);
	return 0;
}
