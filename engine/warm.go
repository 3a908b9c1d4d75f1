package engine

import (
	"fmt"
	"os"
	"sync"

	"golang.org/x/sys/unix"

	"kmv/engine/saved"
	"kmv/shadowmem"
)

// Translations outlive the address space that they were made in: what a file's code was translated to is kept in
// engine/saved when the address space ends, and put into the next one that has the same file at the same place, at its
// first miss there. Native bytes are compared before (warm_load.go); what differs is translated anew.

// region is a mapping of code whose translations can be kept.
type region struct {
	start, end uint64
	key        saved.Key
	kept       bool // key is valid: the mapping is of a file that can be found again
	first      int  // blocks [first, first+loaded) of the cache were not translated here
	loaded     int
	sum        uint64 // of the image that they came from, or that was found not to be the same

	text, own       []saved.Span // while it sleeps: the native bytes of the loaded blocks, and of those that were translated here
	stats, ownStats TranslationStats
}

// region is the region that a native address lies in.
func (c *codeCache) region(pc uint64) *region {
	for i := range c.regions {
		if r := &c.regions[i]; pc >= r.start && pc < r.end {
			return r
		}
	}
	return nil
}

// forgetRegions is for memory that is mapped, unmapped or protected anew: what was translated there is not kept.
func (c *codeCache) forgetRegions(start, end uint64) {
	for i := range c.regions {
		if r := &c.regions[i]; start < r.end && end > r.start {
			r.kept, r.end = false, r.start
		}
	}
}

// recall is called in front of the translation of a native address: the first time in a mapping, what is saved of it is
// put into the cache.
func (p *process) recall(pc uint64) {
	c := p.code
	if p.saved == nil || c.counting || c.region(pc) != nil {
		return
	}
	m, ok := p.space.Find(shadowmem.Native(pc))
	if !ok || m.Prot&unix.PROT_EXEC == 0 || m.Writable() || uint64(m.End) > uint64(c.layout.Code.High) {
		return
	}
	r := region{start: uint64(m.Start), end: uint64(m.End)}
	c.dropDormant(r.start, r.end)
	if id, ok := p.identity(m); ok {
		r.kept = true
		r.key = p.regionKey(r.start, r.end, id)
		im := p.saved.Get(r.key)
		if im != nil {
			if r.sum = im.Sum(); p.sameText(&r, im.Spans) {
				c.place(&r, im)
				c.breakUp(r.start, r.end)
			}
		}
		p.saved.Release(r.key, im)
	}
	c.regions = append(c.regions, r)
}

// regionKey finds what is saved of a mapping. Each program has its own image of a library: that of all programs together is
// several times what one needs.
func (p *process) regionKey(start, end uint64, id string) saved.Key {
	return saved.KeyOf(fmt.Sprintf("%s %+v %q %x-%x %s", buildID(), p.code.cfg, p.exe, start, end, id))
}

// sameText compares native bytes with memory.
func (p *process) sameText(r *region, spans spanned) bool {
	return same(r, spans, func(addr uint64, buf []byte) int {
		n, _ := p.mem.ReadSome(addr, buf) // what cannot be read is not the same
		return n
	})
}

// identity describes the file behind a mapping as long as nobody writes to it: it only finds the image, which is then
// compared. There is none for memory of the program's own, and for files that have no name any more.
func (p *process) identity(m shadowmem.Mapping) (string, bool) {
	if m.Kind == shadowmem.VDSO {
		return m.Name, true
	}
	if !m.HasFile() || m.IsShared() || m.Name == "" {
		return "", false
	}
	var st unix.Stat_t
	if unix.Stat(fmt.Sprintf("/proc/%d/root%s", p.pid, m.Name), &st) != nil || st.Ino != m.Ino {
		return "", false
	}
	return fileIdentity(&st, m.FileOff), true
}

func fileIdentity(st *unix.Stat_t, off int64) string {
	return fmt.Sprintf("%x:%x %d %d.%09d +%x", st.Dev, st.Ino, st.Size, st.Mtim.Sec, st.Mtim.Nsec, off)
}

// buildID tells this kmv from one that translates differently: its own file, and the page that has the linker's build ID
// and the table of sections.
var buildID = sync.OnceValue(func() string {
	f, err := os.Open("/proc/self/exe")
	if err != nil {
		return err.Error()
	}
	defer f.Close()
	var st unix.Stat_t
	_ = unix.Fstat(int(f.Fd()), &st)
	head := make([]byte, 4096)
	n, _ := f.ReadAt(head, 0)
	return fmt.Sprintf("%s %x", fileIdentity(&st, 0), saved.KeyOf(string(head[:n])))
})
