package saved

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"
)

// sample has two of everything.
func sample() *Draft {
	return &Draft{
		Code:   []byte{0x90, 0xe9, 1, 0, 0, 0, 0xcc, 0xcc, 0x90},
		Blocks: []Block{{1, ^uint32(8), 0, 6, 7, 9, 3, 2, 1, 1}, {8, 6, 6, 9, 300, 0, 1, 64, 0, 0}},
		Links:  []Link{{2, 1}, {7, 0}},
		Exits:  []Exit{{Site: 1, At: 6, Target: 1 << 40}, {Site: 2, At: 7, Stop: true, Reason: 5, Vector: 0x80, Target: 3}},
		Calls:  []uint32{4, 5},
		Spans:  []Span{{1, []byte("one")}, {100, []byte("another")}},
	}
}

// collect turns an image back into a draft.
func collect(im *Image) *Draft {
	d := &Draft{Code: im.Code}
	for i := range im.Blocks() {
		d.Blocks = append(d.Blocks, im.Block(i))
	}
	for i := range im.Links() {
		d.Links = append(d.Links, im.Link(i))
	}
	for i := range im.Exits() {
		d.Exits = append(d.Exits, im.Exit(i))
	}
	for i := range im.Calls() {
		d.Calls = append(d.Calls, im.Call(i))
	}
	im.Spans(func(s Span) bool {
		d.Spans = append(d.Spans, s)
		return true
	})
	return d
}

func written(t *testing.T, d *Draft, k Key) []byte {
	var b bytes.Buffer
	if err := d.WriteTo(&b, k); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// What was written is read back as it was, but for bytes behind the code.
func TestRoundTrip(t *testing.T) {
	k := KeyOf("x")
	im, err := Parse(written(t, sample(), k), k)
	if err != nil {
		t.Fatal(err)
	}
	got, want := collect(im), sample()
	got.Code = got.Code[:len(want.Code)]
	if !reflect.DeepEqual(got, want) {
		t.Errorf("read\n%+v\nwritten\n%+v", got, want)
	}
}

// Every damaged byte, every lost end and another key are noticed.
func TestDamage(t *testing.T) {
	k := KeyOf("x")
	good := written(t, sample(), k)
	for i := range good {
		bad := bytes.Clone(good)
		bad[i] ^= 0x10
		if _, err := Parse(bad, k); !errors.Is(err, errDamaged) {
			t.Fatalf("byte %d of %d is damaged: %v", i, len(good), err)
		}
		if _, err := Parse(good[:i], k); !errors.Is(err, errDamaged) {
			t.Fatalf("cut after byte %d of %d: %v", i, len(good), err)
		}
	}
	if _, err := Parse(append(bytes.Clone(good), 0), k); !errors.Is(err, errDamaged) {
		t.Errorf("a byte more: %v", err)
	}
	if _, err := Parse(good, KeyOf("y")); !errors.Is(err, errDamaged) {
		t.Errorf("another key: %v", err)
	}
}

// recorder is a log that is looked at.
type recorder struct{ lines []string }

func (r *recorder) log(format string, args ...any) { r.lines = append(r.lines, format) }

// A store finds what another one has put into the same directory; without one only itself does.
func TestStore(t *testing.T) {
	k := KeyOf("x")
	for _, row := range []struct {
		name, dir  string
		persistent bool
	}{{"memory", "", false}, {"directory", filepath.Join(t.TempDir(), "a", "b"), true}} {
		t.Run(row.name, func(t *testing.T) {
			var r recorder
			s := Open(row.dir, r.log)
			if s.Get(k) != nil {
				t.Fatal("an empty store has something")
			}
			s.Put(k, sample())
			im := s.Get(k)
			if im == nil || im.Blocks() != 2 {
				t.Fatalf("put, but got %v (%v)", im, r.lines)
			}
			s.Release(k, im)
			if got := Open(row.dir, r.log).Get(k); (got != nil) != row.persistent {
				t.Errorf("another store gets %v", got)
			}
			if s.Persistent() != row.persistent || len(r.lines) != 0 {
				t.Errorf("persistent %v, log %v", s.Persistent(), r.lines)
			}
		})
	}
}

// Memory is bounded: what is too much is not kept, and what was kept stays.
func TestStoreInMemoryIsBounded(t *testing.T) {
	var r recorder
	s := Open("", r.log)
	s.Put(KeyOf("small"), sample())
	big := sample()
	big.Code = make([]byte, memoryMost)
	s.Put(KeyOf("big"), big)
	if s.Get(KeyOf("big")) != nil || s.Get(KeyOf("small")) == nil || len(r.lines) != 1 {
		t.Errorf("big %v, small %v, log %v", s.Get(KeyOf("big")), s.Get(KeyOf("small")), r.lines)
	}
}

// Damaged files are ignored with a word, and replaced.
func TestDamagedFile(t *testing.T) {
	dir, k := t.TempDir(), KeyOf("x")
	if err := os.Chmod(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	var r recorder
	Open(dir, r.log).Put(k, sample())
	files, _ := filepath.Glob(filepath.Join(dir, "*"+suffix))
	if len(files) != 1 {
		t.Fatalf("files %v", files)
	}
	text, _ := os.ReadFile(files[0])
	text[len(text)/2] ^= 1
	if err := os.WriteFile(files[0], text, 0o600); err != nil {
		t.Fatal(err)
	}
	s := Open(dir, r.log)
	if s.Get(k) != nil || len(r.lines) != 1 || !strings.Contains(r.lines[0], "ignored") {
		t.Fatalf("a damaged file is read: %v", r.lines)
	}
	s.Put(k, sample())
	if s.Get(k) == nil || Open(dir, r.log).Get(k) == nil {
		t.Error("a damaged file is not replaced")
	}
}

// What others can write is not read: it would be executed.
func TestPermissions(t *testing.T) {
	dir, k := filepath.Join(t.TempDir(), "c"), KeyOf("x")
	var r recorder
	Open(dir, r.log).Put(k, sample())
	if info, err := os.Stat(dir); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("directory: %v %v", info.Mode(), err)
	}
	files, _ := filepath.Glob(filepath.Join(dir, "*"+suffix))
	if info, err := os.Stat(files[0]); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("file: %v %v", info.Mode(), err)
	}
	if err := os.Chmod(files[0], 0o620); err != nil {
		t.Fatal(err)
	}
	if Open(dir, r.log).Get(k) != nil || len(r.lines) != 1 {
		t.Errorf("a file that the group can write is read: %v", r.lines)
	}
	if err := os.Chmod(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	if Open(dir, r.log).Persistent() || len(r.lines) != 2 {
		t.Errorf("a directory that all can write is used: %v", r.lines)
	}
	link := filepath.Join(filepath.Dir(dir), "link")
	if err := os.Symlink("/dev/null/x", link); err != nil {
		t.Fatal(err)
	}
	if s := Open(link, r.log); s.Persistent() || s.Get(k) != nil {
		t.Error("a directory that cannot be made is used")
	}
}

// The directory stays small: the files that were not used for longest go, and what dead writers left.
func TestEviction(t *testing.T) {
	d, err := openDirectory(filepath.Join(t.TempDir(), "c"))
	if err != nil {
		t.Fatal(err)
	}
	keys := []Key{KeyOf("a"), KeyOf("b"), KeyOf("c")}
	size := int64(len(written(t, sample(), keys[0])))
	d.most = 2 * size
	left := filepath.Join(d.path, temporary+"1")
	for i, k := range keys {
		if err := d.write(k, sample()); err != nil {
			t.Fatal(err)
		}
		old := time.Now().Add(time.Duration(i-3) * used)
		if err := os.Chtimes(d.file(k), old, old); err != nil {
			t.Fatal(err)
		}
		if i == 0 {
			if err := os.WriteFile(left, nil, 0o600); err != nil {
				t.Fatal(err)
			}
			if err := os.Chtimes(left, old, old); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := d.evict(); err != nil {
		t.Fatal(err)
	}
	for i, k := range keys {
		if im, err := d.read(k); err != nil || (im != nil) != (i > 0) {
			t.Errorf("%d: %v %v", i, im, err)
		}
	}
	if _, err := os.Stat(left); err == nil {
		t.Error("a dead writer's file is left")
	}
	if info, _ := os.Stat(d.file(keys[1])); time.Since(info.ModTime()) > used {
		t.Error("reading a file does not make it younger")
	}
}

// A sum depends on every bit and on the length, not on the pieces in which the bytes come.
func TestChecksum(t *testing.T) {
	data := make([]byte, 1000)
	for i := range data {
		data[i] = byte(i * i)
	}
	seen := map[uint64]int{}
	for n := range data {
		whole := sumOf(data[:n])
		if k, twice := seen[whole]; twice {
			t.Fatalf("%d and %d bytes have the same sum", k, n)
		}
		seen[whole] = n
		var c checksum
		for rest, size := data[:n], 1; len(rest) > 0; size = size*7%61 + 1 {
			k := min(size, len(rest))
			_, _ = c.Write(rest[:k])
			rest = rest[k:]
		}
		if c.sum() != whole {
			t.Fatalf("%d bytes in pieces: %#x, at once: %#x", n, c.sum(), whole)
		}
	}
	for i := range 8 * len(data) {
		data[i/8] ^= 1 << (i % 8)
		if k, twice := seen[sumOf(data)]; twice {
			t.Fatalf("bit %d makes no difference (%d)", i, k)
		}
		data[i/8] ^= 1 << (i % 8)
	}
}

func BenchmarkChecksum(b *testing.B) {
	data := make([]byte, 1<<20)
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		sumOf(data)
	}
}
