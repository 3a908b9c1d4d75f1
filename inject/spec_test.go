package inject

import (
	"errors"
	"testing"
	"time"

	"kmv/engine/view"
	"kmv/shadowmem"
)

func TestParse(t *testing.T) {
	heap := Where{Spec: shadowmem.Spec{Text: "heap", Class: shadowmem.ClassHeap}}
	for text, want := range map[string]Spec{
		"page@heap":                         {Kind: Page, Bits: 1, Where: heap, Half: view.Native, Seed: 1},
		"flip@heap":                         {Kind: Flip, Bits: 1, Where: heap, Half: view.Native, Seed: 1},
		"flip:2@heap,when=5000syscalls":     {Kind: Flip, Bits: 2, Where: heap, When: Moment{Syscalls: 5000}, Half: view.Native, Seed: 1},
		"stuck0@heap,half=mirror,seed=0":    {Kind: Stuck0, Bits: 1, Where: heap, Half: view.Backup},
		"stuck1@heap,seed=7,half=both":      {Kind: Stuck1, Bits: 1, Where: heap, Half: view.Both, Seed: 7},
		"byte@heap,when=1stop":              {Kind: Byte, Bits: 1, Where: heap, When: Moment{Stops: 1}, Half: view.Native, Seed: 1},
		"word@heap,when=20ms,every=1.5s":    {Kind: Word, Bits: 1, Where: heap, When: Moment{After: 20 * time.Millisecond}, Every: 1500 * time.Millisecond, Half: view.Native, Seed: 1},
		"cacheline@heap,when=main":          {Kind: CacheLine, Bits: 1, Where: heap, When: Moment{Place: "main"}, Half: view.Native, Seed: 1},
		"row@heap,when=0x401136":            {Kind: Row, Bits: 1, Where: heap, When: Moment{Place: "0x401136"}, Half: view.Native, Seed: 1},
		"page@stack:1234":                   {Kind: Page, Bits: 1, Where: Where{shadowmem.Spec{Text: "stack:1234", Class: shadowmem.ClassStack}, 1234}, Half: view.Native, Seed: 1},
		"page@file:*/a,b=c*,seed=2":         {Kind: Page, Bits: 1, Where: Where{Spec: shadowmem.Spec{Text: "file:*/a,b=c*", Class: shadowmem.ClassFile, Glob: "*/a,b=c*"}}, Half: view.Native, Seed: 2},
		"flip@sym:table@VERS_1,when=f(int)": {Kind: Flip, Bits: 1, Where: Where{Spec: shadowmem.Spec{Text: "sym:table@VERS_1", Class: shadowmem.ClassSym, Symbol: "table@VERS_1"}}, When: Moment{Place: "f(int)"}, Half: view.Native, Seed: 1},
		"page@1000+8K": {Kind: Page, Bits: 1, Where: Where{Spec: shadowmem.Spec{Text: "1000+8K", Class: shadowmem.ClassRange,
			Range: shadowmem.Range{Start: 0x1000, End: 0x3000}}}, Half: view.Native, Seed: 1},
	} {
		want.Text = text
		if got, err := Parse(text); err != nil || got != want {
			t.Errorf("%s:\n%+v, %v, want\n%+v", text, got, err, want)
		}
	}
}

func TestParseErrors(t *testing.T) {
	for _, c := range []struct{ text, token, problem string }{
		{"", "", "does not say where"},
		{"page", "page", "does not say where"},
		{"pgae@heap", "pgae", "is not a kind of memory error"},
		{"@heap", "", "is not a kind of memory error"},
		{"page:2@heap", "2", "is too much"},
		{"flip:0@heap", "0", "is not a number of bits"},
		{"flip:65@heap", "65", "is not a number of bits"},
		{"flip:x@heap", "x", "is not a number of bits"},
		{"flip:@heap", "", "is not a number of bits"},
		{"page@haep", "haep", "is not a range of memory"},
		{"page@", "", "is not a range of memory"},
		{"page@none", "none", "is no memory"},
		{"page@heap=fenced", "=fenced", "is for --mirror"},
		{"page@stack:main", "main", "is not a thread"},
		{"page@stack:-1", "-1", "is not a thread"},
		{"page@file:[a,seed=1", "[a", "never ends"},
		{"page@2000-1000", "2000-1000", "is empty"},
		{"page@heap,", "", "is not an option"},
		{"page@heap,wen=5ms", "wen", "is not an option"},
		{"page@heap,when", "when", "lacks a value"},
		{"page@heap,when=,seed=1", "when=", "lacks a value"},
		{"page@heap,when=5", "5", "is not a moment"},
		{"page@heap,when=0stops", "0stops", "is not a moment"},
		{"page@heap,when=5furlongs", "5furlongs", "is not a moment"},
		{"page@heap,when=-5ms", "-5ms", "is not a moment"},
		{"page@heap,when=0xzz", "0xzz", "is not an address"},
		{"page@heap,every=soon", "soon", "is not a duration"},
		{"page@heap,every=10us", "10us", "is not a duration"},
		{"page@heap,half=left", "left", "is not a half"},
		{"page@heap,seed=-1", "-1", "is not a number"},
	} {
		_, err := Parse(c.text)
		var bad *shadowmem.SpecError
		if !errors.As(err, &bad) {
			t.Errorf("%q: error %v", c.text, err)
			continue
		}
		if bad.Spec != c.text || bad.Token() != c.token || len(bad.Problem) < len(c.problem) || bad.Problem[:len(c.problem)] != c.problem || bad.Hint == "" {
			t.Errorf("%q: %q %s (%s), want %q %s", c.text, bad.Token(), bad.Problem, bad.Hint, c.token, c.problem)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, text := range []string{"flip:2@heap,when=5000syscalls,every=20ms,half=both,seed=3", "page@file:a,when=x", "@", "row@sym:x,,"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		_, err := Parse(text)
		var bad *shadowmem.SpecError
		if errors.As(err, &bad) {
			_ = bad.Underlined() // the token must lie in the text
			_ = bad.Token()
		} else if err != nil {
			t.Errorf("%q: %v", text, err)
		}
	})
}
