package cli

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"kmv/engine"
)

// lookup finds a program as execvp(3) does: a name with a slash is a path; another is looked for in each directory of
// PATH, where a file that may not be executed is remembered and only reported if nothing better follows.
func lookup(name, path string) (string, error) {
	if name == "" {
		return "", &engine.StartError{Path: "''", Err: syscall.ENOENT}
	}
	if strings.Contains(name, "/") {
		if err := executable(name); err != nil {
			return "", &engine.StartError{Path: name, Err: err}
		}
		return name, nil
	}
	if path == "" {
		path = "/bin:/usr/bin" // confstr(_CS_PATH)
	}
	var refused error
	for _, dir := range strings.Split(path, ":") {
		if dir == "" {
			dir = "."
		}
		candidate := filepath.Join(dir, name)
		if !strings.Contains(candidate, "/") {
			candidate = "./" + candidate
		}
		switch err := executable(candidate); err {
		case nil:
			return candidate, nil
		case syscall.EACCES:
			refused = err
		}
	}
	if refused != nil {
		return "", &engine.StartError{Path: name, Err: refused}
	}
	return "", &engine.StartError{Path: name, Err: syscall.ENOENT}
}

// executable is the errno that execve would give before reading the file, or nil.
func executable(path string) error {
	info, err := os.Stat(path)
	if err != nil {
		if errno, ok := err.(*fs.PathError).Err.(syscall.Errno); ok {
			return errno
		}
		return err
	}
	if !info.Mode().IsRegular() || info.Mode()&0o111 == 0 {
		return syscall.EACCES
	}
	return unix.Faccessat(unix.AT_FDCWD, path, unix.X_OK, unix.AT_EACCESS)
}
