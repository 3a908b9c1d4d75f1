package sessions

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
)

// Recording is a file as far as it could be read.
type Recording struct {
	Path   string
	Size   int64 // bytes
	Frames int
	Header *Header
	Lines  []*Line
	Text   [][]byte // the lines as they stand in the file
	Damage []Damage // none: the file is whole
	Ended  bool     // by an end line: not cut off by a crash, or still being written
	hole   bool     // lines may be missing before the next
}

// Damage is a place where a file is not what was written.
type Damage struct {
	Offset int64  // in the file, bytes
	Length int64  // that could not be read
	Before uint64 // the last line before it
	Cut    bool   // the rest is missing: what a crash leaves
	Err    error
}

func (d Damage) String() string {
	if d.Cut {
		return fmt.Sprintf("the file is cut off: its last %d bytes, from byte %d, are an unfinished frame, and what was recorded after line %d is lost", d.Length, d.Offset, d.Before)
	}
	return fmt.Sprintf("%d bytes from byte %d are damaged (%v): what was recorded right after line %d is lost", d.Length, d.Offset, d.Err, d.Before)
}

// ReadError says that nothing of a file can be used, and what to do.
type ReadError struct {
	Path    string
	Problem string
	Hint    string
}

func (e *ReadError) Error() string { return e.Path + ": " + e.Problem }

// Read reads a recording. Damage is no error as long as the header can be read.
func Read(path string) (*Recording, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	return parse(path, b)
}

// parse reads all frames of b that are whole.
func parse(path string, b []byte) (*Recording, error) {
	r := &Recording{Path: path, Size: int64(len(b))}
	dec, err := newDecoder()
	if err != nil {
		return nil, err
	}
	defer dec.Close()
	for at := 0; at < len(b); {
		n, err := frameLength(b[at:])
		var text []byte
		if err == nil {
			text, err = dec.DecodeAll(b[at:at+n], nil)
		}
		if err == nil {
			if err = r.frame(text, at, n); err != nil {
				return nil, err
			}
			at += n
			continue
		}
		next := len(b)
		if i := bytes.Index(b[at+1:], zstdMagic[:]); i >= 0 {
			next = at + 1 + i
		}
		r.damaged(at, next-at, err)
		at = next
	}
	if i := len(r.Damage) - 1; i >= 0 {
		d := &r.Damage[i]
		d.Cut = errors.Is(d.Err, errCut) && d.Offset+d.Length == r.Size
	}
	if r.Header == nil && len(r.Lines) > 0 && len(r.Damage) > 0 {
		r.Header = &Header{Format: FormatVersion, Program: "(unknown: the header is damaged)"}
	}
	if r.Header == nil {
		return nil, r.headless(b)
	}
	return r, nil
}

// damaged notes damage; pieces of one that touch are one.
func (r *Recording) damaged(at, n int, err error) {
	r.hole = true
	if i := len(r.Damage) - 1; i >= 0 && r.Damage[i].Offset+r.Damage[i].Length == int64(at) {
		r.Damage[i].Length += int64(n)
		return
	}
	r.Damage = append(r.Damage, Damage{int64(at), int64(n), r.last(), false, err})
}

// last is the number of the last line.
func (r *Recording) last() uint64 {
	if len(r.Lines) == 0 {
		return 0
	}
	return r.Lines[len(r.Lines)-1].N
}

// frame takes the lines of a frame. Its content was found whole, so a line that cannot be read is of another version.
func (r *Recording) frame(text []byte, at, n int) error {
	r.Frames++
	for len(text) > 0 {
		line, rest, _ := bytes.Cut(text, []byte("\n"))
		text = rest
		if r.Header == nil {
			if err := r.version(line); err != nil {
				return err
			}
		}
		l := new(Line)
		if err := json.Unmarshal(line, l); err != nil {
			r.damaged(at, n, fmt.Errorf("line %d: %w", r.last()+1, err))
			return nil
		}
		if l.N != r.last()+1 && !(r.hole && l.N > r.last()) {
			r.damaged(at, 0, fmt.Errorf("line %d follows line %d", l.N, r.last()))
		}
		if l.Header != nil && r.Header == nil {
			r.Header = l.Header
		}
		r.Ended, r.hole = l.End != nil, false
		r.Lines, r.Text = append(r.Lines, l), append(r.Text, line)
	}
	return nil
}

// version refuses a file that another kmv wrote in a way that this one does not know.
func (r *Recording) version(line []byte) error {
	var head struct {
		N      uint64 `json:"n"`
		Header *struct {
			Format  int    `json:"format"`
			Version string `json:"version"`
		} `json:"header"`
	}
	if json.Unmarshal(line, &head) != nil || head.N == 0 || head.N == 1 && head.Header == nil {
		return r.foreign()
	}
	if head.Header == nil { // its frame is lost
		return nil
	}
	if f := head.Header.Format; f < 1 || f > FormatVersion {
		return &ReadError{r.Path, fmt.Sprintf("format version %d, written by kmv %s; this kmv reads versions up to %d", f, head.Header.Version, FormatVersion),
			"use that kmv or a newer one; zstd -dc shows the lines as they are"}
	}
	return nil
}

func (r *Recording) foreign() error {
	return &ReadError{r.Path, "not a recording of kmv", "kmv run --record FILE makes one; kmv sessions ls DIR lists them"}
}

// headless says why there is no header.
func (r *Recording) headless(b []byte) error {
	switch {
	case len(b) == 0:
		return &ReadError{r.Path, "the file is empty", "kmv ended before a first line was on the disk; record again"}
	case len(b) < len(zstdMagic) && strings.HasPrefix(string(zstdMagic[:]), string(b)):
		return &ReadError{r.Path, "the file is cut off within its first bytes", "kmv ended before a first line was on the disk; record again"}
	case !bytes.HasPrefix(b, zstdMagic[:]) && len(r.Lines) == 0:
		return r.foreign()
	case len(r.Damage) > 0 && r.Damage[0].Cut:
		return &ReadError{r.Path, "the file is cut off within its first frame", "kmv ended before a first line was on the disk; record again"}
	case len(r.Damage) > 0:
		return &ReadError{r.Path, "nothing of it can be read: " + r.Damage[0].Err.Error(), "it is damaged from its first byte on; look for a copy"}
	}
	return r.foreign()
}
