// Package sessions remembers a run: a Recorder writes what a view.Controller tells and shows to a file, a Player is a
// view.Controller over such a file, with time travel, on any machine. docs/session-format.md describes the file.
//
//	screen, command line          Recorder                        file                     Player
//	+------------------+  Do    +------------+  Do, Look, Events
//	| any watcher      | -----> | passes all | <-----------> the run
//	|                  | <----- | on         |
//	+------------------+ Events | copies     |  bounded   +--------+  frame a  +-------+  Open  +------------------+
//	                            | and pulls  | ---------> | writer | ------->  | .kmv  | -----> | moments: back,   |
//	                            +------------+   queue    +--------+   second  +-------+        | forward, seek    |
//	                                                                                            +------------------+
//
// A recording is a sequence of lines (line.go), JSON objects, in zstd frames that each stand alone: a file that was cut off or
// damaged is read as far as it is whole, and says where it is not (reader.go). Registers, memory, ranges and gaps are
// written as differences; a key line starts them afresh, so that damage is over at the next one.
//
// The Recorder's goroutine reads events, and pulls a snapshot at each stop and once a second; it spends at most a
// twentieth of the time on that (budget.go). The writer's goroutine encodes and writes. Neither waits for the other: what
// a slow disk cannot take is left out, and the file says so. A disk that takes nothing ends the recording, not the program.
package sessions
