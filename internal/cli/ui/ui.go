// Package ui is the program's side of the terminal: streams, messages, the status line,
// signals, exit statuses, and the files that commands write. Stdout carries the answer, or
// the data that was asked for, and nothing else; messages go to stderr through a UI.
package ui

import (
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/term"
)

// UI is the program's side of the terminal. All messages go through it:
//
//   - They go to stderr with the prefix "alpaca:", in lower case and without a
//     period at the end.
//   - A failure is one line "alpaca: error: …". One or more lines "alpaca: hint: …"
//     may follow, which say what to do.
type UI struct {
	In  io.Reader
	Out io.Writer // the answer
	Err io.Writer // everything else

	InTTY, OutTTY, ErrTTY bool // whether the stream is a terminal
	InPiped               bool // In is a pipe or a file, so the user means it as input

	signals signals
	status  status // the line that shows progress
}

// New returns the UI on the streams of a process.
func New(in, out, err *os.File) *UI {
	return &UI{
		In: in, Out: &checkedFile{f: out}, Err: err,
		InTTY:   term.IsTerminal(int(in.Fd())),
		OutTTY:  term.IsTerminal(int(out.Fd())),
		ErrTTY:  term.IsTerminal(int(err.Fd())),
		InPiped: isPiped(in),
	}
}

// isPiped reports whether f is a pipe or a file, and not the null device or a terminal.
func isPiped(f *os.File) bool {
	st, err := f.Stat()
	return err == nil && st.Mode()&(os.ModeCharDevice|os.ModeDir) == 0
}

// Notef writes a note for the user.
func (u *UI) Notef(format string, args ...any) { u.message(0, "", format, args...) }

// Warnf warns the user of something that is probably wrong.
func (u *UI) Warnf(format string, args ...any) {
	u.message(yellow, "warning: ", format, args...)
}

// errorf says why the command failed. It is for ExitStatus: commands return their errors.
func (u *UI) errorf(format string, args ...any) { u.message(red, "error: ", format, args...) }

// hintf says what the user can do.
func (u *UI) hintf(format string, args ...any) { u.message(Cyan, "hint: ", format, args...) }

// message writes a line to stderr: the prefix "alpaca:", then kind in the colour c, then the text.
func (u *UI) message(c color, kind, format string, args ...any) {
	u.status.clear(u)
	fmt.Fprintf(u.Err, "alpaca: %s%s\n", u.Paint(c, kind), fmt.Sprintf(format, args...))
}

// Infof writes a message to the user of a conversation, without a prefix. It breaks lines
// between words.
func (u *UI) Infof(format string, args ...any) {
	u.status.clear(u)
	lines := strings.Split(fmt.Sprintf(format, args...), "\n")
	for i, line := range lines {
		lines[i] = Printable(line) // line may have text of files and models
	}
	fmt.Fprintln(u.Err, wrap(strings.Join(lines, "\n"), u.errWidth()))
}

// color is the number of an ANSI colour.
type color int

const (
	red    color = 31
	yellow color = 33
	Cyan   color = 36
)

// Paint returns text in the colour c, for stderr. It returns text unchanged if c is 0, if stderr
// is not a terminal with colours, or if NO_COLOR is set (https://no-color.org).
func (u *UI) Paint(c color, text string) string {
	if c == 0 || text == "" || !u.ErrTTY || os.Getenv("NO_COLOR") != "" || os.Getenv("TERM") == "dumb" {
		return text
	}
	return fmt.Sprintf("\x1b[%dm%s\x1b[0m", c, text)
}

// errWidth returns the width of the terminal of stderr in columns, or 80 if the width is unknown.
func (u *UI) errWidth() int { return widthOf(u.Err) }

// OutWidth returns the width of the terminal of stdout in columns, or 80 if the width is unknown.
func (u *UI) OutWidth() int { return widthOf(u.Out) }

func widthOf(w io.Writer) int {
	if f, ok := w.(interface{ Fd() uintptr }); ok {
		if width, _, err := term.GetSize(int(f.Fd())); err == nil && width > 0 {
			return width
		}
	}
	return 80
}
