package ui

// DemoTour leads through the demo's program, testdata/demo/src/ledger.c.
func DemoTour() *Tour {
	return &Tour{Steps: []TourStep{
		{
			Text: []string{
				"This is ledger, a program of 90 lines that enters amounts into accounts and checks its books. kmv runs it unmodified, " +
					"by translating its code.",
				"",
				"It stands in front of its first instruction. In the code pane, the left side is the program's own code, the right side what is executed instead. The lines with = write the mirror.",
			},
		},
		{
			Text: []string{
				"One store, twice. It went on to enter(), where one instruction adds to an account. Beside it: the sum goes to the mirror " +
					"(the line with =, through gs) and to its own place.",
				"",
				"That store has just been executed. The memory pane shows both halves: the marked bytes changed in both.",
			},
			Do: []string{"tbreak *enter", "continue", "follow last", "store"},
		},
		{
			Text: []string{
				"What is mirrored is up to you, while it runs. The accounts have just been switched off (in the list of ranges, Space does that), " +
					"and a round has gone by: native memory goes on, the backup is gone (-), and the coverage above fell.",
			},
			Do: []string{"mirror off sym:accounts", "tbreak *tell", "continue"},
		},
		{
			Text: []string{
				"And on again: the native bytes are copied first, so the copy is good from the first moment. Verified: every byte equals its copy.",
			},
			Do: []string{"mirror on sym:accounts", "verify"},
		},
		{
			Text: []string{
				"A difference: one byte of the backup has been changed behind the program's back, as a silent error would do it. The row with # is not " +
					"as its copy.",
				"",
				"Enter compares all bytes (=), which finds it, and makes the copy anew. (The scrubber would do that by itself; it is off here.)",
			},
			Do: []string{"inject byte@sym:accounts,half=mirror,seed=7"},
		},
		{
			Text: []string{
				"Found and repaired. Now memory fails for good: the page that holds the accounts has been poisoned in the native half, as an uncorrectable error of a memory chip " +
					"would do it: whoever reads it gets a SIGBUS.",
				"",
				"The failures pane shows it. Enter lets the program go on: it will read that page.",
			},
			Do: []string{"verify", "mirror off sym:accounts", "mirror on sym:accounts", "verify", "inject page@sym:accounts,half=native,seed=1", "pane-failures"},
		},
		{
			Text: []string{
				"It healed. The signal never reached the program: the page was made again from the mirror, and the load repeated. In its terminal " +
					"the books are right, and the timeline says how long it took (Enter on it tells more).",
				"",
				"Try it yourself: ! makes other errors, s n i step, c goes on, a animates, ? shows everything.",
			},
			Do: []string{"tbreak *tell", "continue", "tbreak *chance", "continue"},
		},
	}}
}
