package draw

import (
	"fmt"
	"image/color"
	"slices"
	"strings"

	"charm.land/lipgloss/v2"
	uv "github.com/charmbracelet/ultraviolet"
)

// Role is what a text means. Each has attributes that say so without colour.
type Role uint8

// The roles.
const (
	Plain     Role = iota
	Dim            // of less interest
	Border         // frames
	Focus          // the frame and title of the pane that has the keys
	Title          // of the other panes
	Key            // a key that can be pressed
	Address        // an address
	Label          // a symbol, a name
	Mirror         // what writes the mirror; the backup copy
	Support        // translated code that only makes room
	Uncovered      // a write without a copy
	Current        // the current instruction
	Changed        // since the last stop
	Differ         // bytes that are not as their copies
	Good           // mirrored, recovered, equal
	Bad            // lost, off, ended badly
	Warn           // look here
	Select         // the cursor's row, in the pane that has the keys
	Shadow         // the cursor's row in other panes
	Badge          // a state that must not be overlooked
	Match          // found by a search
	Underline      // a bad token
	Source         // source lines
	Heat0          // how often a block was executed, from seldom
	Heat1
	Heat2
	Heat3 // to very often
	roles
)

const (
	bold      = uv.AttrBold
	faint     = uv.AttrFaint
	reverse   = uv.AttrReverse
	italic    = uv.AttrItalic
	underline = 1 << 7 // not one of uv's attributes: Style.Underline
)

// Palettes are the names that --palette, the configuration and `:set palette` know.
var Palettes = []string{"dark", "light", "colorblind-dark", "colorblind-light", "16", "16-light", "mono"}

// looks is one row for each role: attributes, then its colour in the palettes, in their order (mono has none). The
// colour-blind ones are of Okabe and Ito, "Color Universal Design", 2008: blue, orange and their neighbours, never red
// against green.
var looks = [roles]struct {
	attrs  uint16
	colors [6]string
}{
	Plain:     {0, [6]string{"", "", "", "", "", ""}},
	Dim:       {faint, [6]string{"#8a8a8a", "#6c6c6c", "#9a9a9a", "#666666", "7", "0"}},
	Border:    {faint, [6]string{"#5f6a73", "#a0a8b0", "#6a6a6a", "#9a9a9a", "7", "0"}},
	Focus:     {bold, [6]string{"#7dcfff", "#005f87", "#56b4e9", "#0072b2", "14", "4"}},
	Title:     {0, [6]string{"#a9b1c0", "#3a4450", "#c0c0c0", "#404040", "7", "0"}},
	Key:       {bold, [6]string{"#e0af68", "#8f5e00", "#e69f00", "#9a6a00", "11", "3"}},
	Address:   {0, [6]string{"#7a88cf", "#35509f", "#8fb8e0", "#2a5f8f", "12", "4"}},
	Label:     {0, [6]string{"#c0a8f0", "#6a3fa0", "#cc99bb", "#8f4f78", "13", "5"}},
	Mirror:    {bold, [6]string{"#73daca", "#00695c", "#56b4e9", "#0072b2", "14", "6"}},
	Support:   {faint, [6]string{"#7f8790", "#7a828a", "#8f8f8f", "#757575", "7", "0"}},
	Uncovered: {bold | underline, [6]string{"#ff9e64", "#b04000", "#e69f00", "#a05f00", "11", "1"}},
	Current:   {bold | reverse, [6]string{"#ffe08a", "#7a5200", "#f0e442", "#6f6500", "11", "3"}},
	Changed:   {bold | underline, [6]string{"#ffc777", "#9a5000", "#f0e442", "#7a6f00", "11", "3"}},
	Differ:    {bold | reverse, [6]string{"#ff757f", "#b3002d", "#d55e00", "#b34f00", "9", "1"}},
	Good:      {0, [6]string{"#9ece6a", "#2f6f10", "#56b4e9", "#0072b2", "10", "2"}},
	Bad:       {bold, [6]string{"#ff757f", "#b3002d", "#d55e00", "#b34f00", "9", "1"}},
	Warn:      {bold, [6]string{"#ffc777", "#8a5000", "#e69f00", "#9a6a00", "11", "3"}},
	Select:    {reverse, [6]string{"", "", "", "", "", ""}},
	Shadow:    {underline, [6]string{"", "", "", "", "", ""}},
	Badge:     {bold | reverse, [6]string{"#c099ff", "#5f2fa8", "#cc79a7", "#8f3f6f", "13", "5"}},
	Match:     {reverse | bold, [6]string{"#e0af68", "#8f5e00", "#e69f00", "#9a6a00", "11", "3"}},
	Underline: {bold | underline, [6]string{"#ff757f", "#b3002d", "#d55e00", "#b34f00", "9", "1"}},
	Source:    {italic, [6]string{"#86a5a0", "#3f6f68", "#a0b8c0", "#4a6a78", "6", "6"}},
	Heat0:     {faint, [6]string{"#5f6a73", "#a0a8b0", "#6a6a6a", "#a0a0a0", "7", "0"}},
	Heat1:     {0, [6]string{"#c0a36e", "#8f7a4a", "#8fb8e0", "#5f8fb8", "7", "0"}},
	Heat2:     {0, [6]string{"#ff9e64", "#b05f20", "#e69f00", "#b07a00", "3", "3"}},
	Heat3:     {bold, [6]string{"#ff757f", "#b3002d", "#d55e00", "#b34f00", "9", "1"}},
}

// Theme says how each role looks.
type Theme struct {
	Name   string
	styles [roles]uv.Style
	mono   bool
}

// NewTheme makes the theme of a palette.
func NewTheme(palette string) (*Theme, error) {
	at := slices.Index(Palettes, palette)
	if at < 0 {
		return nil, fmt.Errorf("palette %q is none of %s", palette, strings.Join(Palettes, ", "))
	}
	t := &Theme{Name: palette, mono: palette == "mono"}
	for role, look := range looks {
		s := uv.Style{Attrs: uint8(look.attrs & 0x7f)}
		if look.attrs&underline != 0 {
			s.Underline = uv.UnderlineSingle
		}
		if !t.mono {
			s.Fg = colorOf(look.colors[at])
		}
		t.styles[role] = s
	}
	return t, nil
}

func colorOf(s string) color.Color {
	if s == "" {
		return nil
	}
	return lipgloss.Color(s)
}

// over lays a role's attributes over a style, and its colour where it has one.
func (t *Theme) over(s uv.Style, role Role) uv.Style {
	o := t.styles[role]
	if o.Attrs&reverse != 0 && s.Attrs&reverse != 0 {
		s.Attrs &^= reverse // twice reversed would not be seen
		o.Attrs &^= reverse
		s.Attrs |= bold
		s.Underline = uv.UnderlineSingle
	}
	s.Attrs = s.Attrs&^faint | o.Attrs
	if o.Underline != 0 {
		s.Underline = o.Underline
	}
	if o.Fg != nil {
		s.Fg = o.Fg
	}
	return s
}
