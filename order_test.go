package main

import (
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// order is the house's order: a package may import those before it and none after it. Change it on purpose only.
var order = []string{
	"shadowmem", "translator/x86", "translator", "engine/ptrace", "engine/syscalls", "engine/seccomp", "engine/saved", "engine/view", "engine/ctype", "engine/symbols", "engine/expr", "engine",
	"inject", "campaign", "control", "metrics", "sessions", "testdata/demo", "ui/draw", "ui/pane", "ui", "bench", "cli", "", // "" is package main
}

// outside lists packages that nothing imports: tests and generators.
var outside = []string{"programs", "translator/x86/gen", "engine/syscalls/gen", "ui/gen", "testdata"}

// onlyUnsafe are the packages that may import unsafe.
var onlyUnsafe = []string{"engine/ptrace", "cli"}

func TestPackageOrder(t *testing.T) {
	files := 0
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && strings.HasPrefix(d.Name(), ".") && path != "." {
			return fs.SkipDir
		}
		if strings.HasSuffix(path, ".go") && !strings.HasSuffix(path, "_test.go") {
			files++
			checkImports(t, path)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if files < 50 {
		t.Fatalf("only %d files seen: is this the root of the module?", files)
	}
}

// checkImports holds one file to the order.
func checkImports(t *testing.T, path string) {
	dir := filepath.ToSlash(filepath.Dir(path))
	if dir == "." {
		dir = ""
	}
	at := slices.Index(order, dir)
	if slices.ContainsFunc(outside, func(o string) bool { return dir == o || strings.HasPrefix(dir, o+"/") }) {
		return
	}
	if at < 0 {
		t.Errorf("%s: package %q has no place in the order", path, dir)
		return
	}
	file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
	if err != nil {
		t.Error(err)
		return
	}
	for _, spec := range file.Imports {
		name, _ := strconv.Unquote(spec.Path.Value)
		if name == "unsafe" && !slices.Contains(onlyUnsafe, dir) {
			t.Errorf("%s imports unsafe; only %v may", path, onlyUnsafe)
		}
		if name == "C" {
			t.Errorf("%s imports C", path)
		}
		own, ok := strings.CutPrefix(name, "kmv/")
		if !ok {
			continue
		}
		if i := slices.Index(order, own); i < 0 || i >= at {
			t.Errorf("%s imports %s, which comes after it", path, name)
		}
	}
}
