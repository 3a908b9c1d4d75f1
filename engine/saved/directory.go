package saved

import (
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// directoryMost bounds the files of a directory, in bytes; the ones not used for longest go first.
const directoryMost = 512 << 20

// suffix ends the names of its files, temporary those that are being written.
const (
	suffix    = ".code"
	temporary = ".new-"
)

// directory is where images are kept from run to run.
type directory struct {
	path string
	most int64
}

// openDirectory makes the directory if need be, and refuses one that somebody else could write to.
func openDirectory(path string) (*directory, error) {
	if err := os.MkdirAll(path, 0o700); err != nil {
		return nil, err
	}
	var st unix.Stat_t
	if err := unix.Stat(path, &st); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if err := mine(&st); err != nil {
		return nil, fmt.Errorf("%s %w", path, err)
	}
	return &directory{path, directoryMost}, nil
}

// CheckDirectory says why translations could not be kept in a directory, which is made if need be.
func CheckDirectory(path string) error {
	_, err := openDirectory(path)
	return err
}

// mine says what is wrong with the owner or the permissions of something that holds code.
func mine(st *unix.Stat_t) error {
	switch {
	case int(st.Uid) != os.Geteuid():
		return fmt.Errorf("belongs to user %d", st.Uid)
	case st.Mode&0o022 != 0:
		return errors.New("can be written by others")
	}
	return nil
}

func (d *directory) file(k Key) string {
	return filepath.Join(d.path, hex.EncodeToString(k[:16])+suffix)
}

// used is how old a file may get before its use is noted in its time.
const used = 24 * time.Hour

// read is the image of a key; nil and no error if there is none.
func (d *directory) read(k Key) (*Image, error) {
	name := d.file(k)
	fd, err := unix.Open(name, unix.O_RDONLY|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if err == unix.ENOENT {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	defer unix.Close(fd)
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if err := mine(&st); err != nil {
		return nil, fmt.Errorf("%s %w", name, err)
	}
	if st.Size < int64(headerSize+sumSize) || st.Mode&unix.S_IFMT != unix.S_IFREG {
		return nil, fmt.Errorf("%s: %w: too short", name, errDamaged)
	}
	im, err := load(fd, int(st.Size), k)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if now := time.Now(); now.Sub(time.Unix(st.Mtim.Unix())) > used {
		_ = os.Chtimes(name, now, now) // only the order of eviction suffers
	}
	return im, nil
}

// load reads an image into memory of its own, which can be given back at once: a mapping of the file itself would be a
// SIGBUS if somebody truncated it.
func load(fd, size int, k Key) (*Image, error) {
	data, err := unix.Mmap(-1, 0, size, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANONYMOUS|unix.MAP_POPULATE)
	if err != nil {
		return nil, err
	}
	for n := 0; n < size; {
		var got int
		if got, err = unix.Read(fd, data[n:]); got <= 0 {
			break // Parse will say so
		}
		n += got
	}
	im, err := Parse(data, k)
	if err != nil {
		_ = unix.Munmap(data)
		return nil, err
	}
	im.mapped = true
	return im, nil
}

// write puts an image in place, whole or not at all; of two writers the last one wins.
func (d *directory) write(k Key, draft *Draft) error {
	f, err := os.CreateTemp(d.path, temporary)
	if err != nil {
		return err
	}
	defer f.Close()
	err = draft.WriteTo(f, k)
	if err == nil {
		err = os.Rename(f.Name(), d.file(k))
	}
	if err != nil {
		_ = os.Remove(f.Name())
		return err
	}
	return d.evict()
}

// evict removes the oldest files until the rest is small enough, and what a writer that died has left.
func (d *directory) evict() error {
	entries, err := os.ReadDir(d.path)
	if err != nil {
		return err
	}
	var files []fs.FileInfo
	total := int64(0)
	for _, e := range entries {
		info, err := e.Info()
		if err != nil {
			continue // gone meanwhile
		}
		left := strings.HasPrefix(e.Name(), temporary) && time.Since(info.ModTime()) > used
		if left {
			_ = os.Remove(filepath.Join(d.path, e.Name()))
		}
		if strings.HasSuffix(e.Name(), suffix) {
			files = append(files, info)
			total += info.Size()
		}
	}
	sort.Slice(files, func(i, j int) bool { return files[i].ModTime().Before(files[j].ModTime()) })
	for _, f := range files {
		if total <= d.most {
			break
		}
		_ = os.Remove(filepath.Join(d.path, f.Name())) // another kmv may have done it
		total -= f.Size()
	}
	return nil
}
