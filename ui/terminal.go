package ui

import (
	"sync"

	uv "github.com/charmbracelet/ultraviolet"
	"github.com/charmbracelet/x/vt"
)

// terminal is the program's terminal: an emulator that several goroutines may use.
type terminal struct {
	mu  sync.Mutex
	emu *vt.Emulator
}

func newTerminal(w, h int) *terminal { return &terminal{emu: vt.NewEmulator(w, h)} }

// Write feeds the program's output. What the emulator cannot digest must not end the screen: it starts again, empty.
func (t *terminal) Write(data []byte) {
	t.mu.Lock()
	defer t.mu.Unlock()
	defer func() {
		if recover() != nil {
			t.emu.Resize(max(t.emu.Width(), 1), max(t.emu.Height(), 1))
			t.emu.WriteString("\x1bc") // RIS
		}
	}()
	t.emu.Write(data)
}

// Read blocks until the emulator has an answer for the program.
func (t *terminal) Read(p []byte) (int, error) { return t.emu.Read(p) }

// Resize gives it another size.
func (t *terminal) Resize(w, h int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.emu.Resize(w, h)
}

// Key translates a key into what the program reads; the answer comes out of Read.
func (t *terminal) Key(k uv.KeyPressEvent) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.emu.SendKey(k)
}

// Paste sends text, bracketed where the program asked for that.
func (t *terminal) Paste(text string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.emu.Paste(text)
}

// Row is a copy of a row; see pane.Screen.
func (t *terminal) Row(y int) []uv.Cell {
	t.mu.Lock()
	defer t.mu.Unlock()
	w, past := t.emu.Width(), t.emu.ScrollbackLen()
	if y >= t.emu.Height() || y < -past {
		return nil
	}
	row := make([]uv.Cell, w)
	for x := range row {
		c := t.emu.CellAt(x, y)
		if y < 0 {
			c = t.emu.ScrollbackCellAt(x, past+y)
		}
		if c != nil {
			row[x] = *c
		}
	}
	return row
}

// Height is the number of its rows.
func (t *terminal) Height() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.emu.Height()
}

// Past is how many lines have scrolled away.
func (t *terminal) Past() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.emu.ScrollbackLen()
}

// Cursor is where the program writes next.
func (t *terminal) Cursor() (x, y int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	p := t.emu.CursorPosition()
	return p.X, p.Y
}

// Close ends Read.
func (t *terminal) Close() { t.emu.Close() }
