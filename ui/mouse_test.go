package ui

import "testing"

// TestMouseAndPaste: a click gives a pane the keys, the wheel scrolls what it is over, M releases the mouse; what is pasted reaches the
// command line with all its lines, and the program as one piece.
func TestMouseAndPaste(t *testing.T) {
	t.Parallel()
	paste := func(text string) string { return "\x1b[200~" + text + "\x1b[201~" }
	s := sit(t, 120, 40, "tui", "--", need(t, "sh"), "-c", "read a; echo got $a")
	s.says("paused")
	s.sees("╭ _start", "text ld-linux", "stopped: start") // all is there that can be clicked
	s.keys("\x1b[<0;85;14M\x1b[<0;85;14m")                // in the ranges
	s.sees("Space toggle")
	s.keys("\x1b[<0;89;3M\x1b[<0;89;3m") // the title of the call stack
	s.sees("[5 stk]")
	s.keys("\x1b[<65;10;10M\x1b[<65;10;10M\x1b[<65;10;10M") // over the code
	s.sees("(away from the program's place)")
	s.keys("M")
	s.sees("the mouse is the terminal's")
	s.keys("M")
	s.sees("the mouse is the screen's")
	s.keys(":" + paste("p 1111*2\np 1111*3\n"))
	s.sees("and 1 more line")
	s.keys(enter)
	s.sees("= 2222", "= 3333")
	s.keys("c")
	s.says("running")
	s.keys(ctrlBracket + paste("a pasted line") + enter)
	s.sees("got a pasted line")
	s.says("ended")
	s.keys(ctrlBracket + "q")
	s.leaves()
}
