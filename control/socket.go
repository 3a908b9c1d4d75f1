package control

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// Dir is where runs that are to be found by process id have their sockets: it belongs to the user alone.
func Dir() (string, error) {
	dir := filepath.Join("/tmp", fmt.Sprintf("kmv-%d", os.Getuid()))
	if runtime := os.Getenv("XDG_RUNTIME_DIR"); runtime != "" {
		dir = filepath.Join(runtime, "kmv")
	}
	if err := os.Mkdir(dir, 0o700); err != nil && !errors.Is(err, os.ErrExist) {
		return "", err
	}
	var st unix.Stat_t
	if err := unix.Lstat(dir, &st); err != nil {
		return "", &os.PathError{Op: "lstat", Path: dir, Err: err}
	}
	if st.Mode&unix.S_IFMT != unix.S_IFDIR || int(st.Uid) != os.Getuid() || st.Mode&0o077 != 0 {
		return "", fmt.Errorf("%s is not a directory of yours alone: remove it, or set XDG_RUNTIME_DIR", dir)
	}
	return dir, nil
}

// Path turns what a user writes into a socket's path: auto is this process's own, a number the one of that process (or
// of the kmv that runs it), anything else is a path.
func Path(name string) (string, error) {
	pid := os.Getpid()
	if name != "auto" {
		n, err := strconv.Atoi(name)
		if err != nil {
			return name, nil
		}
		pid = n
	}
	dir, err := Dir()
	if err != nil {
		return "", err
	}
	path := socketOf(dir, pid)
	if _, err := os.Lstat(path); err != nil && name != "auto" {
		if tracer := tracerOf(pid); tracer != 0 {
			path = socketOf(dir, tracer)
		}
	}
	return path, nil
}

func socketOf(dir string, pid int) string { return filepath.Join(dir, strconv.Itoa(pid)+".sock") }

// tracerOf is the process that traces pid, or 0 (proc(5), TracerPid).
func tracerOf(pid int) int {
	status, _ := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "status"))
	_, rest, _ := strings.Cut(string(status), "TracerPid:")
	line, _, _ := strings.Cut(rest, "\n")
	tracer, _ := strconv.Atoi(strings.TrimSpace(line))
	return tracer
}

// Running are the process ids of the user's runs that can be reached. Sockets left behind by processes that are gone are
// removed.
func Running() []int {
	dir, err := Dir()
	if err != nil {
		return nil
	}
	files, _ := filepath.Glob(filepath.Join(dir, "*.sock"))
	var pids []int
	for _, file := range files {
		pid, err := strconv.Atoi(strings.TrimSuffix(filepath.Base(file), ".sock"))
		if err != nil {
			continue
		}
		if unix.Kill(pid, 0) == unix.ESRCH {
			_ = os.Remove(file)
		} else if !refused(file) {
			pids = append(pids, pid)
		}
	}
	slices.Sort(pids)
	return pids
}

// Listen opens a socket. One that nobody listens at any more is replaced; closing the listener removes it.
func Listen(path string) (*net.UnixListener, error) {
	if len(path) > 107 { // unix(7): sun_path
		return nil, fmt.Errorf("%s: the path of a socket has at most 107 bytes", path)
	}
	addr := &net.UnixAddr{Name: path, Net: "unix"}
	l, err := net.ListenUnix("unix", addr)
	if errors.Is(err, unix.EADDRINUSE) {
		if !isSocket(path) || !refused(path) {
			return nil, fmt.Errorf("%s is in use: another run listens there, or it is not a socket", path)
		}
		if err := os.Remove(path); err != nil {
			return nil, err
		}
		l, err = net.ListenUnix("unix", addr)
	}
	if err != nil {
		return nil, err
	}
	if err := os.Chmod(path, 0o600); err != nil {
		l.Close()
		return nil, err
	}
	return l, nil
}

func isSocket(path string) bool {
	info, err := os.Lstat(path)
	return err == nil && info.Mode()&os.ModeSocket != 0
}

// refused says that nobody listens at a socket.
func refused(path string) bool {
	c, err := net.Dial("unix", path)
	if err == nil {
		c.Close()
	}
	return errors.Is(err, unix.ECONNREFUSED)
}

// permitted says whether the process at the other end may be here: the same user, or root. The mode of the socket says
// so too, but from a moment after it was made.
func permitted(c *net.UnixConn) bool {
	raw, err := c.SyscallConn()
	if err != nil {
		return false
	}
	var cred *unix.Ucred
	if raw.Control(func(fd uintptr) { cred, err = unix.GetsockoptUcred(int(fd), unix.SOL_SOCKET, unix.SO_PEERCRED) }) != nil || err != nil {
		return false
	}
	return cred.Uid == 0 || int(cred.Uid) == os.Getuid()
}
