package syscalls

import (
	"os"
	"os/exec"

	"golang.org/x/sys/unix"
)

// child is a process that has ended or will at once.
func child(r *rig) uint64 {
	cmd := exec.Command("true")
	if err := cmd.Start(); err != nil {
		r.Skip(err)
	}
	return uint64(cmd.Process.Pid)
}

// joinGroups puts this thread into two more groups.
func joinGroups(r *rig) {
	groups := r.put(r.buf(9), uint32(7), uint32(8))
	if _, _, e := unix.RawSyscall(unix.SYS_SETGROUPS, 2, uintptr(groups), 0); e != 0 {
		r.Skip(e)
	}
}

func prctl(option uint64, rest ...uint64) func(r *rig) args {
	return func(r *rig) args {
		a := args{option, r.buf(0)}
		copy(a[2:], rest)
		return a
	}
}

var processDrives = []drive{
	{name: "wait4", args: func(r *rig) args { return args{child(r), r.buf(0), 0, r.buf(1)} }},
	{name: "wait4 of none", want: unix.ECHILD, args: func(r *rig) args { return args{1, r.buf(0), 0, r.buf(1)} }, quiet: true},
	{name: "wait4 into a hole", want: unix.EFAULT, args: func(r *rig) args { return args{child(r), r.buf(0), 0, r.edge(1, 20)} }},
	{name: "waitid", args: func(r *rig) args { return args{unix.P_PID, child(r), r.buf(0), unix.WEXITED, r.buf(1)} }},
	{name: "waitid of none", want: unix.ECHILD, args: func(r *rig) args { return args{unix.P_PID, 1, r.buf(0), unix.WEXITED, r.buf(1)} }},
	{name: "uname", args: func(r *rig) args { return args{r.buf(0)} }},
	{name: "sysinfo", args: func(r *rig) args { return args{r.buf(0)} }},
	{name: "sysinfo into a hole", want: unix.EFAULT, args: func(r *rig) args { return args{r.edge(0, 50)} }},
	{name: "getrlimit", args: func(r *rig) args { return args{unix.RLIMIT_NOFILE, r.buf(0)} }},
	{name: "getrlimit of the stack", args: func(r *rig) args { return args{unix.RLIMIT_STACK, r.buf(0)} }},
	{name: "prlimit64", args: func(r *rig) args { return args{0, unix.RLIMIT_CORE, 0, r.buf(0)} }},
	{name: "getrusage", args: func(r *rig) args { return args{0, r.buf(0)} }},
	{name: "getgroups", args: func(r *rig) args {
		joinGroups(r)
		return args{100, r.buf(0)}
	}},
	{name: "getgroups of their number", args: func(r *rig) args { return args{0, r.buf(0)} }, quiet: true},
	{name: "getresuid", args: func(r *rig) args { return args{r.buf(0), r.buf(1), r.buf(2)} }},
	{name: "getresgid", args: func(r *rig) args { return args{r.buf(0), r.buf(1), r.buf(2)} }},
	{name: "getresuid into a hole", want: unix.EFAULT, args: func(r *rig) args { return args{r.buf(0), bad, r.buf(2)} }},
	{name: "capget", args: func(r *rig) args {
		return args{r.put(r.buf(0), uint32(unix.LINUX_CAPABILITY_VERSION_3), uint32(0)), r.buf(1)}
	}},
	{name: "capget of no version", want: unix.EINVAL, args: func(r *rig) args { return args{r.put(r.buf(0), uint32(77), uint32(0)), r.buf(1)} }},
	{name: "capset of no version", want: unix.EINVAL, args: func(r *rig) args { return args{r.put(r.buf(0), uint32(77), uint32(0)), r.buf(1)} }},
	{name: "sched_getparam", args: func(r *rig) args { return args{0, r.buf(0)} }},
	{name: "sched_rr_get_interval", args: func(r *rig) args { return args{0, r.buf(0)} }},
	{name: "sched_getaffinity", args: func(r *rig) args { return args{0, 128, r.buf(0)} }},
	{name: "sched_getattr", args: func(r *rig) args { return args{0, r.buf(0), 200, 0} }},
	{name: "sched_setattr too big", want: unix.E2BIG, args: func(r *rig) args { return args{0, r.put(r.buf(0), uint32(200)), 0} }},
	{name: "perf_event_open too big", want: unix.E2BIG, args: func(r *rig) args { return args{r.put(r.buf(0), uint32(1), uint32(1000)), 0, ^uint64(0), ^uint64(0), 0} }},
	{name: "getcpu", args: func(r *rig) args { return args{r.buf(0), r.buf(1), 0} }},
	{name: "prctl PR_GET_NAME", args: prctl(unix.PR_GET_NAME)},
	{name: "prctl PR_SET_NAME", args: func(r *rig) args { return args{unix.PR_SET_NAME, r.put(r.buf(0), "driven")} }, quiet: true},
	{name: "prctl PR_GET_PDEATHSIG", args: prctl(unix.PR_GET_PDEATHSIG)},
	{name: "prctl PR_GET_TSC", args: prctl(unix.PR_GET_TSC)},
	{name: "prctl PR_GET_CHILD_SUBREAPER", args: prctl(unix.PR_GET_CHILD_SUBREAPER)},
	{name: "prctl PR_GET_TID_ADDRESS", args: prctl(unix.PR_GET_TID_ADDRESS)},
	{name: "prctl PR_GET_AUXV", args: prctl(unix.PR_GET_AUXV, 1000)},
	{name: "prctl PR_GET_AUXV into little", args: prctl(unix.PR_GET_AUXV, 24)},
	{name: "prctl PR_SET_MM_MAP_SIZE", args: func(r *rig) args { return args{unix.PR_SET_MM, unix.PR_SET_MM_MAP_SIZE, r.buf(0)} }},
	{name: "prctl PR_GET_DUMPABLE", args: prctl(unix.PR_GET_DUMPABLE), quiet: true},
	{name: "arch_prctl ARCH_GET_FS", args: func(r *rig) args { return args{0x1003, r.buf(0)} }},
	{name: "arch_prctl ARCH_GET_XCOMP_SUPP", args: func(r *rig) args { return args{0x1021, r.buf(0)} }},
	{name: "arch_prctl ARCH_GET_XCOMP_PERM", args: func(r *rig) args { return args{0x1022, r.buf(0)} }},
	{name: "rt_sigaction", args: func(r *rig) args { return args{uint64(unix.SIGURG), 0, r.buf(0), 8} }},
	{name: "rt_sigprocmask", args: func(r *rig) args { return args{0, 0, r.buf(0), 8} }},
	{name: "rt_sigpending", args: func(r *rig) args { return args{r.buf(0), 8} }},
	{name: "sigaltstack", args: func(r *rig) args { return args{0, r.buf(0)} }},
	{name: "rt_sigtimedwait", want: unix.EAGAIN, args: func(r *rig) args {
		return args{r.put(r.buf(1), uint64(1<<(unix.SIGUSR2-1))), r.buf(0), r.put(r.buf(2), uint64(0), uint64(0)), 8}
	}, quiet: true},
	{name: "get_robust_list", args: func(r *rig) args { return args{0, r.buf(0), r.buf(1)} }},
	{name: "seccomp", args: func(r *rig) args { return args{3, 0, r.buf(0)} }},
	{name: "syslog", args: func(r *rig) args {
		if f, err := os.OpenFile("/dev/kmsg", os.O_WRONLY, 0); err == nil { // the log may be empty
			_, _ = f.WriteString("kmv: a line for syslog(2)\n")
			_ = f.Close()
		}
		return args{3, r.buf(0), 200}
	}},
	{name: "sysfs", args: func(r *rig) args { return args{2, 0, r.buf(0)} }},
	{name: "kcmp", args: func(r *rig) args { return args{uint64(os.Getpid()), uint64(os.Getpid()), 0, 0, 1} }, quiet: true},
	{name: "kill", args: func(r *rig) args { return args{uint64(os.Getpid()), 0} }, quiet: true},
	{name: "lsm_get_self_attr", want: unix.EOPNOTSUPP, args: func(r *rig) args { return args{100, r.buf(0), r.put(r.buf(1), uint32(500)), 0} }},
	{name: "lsm_list_modules", args: func(r *rig) args { return args{r.buf(0), r.put(r.buf(1), uint32(500)), 0} }},
	{name: "lsm_list_modules too small", want: unix.E2BIG, args: func(r *rig) args { return args{r.buf(0), r.put(r.buf(1), uint32(2)), 0} }},
}
