package engine

import (
	"testing"

	"golang.org/x/sys/unix"

	"kmv/shadowmem"
)

// TestJumps sets entries of both parts of the jump map and reads them back, through the memfd for the far one.
func TestJumps(t *testing.T) {
	fd, err := unix.MemfdCreate("jumps", unix.MFD_CLOEXEC)
	if err != nil {
		t.Fatal(err)
	}
	if err := unix.Ftruncate(fd, sharedSize); err != nil {
		t.Fatal(err)
	}
	lay := shadowmem.Default()
	c, err := newCodeCache(lay, fd, (&engine{}).config(), emitRuntime(lay, true, false))
	if err != nil {
		t.Fatal(err)
	}
	defer c.close()
	for _, row := range []struct {
		pc    uint64
		place int64 // of its entry in the memfd; 0: it has none
	}{
		{0, jumpSection},
		{uint64(lay.Code.High) - 1, jumpSection + 4*int64(lay.Code.High-1)},
		{uint64(lay.Far.Low), farSection},
		{uint64(lay.Far.Low) + farWindow - 1, farSection + 4*(farWindow-1)},
		{uint64(lay.Far.High) - 1, sharedSize - 4},
		{uint64(lay.Far.High), 0},
		{uint64(lay.Data.Low), 0},
	} {
		c.setJump(row.pc, 0x1234)
		var entry [4]byte
		if row.place == 0 {
			if c.jump(row.pc) != 0 {
				t.Errorf("%#x has an entry", row.pc)
			}
			continue
		}
		if _, err := unix.Pread(fd, entry[:], row.place); err != nil {
			t.Fatal(err)
		}
		want := uint32(c.address(0x1234))
		if got := uint32(entry[0]) | uint32(entry[1])<<8 | uint32(entry[2])<<16 | uint32(entry[3])<<24; got != want || c.jump(row.pc) != want {
			t.Errorf("%#x: %#x in the file, %#x by jump, want %#x", row.pc, got, c.jump(row.pc), want)
		}
	}
}
