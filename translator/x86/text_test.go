package x86

import (
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var (
	textNoise = regexp.MustCompile(`\s+#.*| <.*>|,p[nt]\b|\{vex\}|\{evex\}|(^| )(cs|ds|es|ss|fs|gs|repz|repnz|rep|lock|data16|addr32|xacquire|xrelease|notrack|bnd|rex\.?[WRXB]*) |%[cdes]s:`)
	noIndex   = regexp.MustCompile(`,%[re]iz,\d`)
	branch    = regexp.MustCompile(`^((?:\w+ )*(?:j\w+|call|loop\w*|xbegin)) ([0-9a-f]+)$`)
	// ownNames are instructions for which objdump has names or operands that Text does without: predicates, 3DNow, MPX.
	ownNames = regexp.MustCompile(`\bv?p?(cmp|com)\w*|^v?pclmul\w+|8087 only|\bbnd\w|^pmulhrw|^prefetch|^monitorx? |^mwaitx? |287 only|xchg +%rax,%rax|\bmonitor|\bmwait|movdq2q|movq2dq|movmskp|pmovmskb|[fg]sbase|tpause|umwait|vmovs[sd]|vpclmul|bad}|lea .*%[fg]s:|^rex|\(\)`)
)

// canonical makes objdump's text and ours comparable.
func canonical(s string) string {
	s = noIndex.ReplaceAllString(s, "")
	for before := ""; s != before; {
		before = s
		s = strings.Join(strings.Fields(textNoise.ReplaceAllString(s, " ")), " ")
	}
	if s == "xchg %ax,%ax" {
		return "nop"
	}
	return branch.ReplaceAllString(s, "$1 0x$2")
}

// sameText compares two texts, the frequent and easy cases first.
func sameText(want, got string) bool {
	plain := func(s string) string {
		s, _, _ = strings.Cut(s, " #")
		return strings.Join(strings.Fields(s), " ")
	}
	return plain(want) == plain(got) || canonical(want) == canonical(got)
}

// TestTextAgainstObjdump compares the texts of all instructions.
func TestTextAgainstObjdump(t *testing.T) {
	files := oracleFiles(t)
	if os.Getenv("KMV_SOAK") == "" {
		files = files[:min(len(files), 2)]
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			t.Parallel()
			image, kinds, count := textOf(t, file), map[string]*difference{}, 0
			objdump(t, func(l line) {
				var in Inst
				if strings.Contains(l.text, "(bad)") || exception(l) != "" || Decode(image.at(l.pc), &in) != nil {
					return
				}
				count++
				got := in.Text(l.code, l.pc)
				if sameText(l.text, got) {
					return
				}
				want, got := canonical(l.text), canonical(got)
				if ownNames.MatchString(want) || in.Flow == FlowUndefined {
					return
				}
				key := strings.Fields(want)[0] + "/" + strings.Fields(got)[0]
				if kinds[key] == nil {
					kinds[key] = &difference{example: fmt.Sprintf("%s: %q, ours %q", hex.EncodeToString(l.code), l.text, got)}
				}
				kinds[key].count++
			}, "-d", file)
			var report []string
			for _, d := range kinds {
				report = append(report, fmt.Sprintf("%7d %s", d.count, d.example))
			}
			slices.Sort(report)
			slices.Reverse(report)
			if os.Getenv("KMV_ALL") == "" {
				report = report[:min(len(report), 20)]
			}
			for _, r := range report {
				t.Error(r)
			}
			t.Logf("%d texts, %d kinds of difference", count, len(kinds))
		})
	}
}

// TestEveryOpcodeTextAgainstObjdump compares the texts of made-up encodings, one register or address each.
func TestEveryOpcodeTextAgainstObjdump(t *testing.T) {
	for _, s := range madeUp {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			var code []byte
			seen := map[string]bool{}
			s.gen(func(b ...byte) {
				c := [16]byte{8: 1, 9: 2, 10: 3, 11: 4, 12: 5, 13: 6, 14: 7, 15: 8}
				copy(c[:], b)
				var in Inst
				if Decode(c[:15], &in) != nil || in.Flow == FlowUndefined {
					return
				}
				key := fmt.Sprint(in.row, in.HasMem, in.Op16, in.Rex, in.Mem.Seg, in.Addr32, in.Opcode, in.ModRM>>6)
				if in.Enc != Legacy {
					key += string(b[:4])
				}
				if !seen[key] {
					seen[key] = true
					code = slot(code, c[:in.Len])
				}
			})
			kinds := map[string]*difference{}
			lines := texts(t, code)
			for pc, l := range lines {
				var in Inst
				if strings.Contains(l.text, "(bad)") || exception(l) != "" || Decode(code[pc:], &in) != nil {
					continue
				}
				got := in.Text(code[pc:], pc)
				if sameText(l.text, got) || ownNames.MatchString(l.text) {
					continue
				}
				key := in.Mnemonic.String()
				if kinds[key] == nil {
					kinds[key] = &difference{example: fmt.Sprintf("%x: %q, ours %q", l.code, l.text, got)}
				}
				kinds[key].count++
			}
			for k, d := range kinds {
				t.Errorf("%s %d %s", k, d.count, d.example)
			}
			t.Logf("%d texts, %d kinds of difference", len(lines), len(kinds))
		})
	}
}
