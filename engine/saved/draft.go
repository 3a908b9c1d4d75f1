package saved

import (
	"bufio"
	"encoding/binary"
	"io"
)

// Draft is an image that is being made.
type Draft struct {
	Code   []byte
	Blocks []Block
	Links  []Link
	Exits  []Exit
	Calls  []uint32
	Spans  []Span // sorted, apart from each other
}

// WriteTo writes the draft as Parse reads it.
func (d *Draft) WriteTo(w io.Writer, key Key) error {
	var sum checksum
	out := bufio.NewWriterSize(io.MultiWriter(w, &sum), 64<<10)
	text := 0
	for _, s := range d.Spans {
		text += len(s.Bytes)
	}
	sizes := [parts]int{
		partCode: up4(len(d.Code)), partBlocks: len(d.Blocks) * blockSize, partLinks: len(d.Links) * linkSize,
		partExits: len(d.Exits) * exitSize, partCalls: 4 * len(d.Calls), partSpans: len(d.Spans) * spanSize, partText: up4(text),
	}
	buf := append([]byte(magic), key[:]...)
	for _, n := range sizes {
		buf = binary.LittleEndian.AppendUint32(buf, uint32(n))
	}
	put := func(b []byte) { _, _ = out.Write(b) } // a bufio.Writer keeps its error
	put(buf)
	put(d.Code)
	put(make([]byte, up4(len(d.Code))-len(d.Code)))
	for i := range d.Blocks {
		put(d.Blocks[i].append(buf[:0]))
	}
	for _, l := range d.Links {
		put(append32(buf[:0], l.Site, l.To))
	}
	for i := range d.Exits {
		put(d.Exits[i].append(buf[:0]))
	}
	for _, c := range d.Calls {
		put(append32(buf[:0], c))
	}
	for _, s := range d.Spans {
		put(append32(buf[:0], s.Start, uint32(len(s.Bytes))))
	}
	for _, s := range d.Spans {
		put(s.Bytes)
	}
	put(make([]byte, up4(text)-text))
	if err := out.Flush(); err != nil {
		return err
	}
	_, err := w.Write(binary.LittleEndian.AppendUint64(nil, sum.sum()))
	return err
}

func up4(n int) int { return (n + 3) &^ 3 }

func append32(b []byte, values ...uint32) []byte {
	for _, v := range values {
		b = binary.LittleEndian.AppendUint32(b, v)
	}
	return b
}

func (k *Block) append(b []byte) []byte {
	b = append32(b, k.Native, k.Base, k.Start, k.End)
	b = binary.LittleEndian.AppendUint16(b, k.Size)
	return append(b, k.Prefix, k.Flags, k.Insts, k.Stores, k.Mirrored, 0)
}

func (x *Exit) append(b []byte) []byte {
	stop := byte(0)
	if x.Stop {
		stop = 1
	}
	b = append(append32(b, x.Site, x.At), stop, x.Reason, x.Vector, 0)
	return binary.LittleEndian.AppendUint64(b, x.Target)
}
