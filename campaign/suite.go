package campaign

import (
	"embed"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// inputs are what the programs of the suite work on.
//
//go:embed suite
var inputs embed.FS

// suite are real programs, each of a kind of its own: a database, a server, an interpreter, a compressor, threads, a compiler.
var suite = []struct {
	name   string
	needs  []string // programs
	argv   string   // @NAME is a file of suite/, or made by a builder
	stdin  string
	client string
}{
	{name: "sqlite3", needs: []string{"sqlite3"}, argv: "sqlite3 :memory:", stdin: "work.sql"},
	{name: "redis-server", needs: []string{"redis-server", "redis-cli"}, argv: "redis-server --port 0 --unixsocket ./s --save  --daemonize no --logfile /dev/null --io-threads 1",
		client: `for i in $(seq 600); do redis-cli -s ./s ping >/dev/null 2>&1 && break; sleep 0.02; done; redis-cli -s ./s < @work.redis`},
	{name: "python3", needs: []string{"/usr/bin/python3"}, argv: "/usr/bin/python3 -S -E @work.py"},
	{name: "gzip", needs: []string{"gzip"}, argv: "gzip -c", stdin: "work.c"},
	{name: "threads", needs: []string{"g++"}, argv: "@threads"},
	{name: "cc1", needs: []string{"gcc"}, argv: "@cc1 -quiet -O1 -o - @work.c"},
}

// Suite makes the targets of the built-in campaign in a directory, of the programs that are there; the others are named.
// With names, of these only.
func Suite(dir string, names ...string) (targets []Target, missing []string, err error) {
	for _, name := range names {
		if !slices.Contains(Names(), name) {
			return nil, nil, fmt.Errorf("%s is not in it, but %s", name, strings.Join(Names(), ", "))
		}
	}
	for _, s := range suite {
		if len(names) > 0 && !slices.Contains(names, s.name) {
			continue
		}
		if bad := absent(s.needs); bad != "" {
			missing = append(missing, fmt.Sprintf("%s (no %s)", s.name, bad))
			continue
		}
		t := Target{Name: s.name, Suite: true}
		for _, word := range strings.Split(s.argv, " ") {
			if word, err = material(dir, word); err != nil {
				return nil, nil, fmt.Errorf("%s: %w", s.name, err)
			}
			t.Argv = append(t.Argv, word)
		}
		if s.stdin != "" {
			if t.Stdin, err = material(dir, "@"+s.stdin); err != nil {
				return nil, nil, err
			}
		}
		if before, name, found := strings.Cut(s.client, "@"); found {
			file, err := material(dir, "@"+name)
			if err != nil {
				return nil, nil, err
			}
			t.Client = before + file
		}
		targets = append(targets, t)
	}
	return targets, missing, nil
}

// Names are those of the suite's programs.
func Names() []string {
	var names []string
	for _, s := range suite {
		names = append(names, s.name)
	}
	return names
}

func absent(needs []string) string {
	for _, n := range needs {
		if _, err := exec.LookPath(n); err != nil {
			return n
		}
	}
	return ""
}

// material turns @NAME into the path of a file that it makes; other words stay.
func material(dir, word string) (string, error) {
	name, found := strings.CutPrefix(word, "@")
	if !found {
		return word, nil
	}
	path := filepath.Join(dir, name)
	switch name {
	case "threads":
		source, err := material(dir, "@threads.cc")
		if err != nil {
			return "", err
		}
		if out, err := exec.Command("g++", "-O1", "-pthread", "-o", path, source).CombinedOutput(); err != nil {
			return "", fmt.Errorf("g++: %w: %s", err, out)
		}
		return path, nil
	case "cc1":
		out, err := exec.Command("gcc", "-print-prog-name=cc1").Output()
		return strings.TrimSpace(string(out)), err
	}
	data, err := inputs.ReadFile("suite/" + name)
	if err != nil {
		return "", err
	}
	return path, os.WriteFile(path, data, 0o644)
}
