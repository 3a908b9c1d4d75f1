package ui

import (
	"fmt"
	"reflect"

	tea "charm.land/bubbletea/v2"
)

// The messages of Bubble Tea that a driver must understand and that have no exported type.

func typeName(v any) string { return fmt.Sprintf("%T", v) }

// sequence carries out tea.Sequence: one command after the other.
func (d *driver) sequence(msg tea.Msg) {
	v := reflect.ValueOf(msg)
	d.open++
	go func() {
		for i := range v.Len() {
			if c, ok := v.Index(i).Interface().(tea.Cmd); ok && c != nil {
				d.msgs <- inSequence{c()}
			}
		}
		d.msgs <- doneCmd{nil}
	}()
}

// inSequence is a message of a sequence that goes on.
type inSequence struct{ msg tea.Msg }

// clipboard is what tea.SetClipboard sends.
func clipboard(msg tea.Msg) (string, bool) {
	if typeName(msg) == "tea.setClipboardMsg" {
		return reflect.ValueOf(msg).String(), true
	}
	return "", false
}
