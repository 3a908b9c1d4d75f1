package ui

import (
	"strconv"
	"strings"

	"kmv/engine/view"
)

// Line is a command as it was typed: a name, perhaps a format (x/16gx), and arguments.
type Line struct {
	Text   string
	Name   string
	Format string
	Args   []Token
	act    *Action

	pressed int // how many keys were, when it was given
}

// Token is a part of a line and where it stands.
type Token struct {
	Text       string
	Start, End int
}

// splitLine cuts a line at its spaces. Quotes keep an argument together.
func splitLine(text string) Line {
	l := Line{Text: text}
	for i := 0; i < len(text); {
		if text[i] == ' ' || text[i] == '\t' {
			i++
			continue
		}
		start, quote := i, byte(0)
		for ; i < len(text) && (quote != 0 || text[i] != ' ' && text[i] != '\t'); i++ {
			switch {
			case quote == 0 && (text[i] == '\'' || text[i] == '"'):
				quote = text[i]
			case text[i] == quote:
				quote = 0
			}
		}
		l.Args = append(l.Args, Token{text[start:i], start, i})
	}
	if len(l.Args) > 0 {
		l.Name, l.Format, _ = strings.Cut(l.Args[0].Text, "/")
		l.Args = l.Args[1:]
	}
	return l
}

// Arg is the argument i, "" where there is none.
func (l *Line) Arg(i int) string {
	if i < len(l.Args) {
		return strings.Trim(l.Args[i].Text, `"`)
	}
	return ""
}

// Rest is the line from argument i on, as it was typed.
func (l *Line) Rest(i int) string {
	if i >= len(l.Args) {
		return ""
	}
	return strings.TrimSpace(l.Text[l.Args[i].Start:])
}

// bad is an error about argument i; -1 is the command's name, and beyond the last one its end.
func (l *Line) bad(i int, problem, hint string) error {
	e := &view.CommandError{Text: l.Text, Problem: problem, Hint: hint}
	switch {
	case i < 0:
		all := strings.Fields(l.Text)
		if len(all) > 0 {
			e.Start = strings.Index(l.Text, all[0])
			e.End = e.Start + len(all[0])
		}
	case i < len(l.Args):
		e.Start, e.End = l.Args[i].Start, l.Args[i].End
	default:
		e.Text = l.Text + " "
		e.Start, e.End = len(l.Text), len(l.Text)+1
	}
	return e
}

// need says what is missing unless there are n arguments.
func (l *Line) need(n int) error {
	if len(l.Args) >= n {
		return nil
	}
	return l.bad(len(l.Args), "is missing: "+l.act.Args, l.act.Name+" "+l.act.Args)
}

// number reads argument i.
func (l *Line) number(i int) (uint64, error) {
	v, err := parseNumber(l.Arg(i))
	if err != nil {
		return 0, l.bad(i, "is not a number", "decimal, or hexadecimal with 0x")
	}
	return v, nil
}

// count reads argument i, a repetition, which may be absent.
func (l *Line) count(i int) (int, error) {
	if i >= len(l.Args) {
		return 0, nil
	}
	v, err := l.number(i)
	if err == nil && v > 1_000_000 {
		return 0, l.bad(i, "is more than 1000000", "use continue and a breakpoint")
	}
	return int(v), err
}

func parseNumber(s string) (uint64, error) { return strconv.ParseUint(s, 0, 64) }

// parseAddress reads an address as the screen shows it: hexadecimal, with or without 0x.
func parseAddress(s string) (uint64, bool) {
	v, err := strconv.ParseUint(strings.TrimPrefix(s, "0x"), 16, 64)
	return v, err == nil
}

// relocate moves a command error from an argument to the line that it came from.
func (l *Line) relocate(e *view.CommandError) *view.CommandError {
	if e.Text == l.Text {
		return e
	}
	text := strings.TrimPrefix(e.Text, "&") // which locate put there
	if at := strings.Index(l.Text, text); at >= 0 && text != "" {
		moved := *e
		at -= len(e.Text) - len(text)
		moved.Text, moved.Start, moved.End = l.Text, max(e.Start+at, 0), max(e.End+at, 0)
		return &moved
	}
	return e
}

func splitLines(s string) []string {
	s = strings.ReplaceAll(strings.TrimRight(s, "\n"), "\r", "")
	return strings.Split(s, "\n")
}
