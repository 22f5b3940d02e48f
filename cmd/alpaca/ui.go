package main

import (
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/term"
)

// ui is the program's side of the terminal. All messages go through it.
type ui struct {
	in  io.Reader
	out io.Writer // the answer
	err io.Writer // everything else

	inTTY, outTTY, errTTY bool // which of them are terminals
	inPiped               bool // in is a pipe or a file: something that was meant to be read

	signals signals
	status  status // the line that shows progress
}

// newUI returns the ui of this process.
func newUI() *ui {
	return &ui{
		in: os.Stdin, out: os.Stdout, err: os.Stderr,
		inTTY:   term.IsTerminal(int(os.Stdin.Fd())),
		outTTY:  term.IsTerminal(int(os.Stdout.Fd())),
		errTTY:  term.IsTerminal(int(os.Stderr.Fd())),
		inPiped: isPiped(os.Stdin),
	}
}

// isPiped reports whether f is a pipe or a file. The null device and terminals
// are not.
func isPiped(f *os.File) bool {
	st, err := f.Stat()
	return err == nil && st.Mode()&(os.ModeCharDevice|os.ModeDir) == 0
}

// notef tells the user something.
func (u *ui) notef(format string, args ...any) { u.message(0, "", format, args...) }

// warnf tells of something that is probably not as it should be.
func (u *ui) warnf(format string, args ...any) {
	u.message(yellow, "warning: ", format, args...)
}

// errorf tells why the command failed. Commands return their errors instead.
func (u *ui) errorf(format string, args ...any) { u.message(red, "error: ", format, args...) }

// hintf tells a way out.
func (u *ui) hintf(format string, args ...any) { u.message(cyan, "hint: ", format, args...) }

// message writes a line to stderr: the prefix, a kind in its colour, the text.
func (u *ui) message(c color, kind, format string, args ...any) {
	u.status.clear(u)
	fmt.Fprintf(u.err, "alpaca: %s%s\n", u.paint(c, kind), fmt.Sprintf(format, args...))
}

// infof tells something in a conversation, where no line needs to say who speaks:
// in words that are not broken at the end of a line.
func (u *ui) infof(format string, args ...any) {
	u.status.clear(u)
	lines := strings.Split(fmt.Sprintf(format, args...), "\n")
	for i, line := range lines {
		lines[i] = printable(line) // files' and models' texts are in it
	}
	fmt.Fprintln(u.err, wrap(strings.Join(lines, "\n"), u.errWidth()))
}

// color is the number of an ANSI colour.
type color int

const (
	red    color = 31
	yellow color = 33
	cyan   color = 36
)

// paint colours text for stderr, where colours are wanted: on a terminal that
// knows them, unless NO_COLOR is set (https://no-color.org).
func (u *ui) paint(c color, text string) string {
	if c == 0 || text == "" || !u.errTTY || os.Getenv("NO_COLOR") != "" || os.Getenv("TERM") == "dumb" {
		return text
	}
	return fmt.Sprintf("\x1b[%dm%s\x1b[0m", c, text)
}

// errWidth returns the columns of stderr's terminal.
func (u *ui) errWidth() int { return widthOf(u.err) }

// outWidth returns the columns of stdout's terminal.
func (u *ui) outWidth() int { return widthOf(u.out) }

func widthOf(w io.Writer) int {
	if f, ok := w.(*os.File); ok {
		if width, _, err := term.GetSize(int(f.Fd())); err == nil && width > 0 {
			return width
		}
	}
	return 80
}
