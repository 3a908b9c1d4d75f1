package programs

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// soak says whether the long rows run too.
var soak = os.Getenv("KMV_SOAK") != ""

// verifyOption interrupts the programs often in a soak, and else compares at the end only.
var verifyOption = map[bool]string{false: "--verify", true: "--verify=20ms"}[soak]

// twice says whether each job runs a second time under kmv, with the translations that the first one has saved.
var twice = soak || os.Getenv("KMV_TWICE") != ""

var (
	kmvBinary string // the program under test, built once, or an existing one: $KMV_BINARY
	cacheDir  string // inputs and guests that are made once per test run
	codeDir   string // the translations of this test run: what others have saved is not seen
)

func TestMain(m *testing.M) { os.Exit(testMain(m)) }

func testMain(m *testing.M) int {
	dir, err := os.MkdirTemp("", "kmv-programs-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	cacheDir = dir
	codeDir = filepath.Join(dir, "code")
	os.Setenv("KMV_CACHE", codeDir)
	testEnv = append(testEnv, "KMV_CACHE="+codeDir)
	if kmvBinary = os.Getenv("KMV_BINARY"); kmvBinary != "" {
		return m.Run()
	}
	kmvBinary = filepath.Join(dir, "kmv")
	build := exec.Command("go", "build", "-o", kmvBinary, "kmv")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "build kmv: %v\n%s", err, out)
		return 1
	}
	return m.Run()
}

// need is a program that a row cannot do without, and the Debian package that has it.
type need struct{ file, pkg string }

// require skips the test, naming what is missing and how to get it.
func require(t *testing.T, needs ...need) {
	t.Helper()
	var missing, pkgs []string
	for _, n := range needs {
		if !present(n.file) {
			missing, pkgs = append(missing, n.file), append(pkgs, n.pkg)
		}
	}
	if len(missing) > 0 {
		t.Skipf("missing: %s (apt-get install %s)", strings.Join(missing, ", "), strings.Join(pkgs, " "))
	}
}

func present(file string) bool {
	if filepath.IsAbs(file) {
		_, err := os.Stat(file)
		return err == nil
	}
	_, err := exec.LookPath(file)
	return err == nil
}

// requireCPU skips the test on a processor without the features, named as in /proc/cpuinfo.
func requireCPU(t *testing.T, features []string) {
	t.Helper()
	info, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range features {
		if !strings.Contains(string(info), " "+f+" ") && !strings.Contains(string(info), " "+f+"\n") {
			t.Skipf("this processor has no %s", f)
		}
	}
}
