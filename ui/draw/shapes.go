package draw

import "strings"

// Frame draws a border with a title in its upper line.
func (s Surface) Frame(role Role) {
	w, h := s.Size()
	if w < 2 || h < 2 {
		return
	}
	line := strings.Repeat("─", w-2)
	s.Text(0, 0, role, "┌"+line+"┐")
	for y := 1; y < h-1; y++ {
		s.Text(0, y, role, "│")
		s.Text(w-1, y, role, "│")
	}
	s.Text(0, h-1, role, "└"+line+"┘")
}

// spark are braille cells that fill from below: two columns of up to four dots.
var left, right = [5]rune{0, 0x40, 0x44, 0x46, 0x47}, [5]rune{0, 0x80, 0xa0, 0xb0, 0xb8}

// Spark is a line of braille, two values a cell, the last at the right end; the highest value fills a cell.
func Spark(values []float64, w int) string {
	if len(values) > 2*w {
		values = values[len(values)-2*w:]
	}
	top := 0.0
	for _, v := range values {
		top = max(top, v)
	}
	pad := make([]float64, 2*w-len(values))
	values = append(pad, values...)
	var b strings.Builder
	for i := 0; i+1 < len(values); i += 2 {
		b.WriteRune(0x2800 + left[dots(values[i], top)] + right[dots(values[i+1], top)])
	}
	return b.String()
}

// dots is the height of a value, 0 to 4; whatever is not 0 shows.
func dots(v, top float64) int {
	if v <= 0 || top <= 0 {
		return 0
	}
	return min(1+int(3.999*v/top), 4)
}

// Bar is a horizontal bar of w cells, filled as far as part of whole.
func Bar(part, whole uint64, w int) string {
	if whole == 0 || w <= 0 {
		return strings.Repeat(".", max(w, 0))
	}
	n := int(float64(w)*float64(min(part, whole))/float64(whole) + 0.5)
	return strings.Repeat("=", n) + strings.Repeat(".", w-n)
}
