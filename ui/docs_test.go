package ui

import (
	"strings"
	"testing"
)

// TestOneTable: keys, commands, help, palette and docs/tui.md agree, because they are made of the same table.
func TestOneTable(t *testing.T) {
	if read(t, "../docs/tui.md") != Docs() {
		t.Error("docs/tui.md is not up to date: go generate ./ui")
	}
	names := map[string]bool{}
	d := drive(t, 120, 40, Options{})
	help := strings.Join(d.m.helpLines(), "\n")
	for _, a := range Table {
		for _, n := range append([]string{a.Name}, a.Aliases...) {
			if names[n] {
				t.Errorf("%q names two actions", n)
			}
			names[n] = true
			if found, _ := find(n); found != a {
				t.Errorf("the command %q is not %s", n, a.Name)
			}
		}
		if a.Help == "" || a.Do == nil || !strings.Contains(strings.Join(groups, " "), a.Group) {
			t.Errorf("%s has no help, no function or no chapter", a.Name)
		}
		if works := a.why(d.m) == ""; works != strings.Contains(help, strings.Join(helpLine(d.m, a), "\n")) {
			t.Errorf("%s works now: %v, but help says otherwise", a.Name, works)
		}
		for _, k := range a.Keys {
			if !strings.Contains(read(t, "../docs/tui.md"), code(keyName(k))) {
				t.Errorf("the key %q of %s is not in the docs", k, a.Name)
			}
		}
	}
	for key, all := range d.m.keys { // sharing a key needs a condition that decides
		for i, a := range all[:max(len(all)-1, 0)] {
			if a != prefixAction && a.When == nil {
				t.Errorf("%s: %s hides %s", key, a.Name, all[i+1].Name)
			}
		}
	}
}

// TestIssueKeys: what the issue asks for is there.
func TestIssueKeys(t *testing.T) {
	keys, err := bind(nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range strings.Fields("s n i o c f u d w v q f5 shift+f5 ctrl+shift+f5 f9 f10 f11 shift+f11 b m } { ] [ space ! , . h j k l up down left right g G ctrl+d ctrl+u tab 1 2 3 4 5 6 7 8 9 + _ / N ? : ctrl+p ctrl+c y") {
		if len(keys[k]) == 0 {
			t.Errorf("no action has the key %s", k)
		}
	}
	for _, c := range strings.Fields("break tbreak delete watch x p info mirror inject verify scrub disas bt until layout set source record export") {
		if a, _ := find(c); a == nil {
			t.Errorf("there is no command %s", c)
		}
	}
}
