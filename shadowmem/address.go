// Package shadowmem says where each byte's copy is, which ranges are mirrored, and whether two copies agree.
//
// It is pure: it never touches a process. It holds the model of a target's address space and returns what to do as
// data; the engine does it.
//
//	0          2 GiB     2..10 GiB    16 TiB                 63 TiB  64 TiB                 127 TiB
//	| code zone | hole    | (unused)  | data zone             |gap| mirror of all that ......| runtime |
//	              \ cache, thread blocks in the native hole; the jump map in the hole's mirror
//
// Its parts, in reading order:
//
//	layout.go   the one value that says where everything is, and the proof that it fits
//	spec.go     what the user asked for (policy.go: all of it, in order)
//	mapping.go  one native mapping, its state and its twin
//	space.go    the native half: an ordered set of mappings that behaves like the kernel's (free.go: finding room)
//	twin.go     what the mirror half needs for a mapping (calls.go, advise.go: for each memory call)
//	verify.go   which pages to compare, and how they differ
//
// Rules. A Space has one owner and no lock. Addresses that a call receives are what the kernel accepted: page aligned,
// lengths rounded up. The model holds what the program asked for, not what the engine made of it (PROT_EXEC stays in
// Prot although no native page is executable).
package shadowmem

// Native is an address in the native half of a target: what the program itself uses.
type Native uint64

// Mirror is an address in the mirror half: Native plus the layout's offset.
type Mirror uint64

// Cache is an address in the code cache.
type Cache uint32

// PageSize is the size of an ordinary page; nothing but x86-64 is meant.
const PageSize = 4096

// down rounds to the start of the page (or larger unit) that holds a.
func down(a Native, unit uint64) Native { return a &^ Native(unit-1) }

// up rounds to the next start of a page (or larger unit).
func up(a Native, unit uint64) Native { return down(a+Native(unit-1), unit) }
