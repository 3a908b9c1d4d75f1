package programs

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// row is a real program and what it is made to do. Its command lines are split at blanks; 'quotes' keep them. $P in
// them and in setup is testdata/programs, $CACHE a directory for inputs that are made once.
type row struct {
	name  string
	needs []need
	setup string   // fills the directory, natively
	run   []string // command lines, each under kmv; "< FILE" at the end gives standard input
	flags string   // of kmv run
	gaps  string   // kinds of gaps that are right for this row
	skip  string   // files that differ between any two runs
	env   string
	long  bool // only with KMV_SOAK
}

// The sizes of inputs: megabytes of data, and a factor for scripts.
func sizes() (mb, scale string) {
	if soak {
		return "50", "4"
	}
	return "5", "1"
}

// data makes $CACHE/data: real programs and texts, $MB of them; text is words only.
const data = `made data 'cat $(find /usr/include /usr/lib/x86_64-linux-gnu -maxdepth 1 -type f | LC_ALL=C sort) 2>/dev/null | head -c ${MB}000000'
made text 'cat $(find /usr/include -maxdepth 2 -name "*.h" | LC_ALL=C sort) | tr -cd "[:print:]\n\t" | head -c ${MB}000000'
`

// prelude is what setups are written with: made FILE SCRIPT makes a file from the script's output, built FILE COMMAND
// one with the command's -o; both only once, in $CACHE, and copy it.
const prelude = `P=%s CACHE=%s MB=%s SCALE=%s; export P CACHE MB SCALE
made() { [ -e $CACHE/$1 ] || { sh -e -c "$2" > $CACHE/$1.$$; mv $CACHE/$1.$$ $CACHE/$1; }; cp $CACHE/$1 $1; }
built() { n=$1; shift; [ -e $CACHE/$n ] || { "$@" -o $CACHE/$n.$$; mv $CACHE/$n.$$ $CACHE/$n; }; cp $CACHE/$n $n; }
`

var python = need{"/usr/bin/python3", "python3"}

// matrix lists the programs. A new one is one row.
var matrix = []row{
	{name: "ls", run: []string{"ls -laR /usr/include", "ls -la --color=always --sort=size /usr/bin", "ls /nonexistent"}},
	{name: "ls everything", run: []string{"ls -laR /usr"}, long: true},
	{name: "cat", setup: data, run: []string{"cat data text", "cat -A text", "cat < data", "cat none data"}},
	{name: "sort", setup: data, run: []string{"sort text", "sort -u -k2,2 -k1,1r text", "sort --parallel=2 -S 2M -T . -R --random-source=data text", "sort -c text"}},
	{name: "sha256sum", setup: `find /usr/include -type f | LC_ALL=C sort | head -2000 | xargs sha256sum > sums; sed -i '5s/^./x/' sums`,
		run: []string{"sha256sum -c sums", "md5sum sums", "b2sum sums", "cksum sums"}},
	{name: "find", run: []string{`find /usr/include /usr/share/doc -name '*.h' -size +2k -printf '%p %s %m %y\n'`, "find /usr/share/doc -type l -lname '*copy*'", "find /nonexistent -name x"}},
	{name: "awk", setup: data, run: []string{"awk -f $P/count.awk text", "awk 'BEGIN { printf \"%s\", 1 / 3; exit 4 }'"}},
	{name: "sed", setup: data, run: []string{"sed -E -f $P/edit.sed text", "sed -n '$=' text", "sed -i s/the/THE/g text"}},
	{name: "grep", setup: data, run: []string{"grep -rnE '(struct|union) [a-z_]+_t\\b.*;' /usr/include", "grep -ciE '^#define.*(size|max)' text", "grep -P '(?<=if )def\\w*' text", "grep nothing-like-this text"}},
	{name: "true and false", run: []string{"true", "false", "echo -e 'a\\tb'", "printf '%5.2f|%s\\n' 3.14159 x", "env -i A=1 env", "sleep 0.05", "expr 6 * 7", "seq 100000", "date -d @0"}},
	{name: "coreutils", setup: data, run: []string{"cp -r /usr/include/linux copy", "wc text data", "tac text", "cut -c3-9 text", "od -A x -t x1z data", "split -b 1000000 data part", "base64 data", "du -ab copy", "mv copy moved", "rm -r moved", "dd if=data of=out bs=7777 status=none", "stat -c '%s %a %n' data", "nl text", "join text text", "fold -w 33 text", "shuf --random-source=data text"}},
	{name: "diff", setup: data + "sed s/int/long/ text > other", run: []string{"diff -u --label a --label b text other", "cmp data text", "diff -q text text"}},
	{name: "tar", setup: "cp -r /usr/include/linux tree; find tree | xargs touch -d @0", run: []string{"tar --sort=name --owner=0 --group=0 -cf a.tar tree", "tar -tvf a.tar", "tar -xf a.tar --one-top-level=x", "tar --compare -f a.tar"}},
	{name: "shell", run: []string{`sh -c 'ulimit -a; umask; echo $0 $# $*; for i in 1 2 3; do x=$x$i; done; echo $x; exit 3' name a b`, "bash -c 'a=({1..1000}); for i in ${a[@]}; do ((s+=i*i)); done; echo $s; printf -v p %05d 42; echo ${p/0/x} ${a[@]:3:4}; [[ abc =~ b(.) ]] && echo ${BASH_REMATCH[1]}'"}},
	{name: "shell with children", run: []string{"sh -c 'ls /usr | wc -l; (exit 5); echo $?; sleep 0.01 & wait; echo done'", "bash -c 'for i in 1 2 3 4 5; do echo $(echo $i | tr 1-5 a-e); done; cat <(echo x)'"}, gaps: "process"},

	{name: "bzip2", needs: []need{{"bzip2", "bzip2"}}, setup: data, run: []string{"bzip2 -9 data", "bzip2 -tvv data.bz2", "bzip2 -d data.bz2", "bzip2 -dc text"}},
	{name: "xz", needs: []need{{"xz", "xz-utils"}}, setup: data, run: []string{"xz -T2 -3 --block-size=1MiB data", "xz --robot -lvv data.xz", "xz -T2 -d data.xz"}},
	{name: "gzip", setup: data, run: []string{"gzip -n9 data", "gzip -l data.gz", "gzip -d data.gz", "gzip -n1 text"}},
	{name: "zstd", needs: []need{{"zstd", "zstd"}}, setup: data, run: []string{"zstd -q -T2 -7 --rm data", "zstd -q -t data.zst", "zstd -q -d --rm data.zst", "zstd -q --ultra -19 -T2 -B500000 text"}},

	{name: "sqlite3 in memory", needs: []need{{"sqlite3", "sqlite3"}}, setup: "awk -f $P/database.awk > db.sql", run: []string{"sqlite3 :memory: < db.sql"}},
	{name: "sqlite3 on disk", needs: []need{{"sqlite3", "sqlite3"}}, setup: "awk -v rows=10000 -f $P/database.awk > db.sql", run: []string{"sqlite3 test.db < db.sql", "sqlite3 test.db 'select count(*) from item; .dump log'"}},
	{name: "sqlite3 wal", needs: []need{{"sqlite3", "sqlite3"}}, setup: "awk -v rows=5000 -v journal=wal -f $P/database.awk > db.sql", run: []string{"sqlite3 test.db < db.sql", "sqlite3 -json test.db 'select * from owner limit 9'"}, skip: "test.db-shm"},
	{name: "lua", needs: []need{{"lua5.4", "lua5.4"}}, run: []string{"lua5.4 $P/mixed.lua $SCALE", "lua5.4 -e 'error(\"no\")'"}},
	{name: "perl", run: []string{"perl $P/mixed.pl $SCALE", "perl -e 'die qq(no\\n)'"}},
	{name: "python text", needs: []need{python}, run: []string{"/usr/bin/python3 -c pass", "/usr/bin/python3 $P/text.py $SCALE", "/usr/bin/python3 -c 1/0"}},
	{name: "python modules", needs: []need{python}, run: []string{"/usr/bin/python3 $P/modules.py $SCALE"}},
	{name: "bc", needs: []need{{"bc", "bc"}}, run: []string{"bc -lq $P/arithmetic.bc"}},
	{name: "jq", needs: []need{{"jq", "jq"}}, run: []string{"jq -n -f $P/transform.jq", "jq -n {"}},
	{name: "openssl", needs: []need{{"openssl", "openssl"}}, setup: data, skip: "key pub sig",
		run: []string{"openssl dgst -sha256 data", "openssl dgst -sha3-512 data", "openssl dgst -md5 -hmac key data", "openssl enc -aes-256-cbc -pbkdf2 -S 0102030405060708 -k secret -in data -out data.enc",
			"openssl enc -d -aes-256-cbc -pbkdf2 -S 0102030405060708 -k secret -in data.enc -out data.dec", "openssl genrsa -out key 2048", "openssl rsa -in key -pubout -out pub", "openssl dgst -sha256 -sign key -out sig data",
			"openssl dgst -sha256 -verify pub -signature sig data", "openssl version"}},
	{name: "openssl loops", needs: []need{{"openssl", "openssl"}}, setup: data, run: openSSLLoops()},
	{name: "cc1", needs: []need{{cc1(), "gcc"}}, setup: `awk -v functions=$((60 * SCALE)) -f $P/source.awk > big.c; gcc -E big.c -o big.i`,
		run: []string{cc1() + " -quiet -O2 big.i -o big.s", cc1() + " -quiet -O0 -g big.i -o debug.s", cc1() + " -quiet none.i"}},
	{name: "assembler and linker", needs: []need{{"as", "binutils"}, {"ld", "binutils"}}, setup: "awk -v functions=60 -f $P/source.awk > big.c; gcc -S big.c; cp $P/../guests/code/freestanding.s .",
		run: []string{"as big.s -o big.o", "as freestanding.s -o f.o", "ld f.o -o f", "ld -r big.o f.o -o both.o", "objdump -d big.o", "nm big.o", "strip -o small big.o"}},
	{name: "gdb", needs: []need{{"gdb", "gdb"}, {"gcc", "gcc"}}, setup: `built crash gcc -g $P/../guests/threads/crash_in_thread.c -I $P/../guests -pthread
[ -e $CACHE/core ] || { gdb -nx --batch -ex run -ex "generate-core-file $CACHE/core.$$" $CACHE/crash > /dev/null 2>&1; mv $CACHE/core.$$ $CACHE/core; }; cp $CACHE/core .`,
		run: []string{"gdb -nx --batch -ex 'thread apply all bt' -ex 'info registers' -ex 'x/20i $pc' -ex 'ptype struct sigaction' -ex 'p crasher' ./crash core", "gdb -nx --batch -ex 'python print(sum(range(1000)))' -ex 'info functions ^pthread_' ./crash"}},
	{name: "musl", needs: []need{{"musl-gcc", "musl-tools"}}, setup: "built static musl-gcc -w -static -O2 -I $P/../guests $P/../guests/threads/condvar.c; built compute musl-gcc -static -O2 $P/vectors.c",
		run: []string{"./static", "./compute"}},
	{name: "go", needs: []need{{"go", "golang"}}, setup: "export CGO_ENABLED=0; built gogc go -C $P/gogc build", run: []string{"./gogc"}},
	{name: "c++", needs: []need{{"g++", "g++"}}, setup: "built tasks g++ -O2 -pthread $P/tasks.cc", run: []string{"./tasks"}},
	{name: "avx2", needs: []need{{"gcc", "gcc"}}, setup: "built v3 gcc -O3 -march=x86-64-v3 $P/vectors.c", run: []string{"./v3 300"}},
	{name: "avx512", needs: []need{{"gcc", "gcc"}}, setup: "built v4 gcc -O3 -march=x86-64-v4 -mprefer-vector-width=512 $P/vectors.c", run: []string{"./v4 300"}},
	{name: "binutils", needs: []need{{"objdump", "binutils"}}, run: []string{"objdump -d /usr/bin/true", "readelf -a /usr/bin/true", "nm -D /lib/x86_64-linux-gnu/libm.so.6", "strings -n 20 /usr/bin/bash", "ldconfig -p"}},

	{name: "only the heap", needs: []need{{"lua5.4", "lua5.4"}}, flags: "--mirror heap", run: []string{"lua5.4 $P/mixed.lua"}},
	{name: "all but the stack", needs: []need{{"sqlite3", "sqlite3"}}, flags: "--no-mirror stack", setup: "awk -v rows=3000 -f $P/database.awk > db.sql", run: []string{"sqlite3 :memory: < db.sql"}},
	{name: "one symbol", needs: []need{{"gcc", "gcc"}}, flags: "--mirror sym:z", setup: "built v gcc -O2 $P/vectors.c", run: []string{"./v"}},
	{name: "one library", needs: []need{python}, flags: "--mirror file:*libc.so*", run: []string{"/usr/bin/python3 $P/text.py"}},
	{name: "everything fenced", needs: []need{{"g++", "g++"}}, flags: "--mirror all=fenced", setup: "built tasks g++ -O2 -pthread $P/tasks.cc", run: []string{"./tasks"}},
	{name: "data and anonymous memory", needs: []need{{"bzip2", "bzip2"}}, flags: "--mirror data --mirror anon --verify=50ms", setup: data, run: []string{"bzip2 -9 text"}},
	{name: "nothing", flags: "--mirror none", setup: data, run: []string{"sort text"}},
}

func cc1() string { return "/usr/lib/gcc/x86_64-linux-gnu/12/cc1" }

// openSSLLoops are the loops of `openssl speed`, with a result that can be compared.
func openSSLLoops() []string {
	var run []string
	for _, digest := range strings.Fields("sha1 sha224 sha384 sha512 blake2b512 blake2s256 md5 sm3 ripemd160") {
		run = append(run, "openssl dgst -"+digest+" data")
	}
	const key = " -K 000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f -iv 00112233445566778899aabbccddeeff"
	for _, cipher := range strings.Fields("aes-128-ctr chacha20 camellia-256-cbc aria-256-cbc sm4-cbc") {
		run = append(run, "openssl enc -"+cipher+key+" -in data -out "+cipher)
	}
	return append(run, "openssl prime 1000000000000000000000000000057")
}

// pythonSuite is what of Python's own tests runs: modules that need no network, no other processes and no clock.
var pythonSuite = strings.Fields(`test_json test_re test_zlib test_hashlib test_thread test_threading_local test_decimal test_sqlite3
	test_list test_dict test_set test_unicode test_bytes test_float test_int test_complex test_struct test_array test_bz2
	test_lzma test_gzip test_pickle test_collections test_itertools test_functools test_generators test_coroutines
	test_exceptions test_fractions test_heapq test_random test_statistics test_datetime test_io test_csv test_ast test_subprocess`)

func TestPrograms(t *testing.T) {
	for _, r := range matrix {
		t.Run(r.name, func(t *testing.T) {
			if r.long && !soak {
				t.Skip("only with KMV_SOAK=1")
			}
			require(t, r.needs...)
			t.Parallel()
			compare(t, r.job(t))
		})
	}
}

// TestPythonSuite runs modules of Python's own tests, each a process of its own; without KMV_SOAK only a few.
func TestPythonSuite(t *testing.T) {
	require(t, python, need{"/usr/lib/python3.11/test/test_json/__init__.py", "libpython3.11-testsuite"})
	modules := pythonSuite
	if !soak {
		modules = []string{"test_json", "test_struct", "test_generators", "test_heapq"}
	}
	for _, m := range modules {
		t.Run(m, func(t *testing.T) {
			t.Parallel()
			r := row{name: m, run: []string{"/usr/bin/python3 $P/suite.py " + m}, gaps: "process"}
			compare(t, r.job(t))
		})
	}
}

// job replaces the variables of a row.
func (r *row) job(t *testing.T) job {
	p, err := filepath.Abs("../testdata/programs")
	if err != nil {
		t.Fatal(err)
	}
	mb, scale := sizes()
	vars := map[string]string{"P": p, "CACHE": cacheDir, "MB": mb, "SCALE": scale}
	j := job{
		flags: strings.Fields(r.flags), gaps: strings.Fields(r.gaps), ignore: strings.Fields(r.skip),
		env: strings.Fields(r.env), timeout: 3 * time.Minute,
	}
	if soak {
		j.timeout = 30 * time.Minute
	}
	if r.setup != "" {
		j.setup = fmt.Sprintf(prelude, p, cacheDir, mb, scale) + r.setup
	}
	for _, line := range r.run {
		words, input := split(line)
		for i, w := range words {
			words[i] = os.Expand(w, func(name string) string {
				if v, ok := vars[name]; ok {
					return v
				}
				return "$" + name // the program's own
			})
		}
		j.steps, j.stdin = append(j.steps, words), append(j.stdin, input)
	}
	return j
}

// split cuts a command line at blanks outside of 'quotes'; "< FILE" at its end is taken off.
func split(line string) (words []string, input string) {
	line, input, _ = strings.Cut(line, " < ")
	var word strings.Builder
	quoted, any := false, false
	for _, c := range line {
		switch {
		case c == '\'':
			quoted, any = !quoted, true
		case c == ' ' && !quoted:
			if any || word.Len() > 0 {
				words = append(words, word.String())
			}
			any = false
			word.Reset()
		default:
			word.WriteRune(c)
		}
	}
	if any || word.Len() > 0 {
		words = append(words, word.String())
	}
	return words, input
}
