// Package view is the language between a run and whoever watches it: commands in, ordered events out, snapshots pulled.
//
// A run is live (package engine), at the other end of a socket (package control) or recorded (package sessions); a
// screen, a script and a campaign see the same Controller. The types here are data and nothing else; they travel as JSON,
// and the names of their fields are an interface.
//
//	 screen, kmv inject, kmv sessions                      engine, player
//	+--------------------------------+   Command  ---->   +----------------+
//	|  Do(Command), Look(Query)      |   Query    ---->   |   Controller   |
//	|  for e := range Events() ...   |   <----  Snapshot  |                |
//	+--------------------------------+   <----  Event     +----------------+
//
// Events are rare (a stop, a fault, an injected error) and complete: none is dropped, their Seq has no holes. What is
// frequent (stores, system calls) is counted, and read in a Snapshot.
package view

import (
	"context"
	"errors"
)

// ErrEnded says that the run is over: nothing can be asked of it any more.
var ErrEnded = errors.New("the program has ended")

// Controller is a run that can be watched and steered. Its methods may be called from any goroutine.
type Controller interface {
	// Do carries out a command at the next safe point and says what came of it. The error is the command's own; a
	// *CommandError where a token of it is to blame.
	Do(ctx context.Context, c Command) (Reply, error)
	// Look reads what the query names. It does not stop the program.
	Look(ctx context.Context, q Query) (*Snapshot, error)
	// Events are all events from the first one on, in order; the channel ends when the run has ended. One reader only.
	Events() <-chan Event
	// Close lets go of the run without ending it.
	Close() error
}

// CommandError says which part of a command is wrong.
type CommandError struct {
	Text       string `json:"text"` // what was given
	Start, End int    // the bad token: bytes of Text
	Problem    string `json:"problem"`
	Hint       string `json:"hint"` // what to do next
}

func (e *CommandError) Error() string { return e.Text[e.Start:e.End] + ": " + e.Problem }
