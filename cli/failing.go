package cli

import (
	"fmt"
	"strconv"

	"github.com/spf13/pflag"

	"kmv/engine"
)

// failingFlags are the flags of `kmv run` that say what is done about failing memory.
type failingFlags struct {
	scrub     scrubFlag
	undecided choiceFlag
	retire    int
	node      int
}

func (f *failingFlags) add(fl *pflag.FlagSet) {
	f.scrub = scrubFlag{engine.ScrubRate{Share: 0.02}, "2%"}
	f.undecided = choiceFlag{engine.TrustNative, []string{engine.TrustNative, engine.TrustMirror, engine.TrustNone}}
	fl.Var(&f.scrub, "scrub", "compare the copies in the background: a share of one core (2%), bytes a second (64M), or off")
	fl.Var(&f.undecided, "on-undecided", "where copies differ and nothing tells which is right: trust native or mirror, or stop the program")
	f.retire, f.node = 2, -1
	fl.Var(&wholeFlag{&f.retire}, "retire", "move a page to another frame after so many repaired errors (0: never)")
	fl.Var(&wholeFlag{&f.node}, "mirror-node", "keep the copies on this NUMA node")
	fl.Lookup("mirror-node").DefValue = "0" // which help does not show: without it they are not bound
}

func (f *failingFlags) into(o *engine.Options) {
	o.Scrub, o.OnUndecided, o.Retire = f.scrub.rate, f.undecided.value, f.retire
	if f.node >= 0 {
		o.MirrorNode = &f.node
	}
}

// scrubFlag is --scrub.
type scrubFlag struct {
	rate engine.ScrubRate
	text string
}

func (s *scrubFlag) Type() string   { return "RATE" }
func (s *scrubFlag) String() string { return s.text }
func (s *scrubFlag) Set(text string) error {
	rate, err := engine.ParseScrubRate(text)
	if err != nil {
		return fmt.Errorf("%q %w", text, err)
	}
	s.rate, s.text = rate, text
	return nil
}

// wholeFlag is a number from 0 on; the value before it is set may be another one.
type wholeFlag struct{ value *int }

func (w *wholeFlag) Type() string   { return "N" }
func (w *wholeFlag) String() string { return strconv.Itoa(*w.value) }
func (w *wholeFlag) Set(text string) error {
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 {
		return fmt.Errorf("%q is not a number from 0 on", text)
	}
	*w.value = n
	return nil
}

// choiceFlag is one of a few words.
type choiceFlag struct {
	value string
	words []string
}

func (c *choiceFlag) Type() string   { return "WORD" }
func (c *choiceFlag) String() string { return c.value }
func (c *choiceFlag) Set(text string) error {
	for _, w := range c.words {
		if w == text {
			c.value = text
			return nil
		}
	}
	return fmt.Errorf("%q is none of %v", text, c.words)
}
