package bench

import (
	"crypto/sha256"
	"embed"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

//go:embed micro scripts
var embedded embed.FS

// Cache is the directory of what is made once: compiled programs, scripts, inputs. Names in it carry a hash of the
// source or the generation, so that an old file is never taken for a new one.
type Cache struct{ Dir string }

// OpenCache makes the directory, below the user's own cache or, without one, in the temporary directory.
func OpenCache() (Cache, error) {
	base, err := os.UserCacheDir()
	if err != nil {
		base = os.TempDir()
	}
	dir := filepath.Join(base, "kmv", "bench")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return Cache{}, fmt.Errorf("make the bench's cache: %w", err)
	}
	return Cache{dir}, nil
}

// File makes the file called name if it is not there yet: the program of micro/NAME.c, a copy of scripts/NAME, or what
// generators say.
func (c Cache) File(name string) (string, error) {
	if source, err := embedded.ReadFile("micro/" + name + ".c"); err == nil {
		return c.make(name, source, func(path string) error { return compile(name, source, path) })
	}
	if script, err := embedded.ReadFile("scripts/" + name); err == nil {
		return c.make(name, script, func(path string) error { return os.WriteFile(path, script, 0o644) })
	}
	if g, ok := generators[name]; ok {
		return c.make(name, []byte(generation), func(path string) error { return os.WriteFile(path, g(), 0o644) })
	}
	return "", fmt.Errorf("nothing makes the file @%s", name)
}

func (c Cache) make(name string, source []byte, write func(path string) error) (string, error) {
	path := filepath.Join(c.Dir, fmt.Sprintf("%.8x-%s", sha256.Sum256(source), name))
	if _, err := os.Stat(path); err == nil {
		return path, nil
	}
	part := fmt.Sprintf("%s.%d", path, os.Getpid()) // two benches may start at once
	if err := write(part); err != nil {
		os.Remove(part)
		return "", err
	}
	return path, os.Rename(part, path)
}

// compile builds one C file as a distribution would: PIE, dynamic, -O2.
func compile(name string, source []byte, path string) error {
	c := path + ".c"
	if err := os.WriteFile(c, source, 0o644); err != nil {
		return err
	}
	defer os.Remove(c)
	if out, err := exec.Command("gcc", "-O2", "-w", c, "-o", path).CombinedOutput(); err != nil {
		return fmt.Errorf("gcc micro/%s.c: %w\n%s", name, err, out)
	}
	return nil
}
