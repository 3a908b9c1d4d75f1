package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"kmv/sessions"
	"kmv/ui"
)

// The screen of a cast.
const (
	castWidth  = 120
	castHeight = 40
	castIdle   = 2.0 // seconds that a player waits at most
)

// castHeader is the first line of an asciicast (https://docs.asciinema.org/manual/asciicast/v2/).
type castHeader struct {
	Version   int               `json:"version"`
	Width     int               `json:"width"`
	Height    int               `json:"height"`
	Timestamp int64             `json:"timestamp"`
	Idle      float64           `json:"idle_time_limit"`
	Title     string            `json:"title"`
	Env       map[string]string `json:"env"`
}

// writeCast writes what the screen shows of a recording, each moment at its time, as an asciicast.
func writeCast(w io.Writer, r *sessions.Recording) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	h := r.Header
	if err := enc.Encode(castHeader{2, castWidth, castHeight, h.Start.Unix(), castIdle, "kmv: " + h.Program, map[string]string{"TERM": "xterm-256color"}}); err != nil {
		return err
	}
	player := sessions.Play(r)
	defer player.Close()
	const clear = "\x1b[?25l\x1b[0m\x1b[2J"
	start, before := -1.0, []string(nil)
	return ui.Frames(player, ui.Config{}, castWidth, castHeight, func(seconds float64, lines []string) error {
		text := changed(before, lines)
		if start < 0 {
			start, text = seconds, clear+text
		}
		before = lines
		return enc.Encode([]any{seconds - start, "o", text})
	})
}

// changed draws the lines of a frame that differ from the one before.
func changed(before, lines []string) string {
	var b strings.Builder
	for y, line := range lines {
		if y >= len(before) || before[y] != line {
			fmt.Fprintf(&b, "\x1b[%d;1H\x1b[0m%s\x1b[0m\x1b[K", y+1, line)
		}
	}
	return b.String()
}
