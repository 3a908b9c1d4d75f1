package cli

import (
	"fmt"
	"strings"
	"time"

	"kmv/engine"
	"kmv/shadowmem"
)

// mirrorFlag is --mirror or --no-mirror: both add to one policy, so that their order on the command line is kept.
type mirrorFlag struct {
	policy *shadowmem.Policy
	add    func(spec string) error
	given  []string
}

func (m *mirrorFlag) String() string { return strings.Join(m.given, " ") }
func (m *mirrorFlag) Type() string   { return "SPEC" }
func (m *mirrorFlag) Set(spec string) error {
	if err := m.add(spec); err != nil {
		return underlined(err)
	}
	m.given = append(m.given, spec)
	return nil
}

// indent moves a few lines to the right, to stand under a complaint.
func indent(s string) string { return "  " + strings.ReplaceAll(s, "\n", "\n  ") }

// verifyFlag is --verify[=exit|DURATION]; without a value it is exit.
type verifyFlag struct {
	atExit bool
	every  time.Duration
}

func (v *verifyFlag) Type() string { return "exit|DURATION" }
func (v *verifyFlag) String() string {
	switch {
	case v.every > 0:
		return v.every.String()
	case v.atExit:
		return "exit"
	}
	return ""
}

func (v *verifyFlag) Set(s string) error {
	v.atExit, v.every = true, 0 // an interval includes the end
	if s == "exit" {
		return nil
	}
	d, err := time.ParseDuration(s)
	if err != nil || d <= 0 {
		return fmt.Errorf("%q is neither exit nor a duration such as 100ms", s)
	}
	v.every = d
	return nil
}

// followFlag is --follow=all|none|GLOB.
type followFlag struct{ engine.Follow }

func (f *followFlag) Type() string { return "all|none|GLOB" }
func (f *followFlag) String() string {
	switch {
	case f.None:
		return "none"
	case f.Glob != "":
		return f.Glob
	}
	return "all"
}

func (f *followFlag) Set(s string) error {
	switch f.Follow = (engine.Follow{}); {
	case s == "none":
		f.None = true
	case s == "" || shadowmem.BadGlob(s) >= 0:
		return fmt.Errorf("%q is neither all, nor none, nor a pattern of paths such as '*/bin/python*'", s)
	case s != "all":
		f.Glob = s
	}
	return nil
}
