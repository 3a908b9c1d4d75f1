package ui

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/BurntSushi/toml"

	"kmv/ui/draw"
)

// Config is what a user may set in ~/.config/kmv/config.toml. The zero Config is the default.
type Config struct {
	Palette string              `toml:"palette"` // auto, colorblind, or one of draw.Palettes
	Layout  string              `toml:"layout"`  // one of Layouts
	NoMouse bool                `toml:"no-mouse"`
	Speed   string              `toml:"speed"`   // between animated steps, such as "400ms"
	Refresh string              `toml:"refresh"` // between looks at a running program
	Keys    map[string][]string `toml:"keys"`    // action to keys, as docs/tui.md lists them
}

// ConfigPath is where the configuration is looked for.
func ConfigPath() string {
	dir, err := os.UserConfigDir()
	if err != nil {
		return ""
	}
	return filepath.Join(dir, "kmv", "config.toml")
}

// LoadConfig reads a configuration; a file that is not there is the default. An error names the file, the line and what
// may stand there.
func LoadConfig(path string) (Config, error) {
	var c Config
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) || path == "" {
		return c, nil
	}
	if err != nil {
		return c, err
	}
	meta, err := toml.Decode(string(data), &c)
	var bad toml.ParseError
	switch {
	case errors.As(err, &bad):
		return c, fmt.Errorf("%s, line %d: %s", path, bad.Position.Line, bad.Message)
	case err != nil:
		return c, fmt.Errorf("%s: %w", path, err)
	}
	if unknown := meta.Undecoded(); len(unknown) > 0 {
		return c, fmt.Errorf("%s: %q is not a setting; there are palette, layout, no-mouse, speed, refresh and [keys]", path, unknown[0].String())
	}
	if err := c.Check(); err != nil {
		return c, fmt.Errorf("%s: %w", path, err)
	}
	return c, nil
}

// Check says which setting is wrong, and what it may be.
func (c *Config) Check() error {
	palettes := append([]string{"", "auto", "colorblind"}, draw.Palettes...)
	if !slices.Contains(palettes, c.Palette) {
		return fmt.Errorf("palette %q is none of %s", c.Palette, strings.Join(palettes[1:], ", "))
	}
	if c.Layout != "" && !slices.Contains(Layouts, c.Layout) {
		return fmt.Errorf("layout %q is none of %s", c.Layout, strings.Join(Layouts, ", "))
	}
	for name, text := range map[string]string{"speed": c.Speed, "refresh": c.Refresh} {
		if _, err := parseDuration(text); text != "" && err != nil {
			return fmt.Errorf("%s %q is not a duration such as 200ms", name, text)
		}
	}
	_, err := bind(c.Keys)
	return err
}

// period is the pause between animated steps.
func (c *Config) period() time.Duration { return durationOr(c.Speed, 400*time.Millisecond) }

// refresh is the pause between looks at a running program.
func (c *Config) refresh() time.Duration {
	return max(durationOr(c.Refresh, 100*time.Millisecond), frame)
}

func durationOr(s string, other time.Duration) time.Duration {
	if d, err := parseDuration(s); err == nil {
		return d
	}
	return other
}
