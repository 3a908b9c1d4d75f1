package syscalls

import (
	"bufio"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// TestEverySystemCall holds the table against the kernel's header and x/sys/unix: each has a row of that name, and the
// table has nothing else.
func TestEverySystemCall(t *testing.T) {
	known := map[uint64]string{}
	numbers(t, known, "/usr/include/x86_64-linux-gnu/asm/unistd_64.h", `^#define __NR_(\w+)\s+(\d+)`)
	dir, err := exec.Command("go", "list", "-f", "{{.Dir}}", "golang.org/x/sys/unix").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	numbers(t, known, filepath.Join(strings.TrimSpace(string(dir)), "zsysnum_linux_amd64.go"), `^\s+SYS_(\w+)\s+= (\d+)`)
	if len(known) < 370 {
		t.Fatalf("only %d calls found in the sources", len(known))
	}
	for nr, name := range known {
		if nr >= Max {
			t.Errorf("%s (%d) is past the table", name, nr)
		} else if table[nr].Name != name {
			t.Errorf("row %d is %q, the sources say %q", nr, table[nr].Name, name)
		}
	}
	for nr, row := range table {
		if row.Name != "" && known[uint64(nr)] == "" {
			t.Errorf("row %d %q is in no source", nr, row.Name)
		}
	}
}

// numbers adds the names and numbers that a source defines. A missing header is no failure: x/sys is always there.
func numbers(t *testing.T, into map[uint64]string, path, pattern string) {
	f, err := os.Open(path)
	if err != nil {
		t.Log(err)
		return
	}
	defer f.Close()
	re := regexp.MustCompile(pattern)
	for s := bufio.NewScanner(f); s.Scan(); {
		if m := re.FindStringSubmatch(s.Text()); m != nil {
			nr, _ := strconv.ParseUint(m[2], 10, 64)
			into[nr] = strings.ToLower(m[1])
		}
	}
}

// TestRules checks what the stub generator relies on.
func TestRules(t *testing.T) {
	for nr := range table {
		row := Lookup(uint64(nr))
		checkRule(t, row.Name, row.Rule)
		if row.MaskArg > 5 {
			t.Errorf("%s: mask argument %d", row.Name, row.MaskArg)
		}
		if row.Sub == nil {
			continue
		}
		if row.Sub.Arg > 5 {
			t.Errorf("%s: sub argument %d", row.Name, row.Sub.Arg)
		}
		for i, c := range row.Sub.Cases {
			checkRule(t, row.Name, c.Rule)
			if len(c.Values) == 0 || c.Mask == 0 {
				t.Errorf("%s: case %d matches nothing or everything", row.Name, i)
			}
			for _, v := range c.Values {
				if v&^c.Mask != 0 {
					t.Errorf("%s: %#x has bits outside mask %#x", row.Name, v, c.Mask)
				}
				checkDisjoint(t, row.Name, row.Sub.Cases, i, c.Mask, v)
			}
		}
	}
}

func checkRule(t *testing.T, name string, r Rule) {
	t.Helper()
	if len(r.Effects) > MaxEffects {
		t.Errorf("%s has %d effects", name, len(r.Effects))
	}
	for _, e := range r.Effects {
		if e.Ptr > 5 || e.Arg > 5 || e.N == 0 || e.Len > FromRet {
			t.Errorf("%s: bad effect %+v", name, e)
		}
		if e.Atomic && (e.Len != Fixed || e.N != 4) {
			t.Errorf("%s: an atomic effect that is no futex word: %+v", name, e)
		}
	}
	switch {
	case r.Kind == Regular && len(r.Effects) == 0:
		t.Errorf("%s is regular without effects", name)
	case (r.Kind == Pass || r.Kind == Unsupported) && len(r.Effects) != 0:
		t.Errorf("%s is %v with effects", name, r.Kind)
	case (r.Kind == Unsupported) != (r.Errno != 0):
		t.Errorf("%s is %v with errno %v", name, r.Kind, r.Errno)
	case r.Gap && r.Why == "":
		t.Errorf("%s is a gap without a reason", name)
	}
}

// checkDisjoint: no value may be matched by two values of the row's cases, so that a stub may test them in any order.
func checkDisjoint(t *testing.T, name string, cases []Case, i int, mask, v uint32) {
	t.Helper()
	seen := 0
	for j, c := range cases {
		for _, w := range c.Values {
			if (v^w)&mask&c.Mask == 0 {
				if seen++; seen > 1 {
					t.Errorf("%s: value %#x of case %d is also matched by case %d", name, v, i, j)
				}
			}
		}
	}
}

func TestLookup(t *testing.T) {
	for _, c := range []struct {
		nr    uint64
		name  string
		kind  Kind
		errno unix.Errno
		gap   bool
	}{
		{unix.SYS_READ, "read", Regular, 0, false},
		{unix.SYS_READ | 1<<32, "read", Regular, 0, false}, // only eax counts
		{unix.SYS_FILE_SETATTR, "file_setattr", Pass, 0, false},
		{337, "hole", Unsupported, unix.ENOSYS, false},
		{423, "hole", Unsupported, unix.ENOSYS, false},
		{Max, "future", Unsupported, unix.ENOSYS, true},
		{^uint64(0), "hole", Unsupported, unix.ENOSYS, false},
		{0xffffffff, "hole", Unsupported, unix.ENOSYS, false},
		{x32Bit | 1, "x32", Unsupported, unix.ENOSYS, true},
		{unix.SYS_RSEQ, "rseq", Unsupported, unix.ENOSYS, false},
		{unix.SYS_IO_URING_SETUP, "io_uring_setup", Unsupported, unix.ENOSYS, true},
	} {
		r := Lookup(c.nr)
		if r.Name != c.name || r.Kind != c.kind || r.Errno != c.errno || r.Gap != c.gap {
			t.Errorf("Lookup(%#x) = %s %v %v gap %v", c.nr, r.Name, r.Kind, r.Errno, r.Gap)
		}
	}
}

// TestFor: what the arguments make of a row.
func TestFor(t *testing.T) {
	for _, c := range []struct {
		nr   uint64
		args [6]uint64
		kind Kind
		gap  bool
		say  string
	}{
		{unix.SYS_PPOLL, [6]uint64{1, 1, 1, 0}, Regular, false, "ppoll"},
		{unix.SYS_PPOLL, [6]uint64{1, 1, 1, 1}, Engine, false, "ppoll"},
		{unix.SYS_FUTEX, [6]uint64{1, 128 + 256 + 9}, Pass, false, "futex(393)"},
		{unix.SYS_FUTEX, [6]uint64{1, 128 + 6}, Regular, false, "futex(134)"},
		{unix.SYS_FUTEX, [6]uint64{1, 99}, Unsupported, true, "futex(99)"},
		{unix.SYS_SELECT, [6]uint64{1023}, Regular, false, "select"},
		{unix.SYS_SELECT, [6]uint64{1024}, Regular, false, "select"},
		{unix.SYS_SELECT, [6]uint64{1025}, Irregular, false, "select"},
		{unix.SYS_SELECT, [6]uint64{^uint64(0)}, Irregular, false, "select"},
		{unix.SYS_PSELECT6, [6]uint64{64, 0, 0, 0, 0, 1}, Engine, false, "pselect6"},
		{unix.SYS_OPENAT, [6]uint64{0, 1, unix.O_DIRECT | unix.O_RDWR}, Pass, true, "openat"},
		{unix.SYS_OPENAT, [6]uint64{0, 1, unix.O_RDWR}, Pass, false, "openat"},
		{unix.SYS_IOCTL, [6]uint64{0, unix.TCGETS, 1}, Regular, false, "ioctl(TCGETS)"},
		{unix.SYS_IOCTL, [6]uint64{0, 0x5421, 1}, Pass, false, "ioctl(FIONBIO)"},
		{unix.SYS_IOCTL, [6]uint64{0, 0xc0de, 1}, Irregular, false, "ioctl(0xc0de)"},
		{unix.SYS_PRCTL, [6]uint64{unix.PR_SET_SYSCALL_USER_DISPATCH}, Unsupported, true, "prctl(59)"},
		{unix.SYS_PRCTL, [6]uint64{unix.PR_SET_VMA}, Pass, false, "prctl(1398164801)"},
		{unix.SYS_PRCTL, [6]uint64{12345}, Unsupported, true, "prctl(12345)"},
		{unix.SYS_PRLIMIT64, [6]uint64{0, unix.RLIMIT_STACK}, Engine, false, "prlimit64"},
		{unix.SYS_PRLIMIT64, [6]uint64{0, unix.RLIMIT_NOFILE}, Regular, false, "prlimit64"},
		{9999, [6]uint64{}, Unsupported, true, "syscall(9999)"},
	} {
		rule := Lookup(c.nr).For(c.args)
		if rule.Kind != c.kind || rule.Gap != c.gap {
			t.Errorf("%s %v: %v gap %v", Name(c.nr), c.args, rule.Kind, rule.Gap)
		}
		if got := Describe(c.nr, c.args); got != c.say {
			t.Errorf("Describe = %q, want %q", got, c.say)
		}
	}
}

// TestEffectRange: what an effect covers for each way a call may end.
func TestEffectRange(t *testing.T) {
	args := [6]uint64{0, 0x1000, 100, 0x2000}
	const eagain, efault, eio = -11, -14, -5
	for _, c := range []struct {
		e    Effect
		ret  int64
		torn unix.Errno
		want Range
	}{
		{got(1, 1, 2), 7, 0, Range{0x1000, 7}},
		{got(1, 12, 2), 7, 0, Range{0x1000, 84}},
		{got(1, 1, 2), 0, 0, Range{}},
		{got(1, 1, 2), 500, 0, Range{0x1000, 100}}, // MSG_TRUNC
		{got(1, 1, 2), eagain, 0, Range{}},
		{got(1, 1, 2), efault, 0, Range{0x1000, 100}},
		{got(1, 1, 2), eio, 0, Range{}},
		{got(1, 1, 2), eio, unix.EIO, Range{0x1000, 100}},
		{got(1, 1, 2), -5000, 0, Range{}},
		{got(0, 1, 2), 7, 0, Range{}}, // null
		{fixed(3, 16), 0, 0, Range{0x2000, 16}},
		{fixed(3, 16), eagain, 0, Range{}},
		{fixed(3, 16).always(), eagain, 0, Range{0x2000, 16}},
		{each(3, 8, 2), 1, 0, Range{0x2000, 800}},
		{each(3, 8, 3), 1, 0, Range{0x2000, 0x10000}},
	} {
		if r := c.e.Range(args, c.ret, c.torn); r != c.want {
			t.Errorf("%+v ret %d: %#x, want %#x", c.e, c.ret, r, c.want)
		}
	}
	if r := each(1, 8, 2).Range([6]uint64{0, 0x1000, 1 << 62}, 1, 0); r.Addr+r.Len != addressSpace {
		t.Errorf("an absurd count is not clipped: %#x", r)
	}
}
