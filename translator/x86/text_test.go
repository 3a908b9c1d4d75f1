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
	textNoise = regexp.MustCompile(`\s+#.*| <.*>|,p[nt]\b|(^| )(cs|ds|es|ss|fs|gs|repz|repnz|rep|lock|data16|addr32|xacquire|xrelease|notrack|bnd|rex\.?[WRXB]*) |%[cdes]s:`)
	noIndex   = regexp.MustCompile(`,%[re]iz,\d`)
	branch    = regexp.MustCompile(`^((?:\w+ )*(?:j\w+|call|loop\w*|xbegin)) ([0-9a-f]+)$`)
	// ownNames are instructions for which objdump has names or operands that Text does without: predicates, 3DNow, MPX.
	ownNames = regexp.MustCompile(`^v?p?(cmp|com)\w*|^v?pclmul\w+|8087 only|^bnd|^pmulhrw|^rex|\(\)`)
)

// canonical makes objdump's text and ours comparable.
func canonical(s string) string {
	s = noIndex.ReplaceAllString(s, "")
	s = textNoise.ReplaceAllString(textNoise.ReplaceAllString(s, " "), " ")
	s = strings.Join(strings.Fields(s), " ")
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
