package cli

import (
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/sys/unix"

	"kmv/shadowmem"
	"kmv/translator"
)

// bytesAt is where --bytes stand if --addr does not say.
const bytesAt = 0x401000

func (a *app) translateCommand() *cobra.Command {
	var name, addr, text string
	var fenced bool
	cmd := &cobra.Command{
		Use:   "translate PROG [--func NAME | --addr A] [--bytes HEX]",
		Short: "Show code beside its translation, without running anything",
		Long: `Show native code beside its translation. In the right column
  =  marks a write to the mirror,
  .  what only makes room for one or finds the next block,
and what is unmarked is the program's own instruction. Addresses are those of the file.`,
		Example: `  kmv translate /bin/ls                        the block at the entry point
  kmv translate ./prog --func main             a function
  kmv translate --bytes '48 89 44 24 08'       any instructions`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			path := ""
			if len(args) > 0 {
				path = args[0]
			}
			r, err := chooseCode(path, name, addr, text)
			if err != nil {
				return err
			}
			layout := shadowmem.Default()
			return a.list(r, translator.Config{Offset: layout.Offset, JumpMap: layout.JumpMap, Mirror: true, Fenced: fenced, MaxInsts: 256})
		},
	}
	cmd.Flags().StringVar(&name, "func", "", "translate the function `NAME`")
	cmd.Flags().StringVar(&addr, "addr", "", "translate the block at `A` (hexadecimal)")
	cmd.Flags().StringVar(&text, "bytes", "", "translate these bytes (`HEX`) instead of a file's")
	cmd.Flags().BoolVar(&fenced, "fenced", false, "use the race-proof form, as for --mirror all=fenced")
	cmd.MarkFlagsMutuallyExclusive("func", "addr")
	return cmd
}

// region is code to be shown. All blocks of it, or only the first.
type region struct {
	image *image // nil for --bytes
	start uint64
	code  []byte
	all   bool
}

// chooseCode finds what the flags ask for.
func chooseCode(path, name, addr, text string) (*region, error) {
	start, err := strconv.ParseUint(strings.TrimPrefix(addr, "0x"), 16, 47)
	if addr != "" && err != nil {
		return nil, failure{err: fmt.Errorf("--addr %q is not a hexadecimal address", addr), hint: "such as 0x401136"}
	}
	if text != "" {
		if addr == "" {
			start = bytesAt
		}
		code, err := hex.DecodeString(strings.Join(strings.Fields(text), ""))
		if err != nil {
			return nil, failure{err: fmt.Errorf("--bytes: %w", err), hint: "pairs of hexadecimal digits, such as '48 89 44 24 08'"}
		}
		return &region{start: start, code: code, all: true}, nil
	}
	if path == "" {
		return nil, failure{err: errors.New("nothing to translate"), hint: "kmv translate PROG [--func NAME | --addr A], or --bytes HEX"}
	}
	found := path
	if _, err := os.Stat(path); err != nil {
		if found, err = lookup(path, os.Getenv("PATH")); err != nil {
			return nil, notStarted(err)
		}
	}
	im, err := openImage(found)
	if err != nil {
		return nil, err
	}
	r := &region{image: im, start: start}
	var size uint64
	switch {
	case name != "":
		r.all = true
		if r.start, size, err = im.find(name); err != nil {
			return nil, err
		}
		r.all = size > 0
	case addr == "":
		r.start = im.file.Entry
	}
	r.code, err = im.code(r.start, size)
	return r, err
}

// terminal says whether standard output is one: then marks are bold as well.
func terminal() bool { return isTerminal(1) && os.Getenv("TERM") != "dumb" }

// stderrTerminal says whether somebody watches: then progress is shown.
func stderrTerminal() bool { return isTerminal(2) && os.Getenv("TERM") != "dumb" }

func isTerminal(fd int) bool {
	_, err := unix.IoctlGetTermios(fd, unix.TCGETS)
	return err == nil
}
