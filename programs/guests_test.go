package programs

import (
	"bufio"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

const guestDir = "../testdata/guests"

// guest is a program in testdata/guests, with what the comments at its top say: "cflags:" how to build it, "run:"
// arguments (a run for each such line), "flags:" of kmv run, "gaps:" kinds of gaps that are right for it, "cpu:" features that it uses.
type guest struct {
	source string
	cflags []string
	runs   [][]string
	flags  []string
	gaps   []string
	cpu    []string
}

func readGuest(t *testing.T, source string) guest {
	file, err := os.Open(source)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	g := guest{source: source}
	for sc := bufio.NewScanner(file); sc.Scan(); {
		text := strings.TrimLeft(sc.Text(), "/# ")
		if text == sc.Text() {
			break // the comments end
		}
		key, rest, _ := strings.Cut(text, ":")
		switch words := strings.Fields(rest); key {
		case "cflags":
			g.cflags = words
		case "run":
			g.runs = append(g.runs, words)
		case "flags":
			g.flags = words
		case "gaps":
			g.gaps = words
		case "cpu":
			g.cpu = words
		}
	}
	if g.runs == nil {
		g.runs = [][]string{nil}
	}
	return g
}

// build compiles the guest into the cache directory.
func (g *guest) build(t *testing.T) string {
	name := strings.TrimPrefix(g.source, guestDir+"/")
	out := filepath.Join(cacheDir, "guests", strings.TrimSuffix(name, filepath.Ext(name)))
	if err := os.MkdirAll(filepath.Dir(out), 0o755); err != nil {
		t.Fatal(err)
	}
	compiler, args := "gcc", []string{"-w", "-O1", "-I", guestDir, "-o", out, g.source}
	switch filepath.Ext(g.source) {
	case ".cc":
		compiler = "g++"
	case ".s":
		args = append(args, "-nostdlib", "-static")
	}
	if msg, err := exec.Command(compiler, append(args, g.cflags...)...).CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", compiler, err, msg)
	}
	return out
}

// TestGuests runs every guest natively and under kmv.
func TestGuests(t *testing.T) {
	require(t, need{"gcc", "gcc"}, need{"g++", "g++"})
	sources, err := filepath.Glob(guestDir + "/*/*.[cs]*")
	if err != nil || len(sources) < 100 {
		t.Fatalf("%d guests found: %v", len(sources), err)
	}
	for _, source := range sources {
		name := strings.TrimPrefix(source, guestDir+"/")
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := readGuest(t, source)
			requireCPU(t, g.cpu)
			binary := g.build(t)
			for _, args := range g.runs {
				compare(t, job{steps: [][]string{append([]string{binary}, args...)}, flags: g.flags, gaps: g.gaps})
			}
		})
	}
}
