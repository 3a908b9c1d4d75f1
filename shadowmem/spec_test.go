package shadowmem

import (
	"errors"
	"strings"
	"testing"
)

func TestParseSpec(t *testing.T) {
	for _, row := range []struct {
		text string
		want Spec
	}{
		{"all", Spec{Class: ClassAll}},
		{"all=fenced", Spec{Class: ClassAll, Fenced: true}},
		{"none", Spec{Class: ClassNone}},
		{"heap", Spec{Class: ClassHeap}},
		{"heap=fenced", Spec{Class: ClassHeap, Fenced: true}},
		{"stack", Spec{Class: ClassStack}},
		{"data", Spec{Class: ClassData}},
		{"anon", Spec{Class: ClassAnon}},
		{"file:*libc.so*", Spec{Class: ClassFile, Glob: "*libc.so*"}},
		{"file:*libc.so*=fenced", Spec{Class: ClassFile, Glob: "*libc.so*", Fenced: true}},
		{"file:/tmp/a=b", Spec{Class: ClassFile, Glob: "/tmp/a=b"}},
		{"file:/tmp/a:b", Spec{Class: ClassFile, Glob: "/tmp/a:b"}},
		{"sym:counter", Spec{Class: ClassSym, Symbol: "counter"}},
		{"sym:counter=fenced", Spec{Class: ClassSym, Symbol: "counter", Fenced: true}},
		{"0x1000-0x2000", Spec{Class: ClassRange, Range: Range{0x1000, 0x2000}}},
		{"1000-2000", Spec{Class: ClassRange, Range: Range{0x1000, 0x2000}}},
		{"0x1003+5", Spec{Class: ClassRange, Range: Range{0x1003, 0x1008}}},
		{"0x1000+16", Spec{Class: ClassRange, Range: Range{0x1000, 0x1010}}},
		{"0x1000+0x10", Spec{Class: ClassRange, Range: Range{0x1000, 0x1010}}},
		{"0x1000+64k=fenced", Spec{Class: ClassRange, Range: Range{0x1000, 0x11000}, Fenced: true}},
		{"add+2G", Spec{Class: ClassRange, Range: Range{0xadd, 0xadd + 2<<30}}},
	} {
		row.want.Text = row.text
		if got, err := ParseSpec(row.text); err != nil || got != row.want {
			t.Errorf("%s: %+v, %v", row.text, got, err)
		}
	}
}

// TestSpecErrors checks that each error names the bad token and says what to write.
func TestSpecErrors(t *testing.T) {
	for _, row := range []struct{ text, token, hint string }{
		{"haep", "haep", "write heap"},
		{"Stack", "Stack", "write stack"},
		{"stcak", "stcak", "write stack"},
		{"libc", "libc", "file:GLOB"},
		{"", "", "write all, none"},
		{"heap=fence", "fence", "write heap=fenced, or heap alone"},
		{"heap=", "", "write heap=fenced"},
		{"none=fenced", "none=fenced", "write none"},
		{"heap=fenced=fenced", "heap=fenced", "heap"},
		{"file:", "file:", "file:*libc.so*"},
		{"file:a[b", "[b", "whole [set]"},
		{"sym:", "sym:", "sym:counter"},
		{"lib:libc", "lib", "file:libc or sym:libc"},
		{"xyz-0x2000", "xyz", "hexadecimal"},
		{"0x1000-end", "end", "hexadecimal"},
		{"0x1000+lots", "lots", "number of bytes"},
		{"0x1000+0", "0", "number of bytes"},
		{"0x1000+99999999999T", "99999999999T", "number of bytes"},
		{"0x2000-0x1000", "0x2000-0x1000", "lower address first"},
		{"0xfffffffffffff000+8K", "0xfffffffffffff000+8K", "lower address first"},
	} {
		_, err := ParseSpec(row.text)
		var bad *SpecError
		if !errors.As(err, &bad) {
			t.Errorf("%s: error %v", row.text, err)
			continue
		}
		if bad.Token() != row.token || !strings.Contains(bad.Hint, row.hint) {
			t.Errorf("%s: token %q, hint %q", row.text, bad.Token(), bad.Hint)
		}
	}
}

func TestUnderlined(t *testing.T) {
	_, err := ParseSpec("heap=fence")
	var bad *SpecError
	errors.As(err, &bad)
	want := "heap=fence\n     ^^^^^ is not a form of protection\nwrite heap=fenced, or heap alone"
	if got := bad.Underlined(); got != want {
		t.Errorf("got\n%s", got)
	}
	if want := `SPEC "heap=fence": "fence" is not a form of protection; write heap=fenced, or heap alone`; err.Error() != want {
		t.Errorf("got %s", err)
	}
}

func TestHelpNamesEveryForm(t *testing.T) {
	for _, f := range forms {
		if !strings.Contains(Forms, f.form) || !strings.Contains(Help(), f.form+" ") {
			t.Errorf("%s is missing", f.form)
		}
	}
}

func FuzzParseSpec(f *testing.F) {
	for _, text := range []string{"all", "heap=fenced", "file:[a", "0x10+4K", "1-2", "sym:x", "=", ":", "-", "a=b:c"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if _, err := ParseSpec(text); err != nil {
			var bad *SpecError
			if !errors.As(err, &bad) || bad.Hint == "" {
				t.Fatalf("%q: %v", text, err)
			}
			bad.Underlined()
		}
	})
}

func TestGlob(t *testing.T) {
	for _, row := range []struct {
		pattern, name string
		want          bool
	}{
		{"*libc.so*", "/usr/lib/x86_64-linux-gnu/libc.so.6", true},
		{"*/libc.so.?", "/usr/lib/libc.so.6", true},
		{"libc.so*", "/usr/lib/libc.so.6", false},
		{"/usr/*", "/usr/lib/libm.so.6", true},
		{"*lib[cm].so*", "/lib/libm.so.6", true},
		{"*lib[cm].so*", "/lib/libz.so.1", false},
		{`/tmp/\*`, "/tmp/*", true},
		{`/tmp/\*`, "/tmp/a", false},
	} {
		if got := Glob(row.pattern, row.name); got != row.want {
			t.Errorf("%s on %s: %v", row.pattern, row.name, got)
		}
	}
}
