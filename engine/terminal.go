package engine

import (
	"fmt"
	"os"
	"strconv"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"kmv/engine/view"
)

// Terminal is the size of a terminal made for the program.
type Terminal struct{ Columns, Rows int }

// terminal is the program's own: a pseudoterminal (pty(7)) whose other end is kept here. What the program prints
// becomes events, what is typed comes as commands.
//
// The master is polled by level, not given to Go's poller, which waits for edges: one of them is lost now and then when the
// kernel moves output to the master just as a read finds nothing.
type terminal struct {
	master  int // descriptor, does not block
	slave   *os.File
	drained chan struct{}
	typing  sync.Mutex
}

// openTerminal makes a terminal. The slave stays open until the program's end: while nobody has it open, the master cannot
// be read.
func openTerminal(size Terminal) (*terminal, error) {
	fd, err := unix.Open("/dev/ptmx", unix.O_RDWR|unix.O_NOCTTY|unix.O_CLOEXEC|unix.O_NONBLOCK, 0)
	if err != nil {
		return nil, fmt.Errorf("make a terminal: %w", &os.PathError{Op: "open", Path: "/dev/ptmx", Err: err})
	}
	t := &terminal{master: fd, drained: make(chan struct{})}
	number := uint32(0)
	if err = unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0); err == nil {
		number, err = unix.IoctlGetUint32(fd, unix.TIOCGPTN)
	}
	if err == nil {
		t.slave, err = os.OpenFile("/dev/pts/"+strconv.Itoa(int(number)), os.O_RDWR|unix.O_NOCTTY, 0)
	}
	if err == nil {
		err = t.resize(size)
	}
	if err != nil {
		unix.Close(fd)
		t.slave.Close()
		return nil, fmt.Errorf("make a terminal: %w", err)
	}
	return t, nil
}

// wait waits until the master can be read or written; false: not in time.
func (t *terminal) wait(events int16, patience time.Duration) bool {
	for end := time.Now().Add(patience); ; {
		n, err := unix.Poll([]unix.PollFd{{Fd: int32(t.master), Events: events}}, int(max(0, time.Until(end))/time.Millisecond))
		if err != unix.EINTR {
			return n > 0
		}
	}
}

// read makes events of what the program prints, until end.
func (t *terminal) read(q *eventQueue) {
	defer close(t.drained)
	b := make([]byte, 32<<10)
	for {
		n, err := unix.Read(t.master, b)
		switch {
		case n > 0:
			q.add(view.Event{Kind: view.EventOutput, Data: append([]byte(nil), b[:n]...)})
		case err == unix.EAGAIN:
			t.wait(unix.POLLIN, time.Minute)
		case err != unix.EINTR:
			return // EIO: all slaves are closed, and everything is read
		}
	}
}

// end waits until all of the output is in events. The program is gone.
func (t *terminal) end() {
	t.slave.Close()
	select {
	case <-t.drained:
		unix.Close(t.master)
	case <-time.After(time.Second): // something that kmv does not follow has it open too
	}
}

// resize tells the program, by SIGWINCH, how large its terminal is.
func (t *terminal) resize(size Terminal) error {
	if size.Columns <= 0 || size.Rows <= 0 || size.Columns > 0xffff || size.Rows > 0xffff {
		return fmt.Errorf("a terminal of %d columns and %d rows cannot be", size.Columns, size.Rows)
	}
	return unix.IoctlSetWinsize(t.master, unix.TIOCSWINSZ, &unix.Winsize{Col: uint16(size.Columns), Row: uint16(size.Rows)})
}

// typed hands input to the program. A terminal holds some kilobytes for a program that does not read.
func (t *terminal) typed(data []byte) error {
	const patience = 200 * time.Millisecond
	t.typing.Lock()
	defer t.typing.Unlock()
	for len(data) > 0 {
		n, err := unix.Write(t.master, data)
		switch {
		case n > 0:
			data = data[n:]
		case err == unix.EAGAIN:
			if !t.wait(unix.POLLOUT, patience) {
				return fmt.Errorf("%d bytes of the input are lost: the program does not read its terminal", len(data))
			}
		case err != unix.EINTR:
			return err
		}
	}
	return nil
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
