package ui

//go:generate go run kmv/ui/gen

import (
	"fmt"
	"strings"

	"kmv/ui/draw"
	"kmv/ui/pane"
)

// Docs is docs/tui.md, made of the same table as the keys and the help.
func Docs() string {
	var b strings.Builder
	b.WriteString(docsHead)
	for _, id := range order {
		if legends[id] != "" {
			fmt.Fprintf(&b, "| %s | %s |\n", id, cell(legends[id]))
		}
	}
	for _, g := range groups {
		fmt.Fprintf(&b, "\n## %s\n\n| keys | command | what it does |\n|---|---|---|\n", strings.ToUpper(g[:1])+g[1:])
		for _, a := range Table {
			if a.Group == g {
				fmt.Fprintf(&b, "| %s | %s | %s |\n", codes(a.Keys), code(commandForm(a)), cell(a.Help))
			}
		}
	}
	fmt.Fprintf(&b, docsTail, strings.Join(draw.Palettes, ", "), strings.Join(Layouts, ", "))
	return b.String()
}

// legends say what the signs in a pane mean.
var legends = map[pane.ID]string{
	pane.IDCode: "= a write that is doubled, and the instruction that writes the mirror; . what only makes room for that; ! a write without a copy; " +
		"> the program's place; * a breakpoint; dots: how often the block ran (H counts); -> where the block goes on",
	pane.IDMemory: "= the copies of a row agree, # they differ, - there is no copy, x the row cannot be read; at the right the whole mapping: the window, * the last write, " +
		"# differences, x memory errors; underlined: written last",
	pane.IDRanges:    "= mirrored, # fenced, o off, r read-only, ! unprotected; x2: two memory errors; ~: stores a second, estimated",
	pane.IDRegisters: "* changed since the stop before; flags in capitals are set",
	pane.IDThreads:   "> the thread whose registers and code are shown (Enter: another)",
	pane.IDBreaks:    "* stops, o is disabled",
	pane.IDFailures:  "x not noticed yet, ? detected, + recovered, ~ masked by a write, X lost",
	pane.IDGaps:      "! a write without a copy, else what was refused; how often",
}

// commandForm is how an action is typed.
func commandForm(a *Action) string {
	name := a.Name
	for _, n := range a.Aliases {
		name += ", " + n
	}
	return strings.TrimSpace(name + " " + a.Args)
}

func codes(keys []string) string {
	out := make([]string, len(keys))
	for i, k := range keys {
		out[i] = code(keyName(k))
	}
	return strings.Join(out, " ")
}

func code(s string) string { return "`" + cell(s) + "`" }

// cell escapes what would end a cell of the table.
func cell(s string) string { return strings.ReplaceAll(s, "|", `\|`) }

const docsHead = `# The screen

` + "`kmv tui [flags] [--] PROG [ARG...]`" + ` runs a program under kmv and shows it, paused in front of its first instruction.
` + "`kmv tui --connect PID`" + ` shows a run that goes on already, ` + "`kmv tui --replay FILE`" + ` a recording. This page is made from the table
that the keys, the commands, Ctrl-P and ? are made from (` + "`go generate ./ui`" + `).

Keys act on the pane with the bright frame. Where two actions share a key, the one that works now has it; ? lists those.
A command is typed after ` + "`:`" + `; Tab completes, the arrows go through what was typed before, and a name may be cut short as far
as it is one command's only.

| pane | signs |
|---|---|
`

const docsTail = `
## Settings

` + "`~/.config/kmv/config.toml`" + ` (or ` + "`--config FILE`" + `):

` + "```toml" + `
palette = "auto"      # or colorblind, %s
layout = "auto"       # or one of %s
speed = "400ms"       # between animated steps
refresh = "100ms"     # between looks at a running program
no-mouse = false

[keys]                # an action's name, and all of its keys
stepi = ["i", "f7"]
` + "```" + `

NO_COLOR is honoured, and every meaning has a sign or an attribute besides its colour.
`
