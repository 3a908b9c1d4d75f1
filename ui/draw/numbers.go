package draw

import (
	"fmt"
	"strings"
)

// Count writes a number in at most five columns: 999, 12.3k, 4.5M.
func Count(n uint64) string {
	if n < 1000 {
		return fmt.Sprint(n)
	}
	v := float64(n)
	for _, unit := range "kMGTPE" {
		if v /= 1000; v < 99.95 {
			return fmt.Sprintf("%.1f%c", v, unit)
		} else if v < 999.5 {
			return fmt.Sprintf("%.0f%c", v, unit)
		}
	}
	return "many"
}

// Bytes writes a size in powers of 1024.
func Bytes(n uint64) string {
	if n < 1024 {
		return fmt.Sprintf("%dB", n)
	}
	v := float64(n)
	for _, unit := range "KMGTPE" {
		if v /= 1024; v < 99.95 {
			return strings.Replace(fmt.Sprintf("%.1f%c", v, unit), ".0", "", 1)
		} else if v < 999.5 {
			return fmt.Sprintf("%.0f%c", v, unit)
		}
	}
	return "many"
}

// Plural writes a number of things.
func Plural(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}
