package shadowmem

import (
	"path"
	"strings"
)

// Glob says whether the whole of name matches pattern. It is path.Match, but * and ? also match '/': file:*libc.so*
// is meant to match a path.
func Glob(pattern, name string) bool {
	ok, err := path.Match(noSlash(pattern), noSlash(name))
	return ok && err == nil
}

// BadGlob is the position of a set that does not end, or -1.
func BadGlob(pattern string) int {
	if _, err := path.Match(noSlash(pattern), ""); err == nil {
		return -1
	}
	return max(strings.LastIndexByte(pattern, '['), 0)
}

// noSlash hides the separator from path.Match behind a character that no path holds.
func noSlash(s string) string { return strings.ReplaceAll(s, "/", "\x00") }
