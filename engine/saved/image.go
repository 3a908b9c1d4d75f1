package saved

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"

	"golang.org/x/sys/unix"
)

// Key says what a translation depends on besides the native bytes. It is the file's name, too.
type Key [sha256.Size]byte

// KeyOf is the key of a description: everything that must be equal, written out.
func KeyOf(description string) Key { return sha256.Sum256([]byte(description)) }

// Block is the translation of one native basic block. Offsets count from the start of Image.Code; they wrap.
type Block struct {
	Native   uint32 // first native byte, from the start of the mapping
	Base     uint32 // where the translation was made for
	Start    uint32
	End      uint32
	Size     uint16 // native bytes
	Prefix   uint8
	Flags    uint8 // of the engine
	Insts    uint8
	Stores   uint8
	Mirrored uint8
}

// Link is a branch that leads to a block of the same Image, as its rel32 already says.
type Link struct {
	Site uint32 // the rel32
	To   uint32 // index of the block
}

// Exit is a branch that leads out: to an int3 of its own.
type Exit struct {
	Site   uint32
	At     uint32 // the int3
	Stop   bool   // the engine is to do what Reason and Vector say, at Target; else Target is to be translated
	Reason uint8
	Vector uint8
	Target uint64 // native address
}

// Span is a run of native bytes that were translated.
type Span struct {
	Start uint32 // from the start of the mapping
	Bytes []byte
}

// Image is the saved code of a mapping, as it lies in a file or in memory.
type Image struct {
	Code  []byte // to be placed at a multiple of 64
	parts [parts][]byte
	data  []byte

	mapped bool // data is a mapping, not of Go's heap
	own    bool // whoever got it is the only one who has it
}

// The parts of a file behind its header. Each has a size in bytes in the header; all are multiples of 4.
const (
	partCode = iota
	partBlocks
	partLinks
	partExits
	partCalls // sites of rel32 that lead to the engine's system call routine
	partSpans // start and length of each span
	partText  // their bytes
	parts
)

// Sizes of records.
const (
	blockSize = 24
	linkSize  = 8
	exitSize  = 20
	spanSize  = 8

	magic      = "kmvcode2"
	headerSize = len(magic) + len(Key{}) + 4*parts
	sumSize    = 8
)

// errDamaged is wrapped by what is wrong with a file.
var errDamaged = errors.New("damaged")

// Parse checks bytes that should be the image of a key.
func Parse(data []byte, key Key) (*Image, error) {
	if len(data) < headerSize+sumSize || string(data[:len(magic)]) != magic {
		return nil, fmt.Errorf("%w: not a file of translations", errDamaged)
	}
	if Key(data[len(magic):][:len(key)]) != key {
		return nil, fmt.Errorf("%w: it is about another file", errDamaged)
	}
	body, sum := data[:len(data)-sumSize], data[len(data)-sumSize:]
	if sumOf(body) != binary.LittleEndian.Uint64(sum) {
		return nil, fmt.Errorf("%w: wrong checksum", errDamaged)
	}
	im := &Image{data: data}
	rest := body[headerSize:]
	for i := range im.parts {
		n := uint64(u32(body[headerSize-4*parts+4*i:]))
		if n > uint64(len(rest)) {
			return nil, fmt.Errorf("%w: it ends too early", errDamaged)
		}
		im.parts[i], rest = rest[:n:n], rest[n:]
	}
	if len(rest) != 0 {
		return nil, fmt.Errorf("%w: %d bytes too many", errDamaged, len(rest))
	}
	im.Code = im.parts[partCode]
	return im, nil
}

func u32(b []byte) uint32 { return binary.LittleEndian.Uint32(b) }

// free gives the memory back.
func (im *Image) free() {
	if im.mapped {
		_ = unix.Munmap(im.data)
	}
	*im = Image{}
}

// Used gives back the memory of what will not be looked at again, if nobody else may want it: Code, and the native bytes of
// Spans. Images are large, and so is what is made of them.
func (im *Image) Used() {
	if !im.mapped || !im.own {
		return
	}
	at := headerSize
	for part, b := range im.parts {
		low, high := (at+4095)&^4095, (at+len(b))&^4095
		if (part == partCode || part == partText) && low < high {
			_ = unix.Madvise(im.data[low:high], unix.MADV_DONTNEED)
		}
		at += len(b)
	}
}

// Size is how much memory or disk an image takes, in bytes.
func (im *Image) Size() int { return len(im.data) }

// Sum tells an image from another one of the same key.
func (im *Image) Sum() uint64 { return binary.LittleEndian.Uint64(im.data[len(im.data)-sumSize:]) }

// Blocks is the number of blocks, and Block is one of them; they are in the order in which they lie in Code.
func (im *Image) Blocks() int { return len(im.parts[partBlocks]) / blockSize }

// Block is a block by its index.
func (im *Image) Block(i int) Block {
	b := im.parts[partBlocks][i*blockSize:][:blockSize]
	return Block{
		Native: u32(b), Base: u32(b[4:]), Start: u32(b[8:]), End: u32(b[12:]), Size: binary.LittleEndian.Uint16(b[16:]),
		Prefix: b[18], Flags: b[19], Insts: b[20], Stores: b[21], Mirrored: b[22],
	}
}

// Links is the number of links.
func (im *Image) Links() int { return len(im.parts[partLinks]) / linkSize }

// Link is a link by its index.
func (im *Image) Link(i int) Link {
	b := im.parts[partLinks][i*linkSize:][:linkSize]
	return Link{u32(b), u32(b[4:])}
}

// Exits is the number of exits; their int3 lie in Code in their order.
func (im *Image) Exits() int { return len(im.parts[partExits]) / exitSize }

// Exit is an exit by its index.
func (im *Image) Exit(i int) Exit {
	b := im.parts[partExits][i*exitSize:][:exitSize]
	return Exit{Site: u32(b), At: u32(b[4:]), Stop: b[8] != 0, Reason: b[9], Vector: b[10], Target: binary.LittleEndian.Uint64(b[12:])}
}

// Calls is the number of branches to the system call routine.
func (im *Image) Calls() int { return len(im.parts[partCalls]) / 4 }

// Call is the site of one.
func (im *Image) Call(i int) uint32 { return u32(im.parts[partCalls][4*i:]) }

// Spans gives the native bytes, in the order of their addresses, until f returns false.
func (im *Image) Spans(f func(Span) bool) {
	text := im.parts[partText]
	for s := im.parts[partSpans]; len(s) >= spanSize; s = s[spanSize:] {
		n := min(int(u32(s[4:])), len(text))
		if !f(Span{u32(s), text[:n]}) {
			return
		}
		text = text[n:]
	}
}
