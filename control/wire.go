package control

import (
	"errors"
	"fmt"

	"kmv/engine/view"
)

// protocol counts changes of the messages that an older reader would misunderstand. New fields are not such a change.
const protocol = 1

// hello is the first line from each side.
type hello struct {
	Kmv string `json:"kmv"` // what this is: "control"
	// Protocol is what the sender speaks.
	Protocol int `json:"protocol"`
}

func greeting() hello { return hello{Kmv: "control", Protocol: protocol} }

// check says why one cannot talk to the sender of a hello.
func (h hello) check() error {
	if h.Kmv != "control" {
		return errors.New("this is not the control socket of a kmv run")
	}
	if h.Protocol != protocol {
		return fmt.Errorf("the other side speaks protocol %d of the control socket, this kmv speaks %d: use the same kmv for both", h.Protocol, protocol)
	}
	return nil
}

// message is any other line. A request has an ID and either Do or Look; the reply has the same ID. The server also
// sends events, and End as its last line.
type message struct {
	ID       uint64         `json:"id,omitempty"`
	Do       *view.Command  `json:"do,omitempty"`
	Look     *view.Query    `json:"look,omitempty"`
	Reply    *view.Reply    `json:"reply,omitempty"`
	Snapshot *view.Snapshot `json:"snapshot,omitempty"`
	Error    *wireError     `json:"error,omitempty"`
	Event    *view.Event    `json:"event,omitempty"`
	End      bool           `json:"end,omitempty"`
}

// wireError is an error on its way.
type wireError struct {
	Text    string             `json:"text"`
	Command *view.CommandError `json:"command,omitempty"`
	Ended   bool               `json:"ended,omitempty"`
}

func packError(err error) *wireError {
	if err == nil {
		return nil
	}
	w := &wireError{Text: err.Error(), Ended: errors.Is(err, view.ErrEnded)}
	errors.As(err, &w.Command)
	return w
}

func (w *wireError) unpack() error {
	switch {
	case w == nil:
		return nil
	case w.Command != nil:
		return w.Command
	case w.Ended:
		return view.ErrEnded
	}
	return errors.New(w.Text)
}
