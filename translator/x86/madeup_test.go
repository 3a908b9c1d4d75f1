package x86

// madeUp are the sources of made-up encodings.
var madeUp = []struct {
	name string
	gen  func(func(...byte))
}{{"legacy", everyLegacy}, {"vex", everyVEX}, {"evex", everyEVEX}, {"xop", everyXOP}}

// everyLegacy makes up instructions of the legacy maps.
func everyLegacy(emit func(...byte)) {
	for _, prefix := range [][]byte{{}, {0x66}, {0xf3}, {0xf2}, {0x48}, {0x66, 0x48}, {0xf3, 0x4d}, {0xf2, 0x48}, {0x41}, {0x67}, {0x64}, {0xf0}, {0x66, 0xf3}, {0x66, 0xf2}} {
		for _, esc := range [][]byte{{}, {0x0f}, {0x0f, 0x38}, {0x0f, 0x3a}} {
			for op := range 256 {
				if len(esc) == 0 && (isPrefix(byte(op)) || op&0xf0 == 0x40 || op == 0x0f || op == 0x62 || op == 0xc4 || op == 0xc5) {
					continue
				}
				head := append(append(append([]byte{}, prefix...), esc...), byte(op))
				for reg := range 8 {
					for _, m := range []byte{0x01, 0x05, 0x44, 0x86} {
						emit(append(head, m|byte(reg<<3), 0x63, 0x11)...)
					}
					for rm := range 8 {
						emit(append(head, 0xc0|byte(reg<<3|rm))...)
					}
				}
			}
		}
	}
}

// everyVEX makes up instructions with VEX.
func everyVEX(emit func(...byte)) {
	for m := 1; m <= 3; m++ {
		for p := range 16 { // W, L, pp
			for _, v := range []int{0x78, 0x28} {
				for op := range 256 {
					for reg := range 8 {
						for _, modrm := range []byte{0x01, 0x44, 0xc0, 0xc3} {
							emit(0xc4, 0xe0|byte(m), byte(p&8<<4|v|p&7), byte(op), modrm|byte(reg<<3), 0x63, 0x11)
						}
					}
				}
			}
		}
	}
}

// everyXOP makes up instructions with XOP.
func everyXOP(emit func(...byte)) {
	for m := 8; m <= 10; m++ {
		for p := range 16 { // W, L, pp
			for _, v := range []int{0x78, 0x28} {
				for op := range 256 {
					for reg := range 8 {
						for _, modrm := range []byte{0x01, 0x44, 0xc0, 0xc3} {
							emit(0x8f, 0xe0|byte(m), byte(p&8<<4|v|p&7), byte(op), modrm|byte(reg<<3), 0x63, 0x11)
						}
					}
				}
			}
		}
	}
}

// everyEVEX makes up instructions with EVEX.
func everyEVEX(emit func(...byte)) {
	for _, m := range []byte{1, 2, 3, 5, 6} {
		for p := range 8 { // W, pp
			for _, p2 := range []byte{0x08, 0x28, 0x48, 0x09, 0x49, 0xc9, 0x18, 0x58} {
				for _, v := range []int{0x7c, 0x2c} {
					for op := range 256 {
						for _, modrm := range []byte{0x01, 0x44, 0x4c, 0xc0, 0xd3, 0xe2, 0xf1} {
							emit(0x62, 0xf0|m, byte(p&4<<5|v|p&3), p2, byte(op), modrm, 0x63, 0x11)
						}
					}
				}
			}
		}
	}
}
