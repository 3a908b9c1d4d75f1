package sessions

import (
	"bufio"
	"bytes"
	"debug/elf"
	"encoding/binary"
	"encoding/hex"
	"os"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"kmv/engine/view"
)

// newHeader says what is recorded, and where.
func newHeader(o Options, s *view.Snapshot) *Header {
	return &Header{
		Format: FormatVersion, Version: o.Version, Program: s.Program, Argv: s.Argv, BuildID: buildID(s.Program),
		Kernel: kernel(), CPU: processor(), Policy: o.Policy, Seeds: o.Seeds, Offset: s.Offset, Start: time.Now().UTC(), At: s.Time,
	}
}

// buildID is the program's NT_GNU_BUILD_ID note, empty if it has none or is no ELF file (a script).
func buildID(path string) string {
	f, err := elf.Open(path)
	if err != nil {
		return ""
	}
	defer f.Close()
	s := f.Section(".note.gnu.build-id")
	if s == nil {
		return ""
	}
	note, err := s.Data()
	const head = 16 // three lengths and "GNU\0"
	if err != nil || len(note) < head || !bytes.Equal(note[12:16], []byte("GNU\x00")) {
		return ""
	}
	size := binary.LittleEndian.Uint32(note[4:])
	return hex.EncodeToString(part(note, head, head+int(min(size, 64))))
}

// kernel is what uname(2) says.
func kernel() string {
	var u unix.Utsname
	if unix.Uname(&u) != nil {
		return "unknown"
	}
	return unix.ByteSliceToString(u.Sysname[:]) + " " + unix.ByteSliceToString(u.Release[:])
}

// processor is the first model name of /proc/cpuinfo.
func processor() string {
	f, err := os.Open("/proc/cpuinfo")
	if err != nil {
		return "unknown"
	}
	defer f.Close()
	for s := bufio.NewScanner(f); s.Scan(); {
		if name, value, ok := strings.Cut(s.Text(), ":"); ok && strings.TrimSpace(name) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return "unknown"
}
