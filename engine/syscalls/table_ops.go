package syscalls

import "golang.org/x/sys/unix"

// Cases of the calls that are many calls in one, in the order of their numbers.

// direct is O_DIRECT in open's flags. A direct read writes up to the declared length: on ext4 (Linux 6.18) a read of 8192
// bytes from a file of 100 returned 100 and wrote 8192.
var direct = when(pass("").gap(whyDirect), unix.O_DIRECT).masked(unix.O_DIRECT)

const whyDirect = "direct I/O writes past the length that read returns"

// ProcWords are the first four bytes of paths that may lead to a file that shows a process to itself: below /proc, from /proc or
// from /proc/PID. A path that gets there otherwise (./maps, a symbolic link) is not seen.
var ProcWords = [...][4]byte{{'/', 'p', 'r', 'o'}, {'s', 'e', 'l', 'f'}, {'t', 'h', 'r', 'e'}, {'t', 'a', 's', 'k'},
	{'m', 'a', 'p', 's'}, {'s', 't', 'a', 't'}, {'s', 'm', 'a', 'p'}, {'n', 'u', 'm', 'a'}, {'m', 'e', 'm', 0}}

// selectCases covers select while its three sets are the 1024 bits of an fd_set; the kernel rounds nfds up to 64 bits.
func selectCases(timeout Effect) []Case {
	sets := regular("", fixed(1, 128).loose(), fixed(2, 128).loose(), fixed(3, 128).loose(), timeout).blocks()
	return []Case{when(sets, 0).masked(^uint32(1023)), when(sets, 1024)}
}

// limitsOfMemory are the limits that twins would consume too, or that place the stack: the engine keeps the program's view.
var limitsOfMemory = []uint32{unix.RLIMIT_DATA, unix.RLIMIT_STACK, unix.RLIMIT_AS}

// Operations of shmctl, semctl and msgctl (linux/ipc.h, shm.h, sem.h, msg.h).
var (
	shmCases = []Case{
		when(pass(""), 0, 1, 11, 12),                // IPC_RMID IPC_SET SHM_LOCK SHM_UNLOCK
		when(regular("", fixed(2, 112)), 2, 13, 15), // IPC_STAT SHM_STAT SHM_STAT_ANY: shmid_ds
		when(regular("", fixed(2, 72)), 3),          // IPC_INFO: shminfo
		when(regular("", fixed(2, 48)), 14),         // SHM_INFO: shm_info
	}
	semCases = []Case{
		when(pass(""), 0, 1, 11, 12, 14, 15, 16, 17), // IPC_RMID IPC_SET GETPID GETVAL GETNCNT GETZCNT SETVAL SETALL
		when(regular("", fixed(3, 104)), 2, 18, 20),  // IPC_STAT SEM_STAT SEM_STAT_ANY: semid_ds
		when(regular("", fixed(3, 40)), 3, 19),       // IPC_INFO SEM_INFO: seminfo
		when(irregular(""), semGetAll),
	}
	msgCases = []Case{
		when(pass(""), 0, 1),                        // IPC_RMID IPC_SET
		when(regular("", fixed(2, 120)), 2, 11, 13), // IPC_STAT MSG_STAT MSG_STAT_ANY: msqid_ds
		when(regular("", fixed(2, 32)), 3, 12),      // IPC_INFO MSG_INFO: msginfo
	}
)

const semGetAll = 13

var fcntlCases = []Case{
	when(pass(""), unix.F_GETFL, unix.F_GETFD, unix.F_SETFD, unix.F_DUPFD_CLOEXEC, unix.F_DUPFD,
		unix.F_SETLK, unix.F_SETOWN, unix.F_GETOWN, unix.F_SETSIG, unix.F_GETSIG, unix.F_SETOWN_EX, unix.F_OFD_SETLK,
		unix.F_SETLEASE, unix.F_GETLEASE, unix.F_NOTIFY, 1027, 1028, 1029, // F_DUPFD_QUERY F_CREATED_QUERY F_CANCELLK
		unix.F_SETPIPE_SZ, unix.F_GETPIPE_SZ, unix.F_ADD_SEALS, unix.F_GET_SEALS, unix.F_SET_RW_HINT, unix.F_SET_FILE_RW_HINT,
		1040), // F_SETDELEG
	when(irregular(""), unix.F_SETFL), // writes nothing, but may set O_DIRECT
	when(pass("").blocks(), unix.F_SETLKW, unix.F_OFD_SETLKW),
	when(regular("", fixed(2, 32)), unix.F_GETLK, unix.F_OFD_GETLK), // struct flock
	when(regular("", fixed(2, 8)), unix.F_GETOWN_EX, 17, // F_GETOWNER_UIDS: two uid_t
		unix.F_GET_RW_HINT, unix.F_GET_FILE_RW_HINT, 1039), // F_GETDELEG
}

// futexCases: the operation without FUTEX_PRIVATE_FLAG and FUTEX_CLOCK_REALTIME. The words that the kernel writes are those
// of the priority-inheritance operations (before it sleeps, so also when it fails) and of WAKE_OP.
var futexCases = []Case{
	futex(pass("").blocks(), 0, 9),              // WAIT WAIT_BITSET
	futex(pass(""), 1, 3, 4, 10),                // WAKE REQUEUE CMP_REQUEUE WAKE_BITSET
	futex(regular("", word(4)), 5),              // WAKE_OP
	futex(regular("", word(0)).blocks(), 6, 13), // LOCK_PI LOCK_PI2
	futex(regular("", word(0)), 7, 8),           // UNLOCK_PI TRYLOCK_PI
	futex(regular("", word(4)).blocks(), 11),    // WAIT_REQUEUE_PI
	futex(regular("", word(0), word(4)), 12),    // CMP_REQUEUE_PI
	futex(absent("", unix.ENOSYS), 2),           // FD, gone since 2.6.26
}

func futex(r Row, ops ...uint32) Case { return when(r, ops...).masked(0x7f) }

// word is a futex word at argument ptr.
func word(ptr uint8) Effect { return fixed(ptr, 4).always().atomic() }

// prctlCases: options that no x86-64 kernel knows stay with the row (EINVAL). The numbers are linux/prctl.h's PR_*.
var prctlCases = []Case{
	when(pass(""), 0x53564d41, 15, 1, // SET_VMA SET_NAME SET_PDEATHSIG
		7, 8, 13, 14, 23, 24, 26, // GET/SET_KEEPCAPS GET/SET_TIMING CAPBSET_READ/DROP SET_TSC
		27, 28, 29, 30, 31, 32, 36, // GET/SET_SECUREBITS SET/GET_TIMERSLACK TASK_PERF_EVENTS_DISABLE/ENABLE SET_CHILD_SUBREAPER
		38, 39, 41, 42, 47, 52, 53, // SET/GET_NO_NEW_PRIVS SET/GET_THP_DISABLE CAP_AMBIENT GET/SET_SPECULATION_CTRL
		57, 58, 0x59616d61, 77, 78), // SET/GET_IO_FLUSHER SET_PTRACER TIMER_CREATE_RESTORE_IDS FUTEX_HASH
	when(regular("", fixed(1, 16)), 16),                                                   // GET_NAME
	when(regular("", fixed(1, 4)), 2, 25, 37),                                             // GET_PDEATHSIG GET_TSC GET_CHILD_SUBREAPER
	when(regular("", fixed(4, 8)), 62),                                                    // SCHED_CORE: the cookie
	when(engine("", fixed(1, 8)), 40),                                                     // GET_TID_ADDRESS
	when(regular("", got(1, 1, 2)), 0x41555856),                                           // GET_AUXV
	when(engine("", fixed(2, 4)), 35),                                                     // SET_MM: MAP_SIZE writes the size of its structure
	when(engine(""), 3, 4, 21, 22, 33, 34, 65, 66, 67, 68),                                // GET/SET_DUMPABLE GET/SET_SECCOMP MCE_KILL(_GET) SET/GET_MDWE SET/GET_MEMORY_MERGE
	when(refused("", unix.EINVAL, "system calls sent to a handler by their address"), 59), // SET_SYSCALL_USER_DISPATCH
	when(absent("", unix.EINVAL), // other architectures' and those gone
		5, 6, 9, 10, 11, 12, 19, 20, 43, 44, 45, 46, 50, 51, 54, 55, 56, 60, 61, 63, 64, 69, 70, 71, 72, 73, 74, 75, 76, 79, 80, 81, 82),
}

// archPrctlCases: the rest (segment bases, cpuid faulting, shadow stacks, AMX permission) is the engine's.
var archPrctlCases = []Case{
	when(pass(""), 0x1011),                                 // ARCH_GET_CPUID
	when(regular("", fixed(1, 8)), 0x1021, 0x1022, 0x1024), // ARCH_GET_XCOMP_SUPP, _PERM, _GUEST_PERM
}

// keyctlCases: KEYCTL_* of linux/keyctl.h.
var keyctlCases = []Case{
	when(pass(""), 0, 1, 2, 3, 4, 5, 7, 8, 9, 10, 12, 13, 14, 15, 16, 18, 19, 20, 21, 22, 28, 29, 30, 32),
	when(regular("", got(2, 1, 3)), 6, 11, 17, 23), // DESCRIBE READ GET_SECURITY DH_COMPUTE
	when(regular("", fixed(4, 56)), 24),            // PKEY_QUERY
	when(irregular(""), 25, 26, 27),                // PKEY_ENCRYPT PKEY_DECRYPT PKEY_SIGN: the size is in the parameters
	when(regular("", each(1, 1, 2)), 31),           // CAPABILITIES: the rest of the buffer is cleared
}
