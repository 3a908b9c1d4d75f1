// System V and POSIX shared memory, attached twice.
// cflags: -lrt
#include "guest.h"
#include <sys/ipc.h>
#include <sys/shm.h>

int main(void)
{
	int id = shmget(IPC_PRIVATE, 8 * PAGE, IPC_CREAT | 0600);
	check(id >= 0);
	char *a = shmat(id, 0, 0), *b = shmat(id, 0, 0);
	check(a != (void *)-1 && b != (void *)-1 && a != b);
	strcpy(a + 5000, "System V");
	puts(b + 5000);
	char *ro = shmat(id, 0, SHM_RDONLY);
	puts(ro + 5000);
	check(shmdt(b) == 0 && shmctl(id, IPC_RMID, 0) == 0);
	strcpy(a + 6000, "still attached");
	puts(ro + 6000);
	check(shmdt(a) == 0 && shmdt(ro) == 0);
	char name[64];
	sprintf(name, "/kmv-guest-%d", getpid());
	int fd = shm_open(name, O_CREAT | O_RDWR, 0600);
	check(fd >= 0 && ftruncate(fd, 4 * PAGE) == 0);
	shm_unlink(name);
	char *p = mmap(0, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	memset(p, 3, 4 * PAGE);
	printf("%lx\n", hash(p, 4 * PAGE));
	return 0;
}
