package x86

import (
	"encoding/hex"
	"testing"
)

// FuzzDecode checks what must hold for any bytes: no panic, at most 15 bytes, nothing but the instruction's own bytes counts, and a
// new segment changes the segment only.
func FuzzDecode(f *testing.F) {
	for _, r := range encodeRows {
		code, _ := hex.DecodeString(r.code)
		f.Add(code)
	}
	for _, s := range []string{"\x66\x66\x2e\x0f\x1f\x84\x00\x00\x02\x00\x00", "\xf3\x48\x0f\xae\x31", "\x62\xf1\x7e\x49\x7f\x07", "\x8f\xe8\x78\xc2\xfb\x0d", "\xc8\x10\x00\x02"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, code []byte) { checkDecode(t, code) })
}

// checkDecode is the body of FuzzDecode.
func checkDecode(t testing.TB, code []byte) {
	var in Inst
	if err := Decode(code, &in); err != nil {
		if err == ErrTruncated && len(code) >= maxLen {
			t.Errorf("%x: 15 bytes are not enough", code)
		}
		return
	}
	if in.Len == 0 || in.Len > maxLen || int(in.Len) > len(code) {
		t.Fatalf("%x: length %d", code, in.Len)
	}
	own := code[:in.Len:in.Len]
	var again Inst
	if err := Decode(own, &again); err != nil || again != in {
		t.Errorf("%x: without what follows: %v, %+v, was %+v", own, err, again, in)
	}
	for n := range own {
		if err := Decode(own[:n], &again); err != ErrTruncated {
			t.Errorf("%x: the first %d bytes alone: %v", own, n, err)
		}
	}
	_ = in.Text(own, 0x400000)
	out := in.AppendSeg(nil, own, FS)
	if len(out) > maxLen {
		if len(own) < maxLen {
			t.Errorf("%x: with FS it is %x", own, out)
		}
		return
	}
	if in.HasMem && in.Flow != FlowUndefined {
		checkAgain(t, &in, own, out, withSeg(in.Mem, FS))
	}
}
