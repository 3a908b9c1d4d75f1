package x86

import (
	"bufio"
	"bytes"
	"debug/elf"
	"encoding/hex"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// quickFiles are disassembled in every run, soakFiles with KMV_SOAK=1. The first match of each pattern counts.
var (
	quickFiles = []string{"/lib/x86_64-linux-gnu/libc.so.6", "/lib/x86_64-linux-gnu/libm.so.6", "/lib/x86_64-linux-gnu/libcrypto.so.3"}
	soakFiles  = []string{
		"/lib/x86_64-linux-gnu/libstdc++.so.6", "/usr/bin/python3.11", "/usr/bin/gdb", "/usr/bin/perl", "/lib/x86_64-linux-gnu/libsqlite3.so.0",
		"/usr/lib/gcc/x86_64-linux-gnu/*/cc1", "/usr/lib/x86_64-linux-gnu/libLLVM*.so*", "/usr/lib/x86_64-linux-gnu/libavcodec.so*",
	}
)

// oracleFiles lists the files to look at in this run.
func oracleFiles(t testing.TB) []string {
	patterns := quickFiles
	if os.Getenv("KMV_SOAK") != "" {
		patterns = append(patterns[:len(patterns):len(patterns)], soakFiles...)
	}
	var files []string
	for _, p := range patterns {
		if m, _ := filepath.Glob(p); len(m) > 0 {
			files = append(files, m[0])
		}
	}
	if len(files) == 0 {
		t.Skip("none of the libraries to look at is installed")
	}
	return files
}

// line is one instruction as objdump shows it.
type line struct {
	pc   uint64
	code []byte
	text string
}

// objdump calls visit for each instruction of the executable sections of a file.
func objdump(t testing.TB, visit func(line), args ...string) {
	path, err := exec.LookPath("objdump")
	if err != nil {
		t.Skip("objdump (package binutils) is not installed")
	}
	cmd := exec.Command(path, append([]string{"--insn-width=15", "-w"}, args...)...)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	s := bufio.NewScanner(out)
	s.Buffer(nil, 1<<20)
	for s.Scan() {
		addr, rest, ok := strings.Cut(s.Text(), ":\t")
		hexes, text, ok2 := strings.Cut(rest, "\t")
		pc, err := strconv.ParseUint(strings.TrimSpace(addr), 16, 64)
		if !ok || !ok2 || err != nil {
			continue
		}
		code, err := hex.DecodeString(strings.ReplaceAll(hexes, " ", ""))
		if err != nil {
			t.Fatalf("objdump line %q: %v", s.Text(), err)
		}
		visit(line{pc, code, strings.TrimSpace(text)})
	}
	if err := cmd.Wait(); err != nil {
		t.Fatal(err)
	}
}

// TestLengthsAgainstObjdump compares the length of every instruction, decoding the section's own bytes.
func TestLengthsAgainstObjdump(t *testing.T) {
	for _, file := range oracleFiles(t) {
		t.Run(filepath.Base(file), func(t *testing.T) {
			t.Parallel()
			image := textOf(t, file)
			seen, bad, wrong := 0, map[string]int{}, map[string]int{}
			var in Inst
			objdump(t, func(l line) {
				seen++
				if strings.Contains(l.text, "(bad)") {
					bad[hex.EncodeToString(l.code)]++
					return
				}
				if exception(l) != "" {
					return
				}
				err := Decode(image.at(l.pc), &in)
				if err != nil || int(in.Len) != len(l.code) {
					wrong[fmt.Sprintf("%x %s: length %d, %v", l.code, l.text, in.Len, err)]++
				}
			}, "-d", file)
			t.Logf("%d instructions, %d kinds of (bad): %v", seen, len(bad), clip(bad))
			for w := range clip(wrong) {
				t.Error(w)
			}
			if len(wrong) > 0 {
				t.Errorf("%d kinds of difference", len(wrong))
			}
		})
	}
}

// exceptions are lines of objdump that need not agree. All but fwait occur only where it disassembles data.
var exceptions = []struct {
	pattern *regexp.Regexp
	first   byte // must occur in the code, when not 0
	why     string
}{
	{regexp.MustCompile(`^\.byte|^((data16|addr32|cs|ds|es|ss|fs|gs|lock|repz|repnz|bnd|notrack|rex(\.[WRXB]+)?) ?)+$`), 0, "a prefix without effect on a line of its own"},
	{regexp.MustCompile(`\bf\w+`), 0x9b, "objdump joins fwait and what follows"},
	{regexp.MustCompile(`\bmov .*(%\?|,%cs\b)`), 0, "no such segment register: #UD"},
	{regexp.MustCompile(`data16 |^(jmp|call|ret|j\w+|loop\w*|xbegin)w `), 0x66, "66 on a near branch: Intel and AMD differ"},
	{regexp.MustCompile(`287 only`), 0, "undefined since the 80387"},
}

// exception is the reason why a line is not compared.
func exception(l line) string {
	var in Inst
	if Decode(l.code, &in) == nil && int(in.Len) == len(l.code) {
		return ""
	}
	for _, e := range exceptions {
		if e.pattern.MatchString(l.text) && (e.first == 0 || bytes.IndexByte(l.code, e.first) >= 0) {
			return e.why
		}
	}
	return ""
}

// clip keeps a report readable.
func clip(m map[string]int) map[string]int {
	out := map[string]int{}
	for k, v := range m {
		if len(out) < 40 {
			out[k] = v
		}
	}
	return out
}

// image is the executable bytes of a file.
type image []segment

type segment struct {
	addr uint64
	data []byte
}

// textOf reads the executable sections.
func textOf(t testing.TB, file string) image {
	f, err := elf.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var im image
	for _, s := range f.Sections {
		if s.Flags&elf.SHF_EXECINSTR != 0 && s.Type == elf.SHT_PROGBITS {
			data, err := s.Data()
			if err != nil {
				t.Fatal(err)
			}
			im = append(im, segment{s.Addr, data})
		}
	}
	return im
}

// at returns the bytes from an address to the end of its section.
func (im image) at(pc uint64) []byte {
	for _, s := range im {
		if pc >= s.addr && pc < s.addr+uint64(len(s.data)) {
			return s.data[pc-s.addr:]
		}
	}
	return nil
}
