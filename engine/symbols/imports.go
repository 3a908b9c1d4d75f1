package symbols

import (
	"debug/elf"
	"encoding/binary"
)

const entry = 24 // bytes of Elf64_Rela

// Imported is the name of the function that a jump through the word at addr leads to when the dynamic linker has filled it
// in (System V ABI, AMD64, 5.2: R_X86_64_JUMP_SLOT and R_X86_64_GLOB_DAT).
func (im *Image) Imported(addr uint64) (string, bool) {
	if im.imports == nil {
		im.imports = map[uint64]string{}
		names, err := im.file.DynamicSymbols()
		for _, section := range []string{".rela.plt", ".rela.dyn"} {
			s := im.file.Section(section)
			if s == nil || err != nil {
				continue
			}
			b, err := s.Data()
			for ; err == nil && len(b) >= entry; b = b[entry:] {
				info := binary.LittleEndian.Uint64(b[8:])
				kind, index := elf.R_X86_64(info&0xffffffff), info>>32
				if (kind == elf.R_X86_64_JMP_SLOT || kind == elf.R_X86_64_GLOB_DAT) && index > 0 && index <= uint64(len(names)) {
					im.imports[binary.LittleEndian.Uint64(b)] = names[index-1].Name
				}
			}
		}
	}
	name, ok := im.imports[addr]
	return name, ok
}
