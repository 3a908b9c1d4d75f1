package engine

import (
	"encoding/binary"
	"fmt"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"kmv/shadowmem"
)

// Placement says where the copies are, physically. Field names are an interface.
type Placement struct {
	Distinct     string `json:"distinct"` // yes, no, or why it is not known
	PagesChecked uint64 `json:"pages_checked"`
	SameFrame    uint64 `json:"same_frame"` // pages whose copy is in their own frame
	KSM          string `json:"ksm"`        // whether the kernel may merge the copies
	MirrorNode   *int   `json:"mirror_node"`
}

// nodes are the NUMA nodes that have memory (Documentation/ABI/stable/sysfs-devices-node).
const nodes = "/sys/devices/system/node/"

// checkNode says whether copies can be bound to a node.
func checkNode(node *int) error {
	if node == nil {
		return nil
	}
	if _, err := os.Stat(nodes + "node" + strconv.Itoa(*node)); err == nil {
		return nil
	}
	there := "this kernel has no NUMA support"
	if b, err := os.ReadFile(nodes + "has_memory"); err == nil {
		there = "nodes with memory here: " + strings.TrimSpace(string(b))
	}
	return fmt.Errorf("--mirror-node %d: there is no NUMA node %d (%s)", *node, *node, there)
}

// bind makes a part of the mirror half take its memory from the chosen node (mbind(2)).
func (e *engine) bind(t *thread, at, size uint64) error {
	if e.opts.MirrorNode == nil {
		return nil
	}
	const mpolBind, bitsOfMask = 2, 64 * 16
	node := *e.opts.MirrorNode
	mask := t.p.code.thread(t.slot)[batchOffset-256:]
	clear(mask[:bitsOfMask/8])
	binary.LittleEndian.PutUint64(mask[node/64*8:], 1<<(node%64))
	c := &call{nr: unix.SYS_MBIND, args: [6]uint64{at, size, mpolBind, t.p.code.threadAddress(t.slot) + batchOffset - 256, bitsOfMask, 0}}
	if err := t.inject(c); err != nil {
		return err
	}
	if err := c.err(); err != nil {
		return fmt.Errorf("bind the mirror to NUMA node %d: %w", node, err)
	}
	return nil
}

// noMerging takes the process out of KSM: PR_SET_MEMORY_MERGE is inherited over exec, and would fold copies into one frame.
func noMerging() *call {
	return &call{nr: unix.SYS_PRCTL, args: [6]uint64{setMemoryMerge, 0}}
}

const setMemoryMerge = 67 // PR_SET_MEMORY_MERGE, linux/prctl.h, Linux 6.4

// noteFrames compares the frames of some pages and their copies. The kernel shows them to root only.
func (e *engine) noteFrames(part shadowmem.Mapping, native, mirror []uint64) {
	const frame = 1<<55 - 1
	pl := &e.placement
	for i := range min(len(native), len(mirror)) {
		n, m := native[i], mirror[i]
		if n&m&shadowmem.PagePresent == 0 || !part.WrittenPage(n) {
			continue
		}
		if n&frame == 0 || m&frame == 0 {
			pl.Distinct = "not known: only root may see frames (CAP_SYS_ADMIN)"
			continue
		}
		if pl.PagesChecked++; n&frame == m&frame {
			pl.SameFrame++
		}
	}
}

// notePlacement sums up.
func (e *engine) notePlacement() {
	pl := &e.placement
	pl.KSM, pl.MirrorNode = "off: the copies are never merged", e.opts.MirrorNode
	switch {
	case pl.SameFrame > 0:
		pl.Distinct = "no"
	case pl.PagesChecked > 0:
		pl.Distinct = "yes"
	case pl.Distinct == "":
		pl.Distinct = "not known: no page had a copy in memory"
	}
}
