package engine

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"time"

	"golang.org/x/sys/unix"

	"kmv/engine/view"
)

// Terminal is the size of a terminal made for the program.
type Terminal struct{ Columns, Rows int }

// terminal is the program's own: a pseudoterminal (pty(7)) whose other end is kept here. What the program prints
// becomes events, what is typed comes as commands.
type terminal struct {
	master, slave *os.File
	drained       chan struct{}
}

// openTerminal makes a terminal. The slave stays open until the program's end: while nobody has it open, the master cannot
// be read.
func openTerminal(size Terminal) (*terminal, error) {
	fd, err := unix.Open("/dev/ptmx", unix.O_RDWR|unix.O_NOCTTY|unix.O_CLOEXEC|unix.O_NONBLOCK, 0)
	if err != nil {
		return nil, fmt.Errorf("make a terminal: %w", &os.PathError{Op: "open", Path: "/dev/ptmx", Err: err})
	}
	t := &terminal{master: os.NewFile(uintptr(fd), "terminal"), drained: make(chan struct{})}
	if err := unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0); err != nil {
		t.master.Close()
		return nil, fmt.Errorf("unlock the terminal: %w", err)
	}
	number, err := unix.IoctlGetUint32(fd, unix.TIOCGPTN)
	if err == nil {
		t.slave, err = os.OpenFile("/dev/pts/"+strconv.Itoa(int(number)), os.O_RDWR|unix.O_NOCTTY, 0)
	}
	if err == nil {
		err = t.resize(size)
	}
	if err != nil {
		t.master.Close()
		t.slave.Close()
		return nil, fmt.Errorf("make a terminal: %w", err)
	}
	return t, nil
}

// read makes events of what the program prints, until end.
func (t *terminal) read(q *eventQueue) {
	defer close(t.drained)
	b := make([]byte, 32<<10)
	for {
		n, err := t.master.Read(b)
		if n > 0 {
			q.add(view.Event{Kind: view.EventOutput, Data: append([]byte(nil), b[:n]...)})
		}
		if err != nil {
			return // EIO: all slaves are closed, and everything is read
		}
	}
}

// end waits until all of the output is in events. The program is gone.
func (t *terminal) end() {
	t.slave.Close()
	select {
	case <-t.drained:
	case <-time.After(time.Second): // something that kmv does not follow has it open too
	}
	t.master.Close()
}

// resize tells the program, by SIGWINCH, how large its terminal is.
func (t *terminal) resize(size Terminal) error {
	if size.Columns <= 0 || size.Rows <= 0 || size.Columns > 0xffff || size.Rows > 0xffff {
		return fmt.Errorf("a terminal of %d columns and %d rows cannot be", size.Columns, size.Rows)
	}
	raw, err := t.master.SyscallConn()
	if err != nil {
		return err
	}
	var own error
	err = raw.Control(func(fd uintptr) {
		own = unix.IoctlSetWinsize(int(fd), unix.TIOCSWINSZ, &unix.Winsize{Col: uint16(size.Columns), Row: uint16(size.Rows)})
	})
	return errors.Join(err, own)
}

// typed hands input to the program. A terminal holds some kilobytes for a program that does not read.
func (t *terminal) typed(data []byte) error {
	const patience = 200 * time.Millisecond
	if err := t.master.SetWriteDeadline(time.Now().Add(patience)); err != nil {
		return err
	}
	n, err := t.master.Write(data)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return fmt.Errorf("%d bytes of the input are lost: the program does not read its terminal", len(data)-n)
	}
	return err
}

// terminalCommands do not go through the engine: a program that does not read must not stop it.
var terminalCommands = map[view.Op]func(*terminal, view.Command) error{
	view.Input:  func(t *terminal, c view.Command) error { return t.typed(c.Data) },
	view.Resize: func(t *terminal, c view.Command) error { return t.resize(Terminal{c.Columns, c.Rows}) },
}

// doTerminal carries out a command for the terminal, if it is one.
func (l *Live) doTerminal(c view.Command) (done bool, err error) {
	f := terminalCommands[c.Op]
	if f == nil {
		return false, nil
	}
	if l.terminal == nil {
		return true, &view.CommandError{Text: string(c.Op), End: len(c.Op), Problem: "needs a terminal that belongs to the run", Hint: "start it with --pty"}
	}
	select {
	case <-l.done:
		return true, ErrEnded
	default:
		return true, f(l.terminal, c)
	}
}
