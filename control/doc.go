// Package control lets other processes watch and steer a run: a view.Controller at one end of a unix socket becomes a
// view.Controller at the other.
//
//	 kmv run --control                                     kmv tui, kmv inject, ...
//	+----------+    +---------+     one connection        +--------+
//	| a run    |--->| history |---> hello, events, end --->| client |---> Events()
//	|          |<---| server  |<--- hello, requests    <---|        |<--- Do, Look
//	+----------+    +---------+---> replies            --->+--------+
//
// Its rules: every watcher gets all events from the first one on, in order; only what the program printed is forgotten
// when it is more than a megabyte (history). Nothing that a client does, or fails to do, makes the run wait: each
// connection has goroutines of its own, and what a client does not read stays in the history. The commands of one client
// are carried out in their order; reading snapshots goes beside them.
//
// The messages are JSON, a line each (message), behind a line from each side that says which protocol it speaks (hello).
// A socket may be used by its owner and root.
package control
