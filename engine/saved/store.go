package saved

import (
	"bytes"
	"fmt"
)

// What a Store keeps in memory, in bytes: without a directory it has nothing else.
const (
	memoryMost = 32 << 20
	readMost   = 8 << 20
)

// Store finds images by their keys: those of this run, and those of earlier ones if it has a directory.
type Store struct {
	dir  *directory // nil: memory only
	log  func(format string, args ...any)
	kept map[Key]*Image // nil: known not to be there
	size int            // of what is kept
}

// Open makes a store. An empty dir means memory only, and so does a directory that cannot be used, after a word to log.
func Open(dir string, log func(format string, args ...any)) *Store {
	s := &Store{log: log, kept: map[Key]*Image{}}
	if dir != "" {
		d, err := openDirectory(dir)
		if err != nil {
			log("translations are not saved: %v", err)
		}
		s.dir = d
	}
	return s
}

// Persistent says whether a later run will find what is put in.
func (s *Store) Persistent() bool { return s.dir != nil }

// Get is the image of a key, nil if there is none. It is the caller's until Release.
func (s *Store) Get(k Key) *Image {
	im, known := s.kept[k]
	if known || s.dir == nil {
		return im
	}
	im, err := s.dir.read(k)
	if err != nil {
		s.log("saved translations are ignored: %v", err)
	}
	if im == nil || s.size+im.Size() <= readMost {
		s.keep(k, im)
	} else {
		im.own = true
	}
	return im
}

// Release ends the use of an image.
func (s *Store) Release(k Key, im *Image) {
	if im != nil && s.kept[k] != im {
		im.free()
	}
}

// keep holds an image in memory, or the knowledge that there is none.
func (s *Store) keep(k Key, im *Image) {
	s.forget(k)
	s.kept[k] = im
	if im != nil {
		s.size += im.Size()
	}
}

func (s *Store) forget(k Key) {
	if old := s.kept[k]; old != nil {
		s.size -= old.Size()
		old.free()
	}
	delete(s.kept, k)
}

// Put replaces the image of a key, which nobody may use meanwhile.
func (s *Store) Put(k Key, d *Draft) {
	if s.dir != nil {
		if err := s.dir.write(k, d); err != nil {
			s.log("translations are not saved: %v", err)
		}
		s.forget(k)
		return
	}
	if err := s.remember(k, d); err != nil {
		s.log("translations are not kept: %v", err)
	}
}

// remember is Put without a directory.
func (s *Store) remember(k Key, d *Draft) error {
	var b bytes.Buffer
	if err := d.WriteTo(&b, k); err != nil {
		return err
	}
	s.forget(k)
	if s.size+b.Len() > memoryMost {
		return fmt.Errorf("%d bytes are as much as is kept in memory", s.size)
	}
	im, err := Parse(b.Bytes(), k)
	if err != nil {
		return fmt.Errorf("BUG: what was written cannot be read: %w", err)
	}
	s.keep(k, im)
	return nil
}
