package shadowmem

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// policy makes a Policy of options such as "+heap" (--mirror heap) and "-stack" (--no-mirror stack).
func policy(t *testing.T, options string) Policy {
	t.Helper()
	var p Policy
	for _, o := range strings.Fields(options) {
		add := p.Mirror
		if o[0] == '-' {
			add = p.NoMirror
		}
		if err := add(o[1:]); err != nil {
			t.Fatal(err)
		}
	}
	return p
}

// split writes what Split answers as "4000-5000 mirrored, 5000-6000 off".
func split(p Policy, m Mapping) string {
	var parts []string
	for _, piece := range p.Split(m) {
		parts = append(parts, fmt.Sprintf("%x-%x %v", uint64(piece.Start), uint64(piece.End), piece.State))
	}
	return strings.Join(parts, ", ")
}

func TestPolicyByClass(t *testing.T) {
	const rwAnon = unix.MAP_PRIVATE | unix.MAP_ANONYMOUS
	mappings := []Mapping{
		{Kind: Heap, Flags: rwAnon},
		{Kind: Stack, Flags: rwAnon},
		{Kind: ThreadStack, Flags: rwAnon},
		{Kind: Data, Flags: unix.MAP_PRIVATE, Name: "/lib/libc.so.6"},
		{Kind: Data, Flags: rwAnon, Object: "/lib/libc.so.6"}, // bss
		{Kind: Anon, Flags: rwAnon},
		{Kind: File, Flags: unix.MAP_PRIVATE, Name: "/tmp/x (deleted)"},
		{Kind: Shared, Flags: unix.MAP_SHARED | unix.MAP_ANONYMOUS, Name: "/dev/zero (deleted)"},
	}
	// One letter a mapping: mirrored, fenced, off; columns: heap, stack, thread stack, data, bss, anon, file, shared.
	for _, row := range []struct{ options, want string }{
		{"", "mmmmmmmm"},
		{"+all", "mmmmmmmm"},
		{"+none", "oooooooo"},
		{"-all", "oooooooo"},
		{"+heap", "mooooooo"},
		{"-heap", "ommmmmmm"},
		{"+stack", "ommooooo"},
		{"-stack", "moommmmm"},
		{"+data", "ooommooo"},
		{"+anon", "ooooomom"},
		{"+heap +stack", "mmmooooo"},
		{"+all -stack", "moommmmm"},
		{"-stack +stack", "mmmmmmmm"},
		{"-stack +all", "mmmmmmmm"},
		{"-heap -stack", "ooommmmm"},
		{"+heap -heap", "oooooooo"},
		{"+heap=fenced", "fooooooo"},
		{"+all +heap=fenced", "fmmmmmmm"},
		{"+all=fenced -stack", "foofffff"},
		{"+none +data", "ooommooo"},
		{"+file:*libc*", "ooommooo"},
		{"-file:*libc*", "mmmoommm"},
		{"+file:/tmp/x", "oooooomo"},
		{"+sym:unresolved", "oooooooo"},
	} {
		p, got := policy(t, row.options), ""
		for _, m := range mappings {
			m.Start, m.End = 0x4000, 0x8000
			pieces := p.Split(m)
			if len(pieces) != 1 || pieces[0].Start != m.Start || pieces[0].End != m.End {
				t.Errorf("%s: %v: pieces %v", row.options, m, pieces)
			}
			got += pieces[0].State.String()[:1]
		}
		if got != row.want {
			t.Errorf("%q: %s, want %s", row.options, got, row.want)
		}
	}
}

func TestPolicyByRange(t *testing.T) {
	small := Mapping{Start: 0x4000, End: 0x8000, Kind: Anon, Flags: unix.MAP_ANONYMOUS | unix.MAP_PRIVATE}
	huge := Mapping{Start: 0x20_0000, End: 0x80_0000, Flags: unix.MAP_ANONYMOUS | unix.MAP_PRIVATE | unix.MAP_HUGETLB}
	for _, row := range []struct {
		options string
		m       Mapping
		want    string
	}{
		{"+5000-6000", small, "4000-5000 off, 5000-6000 mirrored, 6000-8000 off"},
		{"-5000-6000", small, "4000-5000 mirrored, 5000-6000 off, 6000-8000 mirrored"},
		{"+0-10000", small, "4000-8000 mirrored"},
		{"+9000-a000", small, "4000-8000 off"},
		{"+7000-a000", small, "4000-7000 off, 7000-8000 mirrored"},
		// A page is as protected as its best protected byte.
		{"+5008+8", small, "4000-5000 off, 5000-6000 mirrored, 6000-8000 off"},
		{"+5ff8+16", small, "4000-5000 off, 5000-7000 mirrored, 7000-8000 off"},
		{"-5008+8", small, "4000-8000 mirrored"},
		{"-5800-7800", small, "4000-6000 mirrored, 6000-7000 off, 7000-8000 mirrored"},
		{"+all +5008+8=fenced", small, "4000-5000 mirrored, 5000-6000 fenced, 6000-8000 mirrored"},
		{"+5000-5800 +5800-6000=fenced", small, "4000-5000 off, 5000-6000 fenced, 6000-8000 off"},
		{"+5000-6000 -5000-5010", small, "4000-5000 off, 5000-6000 mirrored, 6000-8000 off"},
		{"+4000-8000 -5000-6000 +5800-5801", small, "4000-8000 mirrored"},
		{"+400008+1", huge, "200000-400000 off, 400000-600000 mirrored, 600000-800000 off"},
	} {
		if got := split(policy(t, row.options), row.m); got != row.want {
			t.Errorf("%q: %s\nwant %s", row.options, got, row.want)
		}
	}
}

func TestPolicySymbols(t *testing.T) {
	p := policy(t, "+heap +sym:a=fenced -sym:b +sym:a")
	if got := p.Symbols(); !slices.Equal(got, []string{"a", "b"}) {
		t.Errorf("symbols %v", got)
	}
	before := p
	err := p.Resolve(map[string]Range{"a": {0x5010, 0x5018}})
	var bad *SpecError
	if !errors.As(err, &bad) || bad.Token() != "b" {
		t.Errorf("missing symbol: %v", err)
	}
	if err := p.Resolve(map[string]Range{"a": {0x5010, 0x5018}, "b": {0x6000, 0x6001}}); err != nil {
		t.Fatal(err)
	}
	m := Mapping{Start: 0x4000, End: 0x8000, Kind: Data}
	if got := split(p, m); got != "4000-5000 off, 5000-6000 mirrored, 6000-8000 off" {
		t.Error(got)
	}
	if got := split(before, m); got != "4000-8000 off" {
		t.Errorf("Resolve changed a copy of the policy: %s", got)
	}
}

func TestPolicySummaries(t *testing.T) {
	for _, row := range []struct {
		options      string
		none, fenced bool
	}{
		{"", false, false},
		{"+none", true, false},
		{"-all", true, false},
		{"+all -all", true, false},
		{"+none +heap", false, false},
		{"-stack", false, false},
		{"+heap=fenced", false, true},
	} {
		p := policy(t, row.options)
		if p.None() != row.none || p.AnyFenced() != row.fenced {
			t.Errorf("%q: none %v, fenced %v", row.options, p.None(), p.AnyFenced())
		}
	}
}

func TestNoMirrorRefuses(t *testing.T) {
	for _, row := range []struct{ text, token string }{
		{"none", "none"},
		{"heap=fenced", "=fenced"},
		{"haep", "haep"},
	} {
		var p Policy
		var bad *SpecError
		if err := p.NoMirror(row.text); !errors.As(err, &bad) || bad.Token() != row.token {
			t.Errorf("--no-mirror %s: %v", row.text, err)
		}
	}
}
