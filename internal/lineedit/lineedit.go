// Package lineedit lets the user edit one or more lines on a terminal, with characters of any
// width, pasted text of any length, a history, and a window whose size may change meanwhile.
//
//	bytes ─► keys (keys.go) ─► buffer (buffer.go) ─► rows of the screen (layout.go)
package lineedit

import (
	"context"
	"errors"
	"io"
	"os"
	"strings"

	"golang.org/x/term"
)

// In November 2026, these libraries were tried instead of this package. Each of them has a fault.
// reeflective/readline v1.3.0 splits characters whose bytes come in two reads, misplaces the cursor
// after a wide character at the window's edge, and adds 1.2 MB. bubbles v2.2.1 fails with accents
// and emoji, and adds 2.1 MB. peterh/liner v1.2.3, x/term v0.47.0, ergochat/readline v0.1.3 and
// chzyer/readline v1.5.1 take a pasted newline as Enter. go-prompt v1.3.1 and go-readline-ny v1.9.1
// take the marks around a pasted text as text. knz/bubbline of 2023 does not compile.

// ErrInterrupt says that the user pressed Ctrl-C. With this error, Read also returns the text so
// far, which the caller may discard.
var ErrInterrupt = errors.New("interrupt")

// Editor reads lines from a terminal.
type Editor struct {
	History []string // oldest first; the caller adds to it

	in      *os.File
	out     io.Writer
	size    func() (columns, rows int)
	resized <-chan os.Signal
	demand  chan struct{} // asks for input
	input   chan read
	asked   bool   // input was requested and has not come yet
	pending []byte // input that has not been decoded yet
	decoder decoder

	prompt, more string
	buf          buffer
	screen       screen
	at           int    // index of the shown entry in History; len(History): the new line
	draft        string // the new line, kept while an entry of History is shown
	killed       string // the text last removed by Ctrl-K, Ctrl-U or Ctrl-W
}

// read is the result of a read from the terminal.
type read struct {
	data []byte
	err  error
}

// New returns an editor. It reads from the terminal in, and writes to the file out.
func New(in, out *os.File) *Editor {
	size := func() (int, int) {
		columns, rows, err := term.GetSize(int(out.Fd()))
		if err != nil || columns < 1 || rows < 1 {
			return 80, 24
		}
		return columns, rows
	}
	e := &Editor{in: in, out: out, size: size, resized: watchSize(), demand: make(chan struct{}), input: make(chan read)}
	go e.read()
	return e
}

// read reads from the terminal, but only on demand: between two calls of Read the terminal does
// not belong to the editor.
func (e *Editor) read() {
	for range e.demand {
		data := make([]byte, 4096)
		n, err := e.in.Read(data)
		e.input <- read{data[:n], err}
	}
}

// Read returns what the user enters after the prompt, without the final newline. more is the
// prompt of further lines. The error is io.EOF after Ctrl-D on an empty line, ErrInterrupt after
// Ctrl-C, and ctx's error if ctx is cancelled.
func (e *Editor) Read(ctx context.Context, prompt, more string) (string, error) {
	fd := int(e.in.Fd())
	state, err := term.MakeRaw(fd)
	if err != nil {
		return "", err
	}
	defer term.Restore(fd, state)
	io.WriteString(e.out, "\x1b[?2004h") // asks the terminal to mark pasted text
	defer io.WriteString(e.out, "\x1b[?2004l")
	return e.edit(ctx, prompt, more)
}

// edit handles keys until the line is done.
func (e *Editor) edit(ctx context.Context, prompt, more string) (string, error) {
	e.prompt, e.more = prompt, more
	e.buf, e.at, e.draft = buffer{}, len(e.History), ""
	e.screen = screen{}
	for {
		k, ok := e.decoder.next(&e.pending)
		if !ok {
			if !e.decoder.pasting {
				e.draw()
			}
			if err := e.wait(ctx); err != nil {
				return "", err
			}
			continue
		}
		switch k.code {
		case keyEnter:
			e.finish()
			return e.buf.text, nil
		case keyInterrupt:
			e.finish()
			return e.buf.text, ErrInterrupt
		case keyEOF:
			if e.buf.text == "" {
				e.finish()
				return "", io.EOF
			}
			e.buf.delete()
		default:
			e.press(k)
		}
	}
}

// wait waits for input, or for the window to change its size.
func (e *Editor) wait(ctx context.Context) error {
	if !e.asked {
		e.demand <- struct{}{}
		e.asked = true
	}
	for {
		select {
		case <-e.resized:
			columns, _ := e.size()
			e.screen.reflow(columns)
			e.draw()
		case <-ctx.Done():
			e.finish()
			return ctx.Err()
		case r := <-e.input:
			e.asked = false
			e.pending = append(e.pending, r.data...)
			if r.err != nil && len(r.data) == 0 {
				return r.err
			}
			return nil
		}
	}
}

// press handles a key.
func (e *Editor) press(k key) {
	b := &e.buf
	switch k.code {
	case keyText:
		b.insert(k.text)
	case keyLeft:
		b.left()
	case keyRight:
		b.right()
	case keyWordLeft:
		b.pos = b.wordStart()
	case keyWordRight:
		b.pos = b.wordEnd()
	case keyHome:
		b.pos = b.lineStart()
	case keyEnd:
		b.pos = b.lineEnd()
	case keyUp:
		if !b.up() {
			e.recall(e.at - 1)
		}
	case keyDown:
		if !b.down() {
			e.recall(e.at + 1)
		}
	case keyBackspace:
		b.backspace()
	case keyDelete:
		b.delete()
	case keyKillLine:
		e.killed = b.cut(b.pos, b.lineEnd())
	case keyKillStart:
		e.killed = b.cut(b.lineStart(), b.pos)
	case keyKillWord:
		e.killed = b.cut(b.wordStart(), b.pos)
	case keyYank:
		b.insert(e.killed)
	case keyClear:
		io.WriteString(e.out, "\x1b[H\x1b[2J")
		e.screen = screen{}
	}
}

// recall shows an entry of the history.
func (e *Editor) recall(at int) {
	if at < 0 || at > len(e.History) || at == e.at {
		return
	}
	if e.at == len(e.History) {
		e.draft = e.buf.text
	}
	e.at = at
	text := e.draft
	if at < len(e.History) {
		text = e.History[at]
	}
	e.buf = buffer{text, len(text)}
}

// draw updates the screen.
func (e *Editor) draw() {
	columns, rows := e.size()
	io.WriteString(e.out, e.screen.draw(lay(e.prompt, e.more, e.buf, columns), columns, rows))
}

// finish moves the cursor to the line after the text.
func (e *Editor) finish() {
	e.buf.pos = len(e.buf.text)
	e.draw()
	io.WriteString(e.out, "\r\n")
}

// Width returns the number of columns that text takes.
func Width(text string) int {
	w := 0
	for len(text) > 0 {
		var n int
		var g string
		g, n = cluster(text)
		_, width := shown(g, w)
		w += width
		text = text[n:]
	}
	return w
}

// plain removes the control sequences that colour a prompt.
func plain(prompt string) string {
	for {
		at := strings.Index(prompt, "\x1b[")
		if at < 0 {
			return prompt
		}
		end := strings.IndexByte(prompt[at:], 'm')
		if end < 0 {
			return prompt
		}
		prompt = prompt[:at] + prompt[at+end+1:]
	}
}
