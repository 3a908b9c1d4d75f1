package sessions

import (
	"errors"
	"fmt"

	"github.com/klauspost/compress/zstd"
)

// frameMost is how many bytes a frame may hold: what a reader must be ready to keep in memory at once.
const frameMost = 64 << 20

// zstdMagic starts every frame (RFC 8878, 3.1.1).
var zstdMagic = [4]byte{0x28, 0xb5, 0x2f, 0xfd}

var (
	errCut     = errors.New("the file ends within a frame")
	errNoFrame = errors.New("no frame starts here")
)

// newEncoder makes frames with a checksum of their content.
func newEncoder() (*zstd.Encoder, error) {
	return zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1), zstd.WithEncoderCRC(true),
		zstd.WithLowerEncoderMem(true))
}

// newDecoder reads them, and refuses what no recorder writes.
func newDecoder() (*zstd.Decoder, error) {
	return zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(frameMost), zstd.WithDecoderMaxWindow(frameMost))
}

// frameLength is the length of the frame at the beginning of b: RFC 8878, 3.1.1. It trusts only lengths; the content's
// checksum is the decoder's.
//
//	| magic, header | 3: last, type, size | block | ... | 4: checksum |
func frameLength(b []byte) (int, error) {
	if len(b) < len(zstdMagic) {
		return 0, errCut
	}
	if [4]byte(b) != zstdMagic {
		return 0, errNoFrame
	}
	var h zstd.Header
	if err := h.Decode(b); err != nil {
		if len(b) < zstd.HeaderMaxSize {
			return 0, errCut
		}
		return 0, fmt.Errorf("the frame's header: %w", err)
	}
	if !h.HasCheckSum || h.DictionaryID != 0 || b[4]&unusedBit != 0 {
		return 0, errors.New("the frame's header is not one of a recording")
	}
	at := h.HeaderSize
	for last := false; !last; {
		if len(b) < at+3 {
			return 0, errCut
		}
		head := uint32(b[at]) | uint32(b[at+1])<<8 | uint32(b[at+2])<<16
		size := int(head >> 3)
		if head>>1&3 == blockRLE {
			size = 1
		}
		last = head&1 != 0
		at += 3 + size
	}
	if at += 4; len(b) < at {
		return 0, errCut
	}
	return at, nil
}

// blockRLE is a block of one repeated byte: its size is what it expands to. unusedBit of the frame header descriptor is ignored by decoders.
const (
	blockRLE  = 1
	unusedBit = 1 << 4
)
