package sessions

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// File is a recording's file that nothing was written to yet.
type File struct {
	path string
	disk disk
}

// Create opens a file for a recording, and keeps others from recording to it. A file that is there is written over when the
// recording starts.
func Create(path string) (*File, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600) // it will hold the program's memory
	if err != nil {
		return nil, err
	}
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); errors.Is(err, unix.EWOULDBLOCK) {
		f.Close()
		return nil, fmt.Errorf("%s is being recorded to by another kmv; choose another name", path)
	}
	return &File{path, &osDisk{f}}, nil
}

// Discard closes a file that is not needed after all; one that Create has made is removed.
func (f *File) Discard() {
	if d, ok := f.disk.(*osDisk); ok {
		if info, err := d.Stat(); err == nil && info.Mode().IsRegular() && info.Size() == 0 {
			_ = os.Remove(f.path)
		}
	}
	f.disk.Close()
}

// empty makes a file that was there before empty.
func (f *File) empty() error {
	if d, ok := f.disk.(*osDisk); ok {
		if info, err := d.Stat(); err != nil || !info.Mode().IsRegular() {
			return err
		}
	}
	return f.disk.Truncate(0)
}

// osDisk is a file; pipes and devices are written to, but not cut.
type osDisk struct{ *os.File }

// Sync waits until the file's content is on the disk.
func (d *osDisk) Sync() error {
	if err := d.File.Sync(); !errors.Is(err, unix.EINVAL) { // fsync(2): a pipe, a device
		return err
	}
	return nil
}

// Truncate cuts the file, and goes on writing there.
func (d *osDisk) Truncate(size int64) error {
	if err := d.File.Truncate(size); err != nil {
		return err
	}
	_, err := d.Seek(size, 0)
	return err
}
