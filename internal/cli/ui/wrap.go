package ui

import (
	"io"
	"strings"

	"alpaca/internal/lineedit"
)

// Wrapper writes a text that comes in pieces to a terminal. It breaks lines between words instead
// of at the edge of the terminal, leaves out control characters, and holds a word back until the
// word is complete.
type Wrapper struct {
	Out    io.Writer
	Width  func() int
	column int
	word   string // the word held back, with the space in front of it
}

// Write writes a piece of the text.
func (w *Wrapper) Write(p []byte) (int, error) {
	for _, r := range string(p) {
		c := string(r)
		switch {
		case r < ' ' && r != '\n' && r != '\t', r >= 0x7f && r < 0xa0:
			// A model must not control the terminal.
		case r == '\n':
			if err := w.flush(); err != nil {
				return 0, err
			}
			w.column = 0
			if _, err := io.WriteString(w.Out, "\n"); err != nil {
				return 0, err
			}
		case r == ' ' && strings.Trim(w.word, " ") != "":
			if err := w.flush(); err != nil {
				return 0, err
			}
			w.word = c
		case r >= 0x1100 && lineedit.Width(c) > 1:
			// Lines may be broken before and after wide characters.
			if strings.Trim(w.word, " ") != "" {
				if err := w.flush(); err != nil {
					return 0, err
				}
			}
			w.word += c
			if err := w.flush(); err != nil {
				return 0, err
			}
		default:
			w.word += c
		}
	}
	return len(p), nil
}

// flush writes the word that is held back, on a new line if it does not fit.
func (w *Wrapper) flush() error {
	word := w.word
	w.word = ""
	if word == "" {
		return nil
	}
	columns := lineedit.Width(word)
	if width := w.Width(); w.column+columns > width && w.column > 0 {
		word = "\n" + strings.TrimLeft(word, " ")
		w.column = 0
		columns = lineedit.Width(word[1:])
	}
	w.column += columns
	_, err := io.WriteString(w.Out, word)
	return err
}

// EndLine writes the word that is held back. After that, the caller must begin a new line.
func (w *Wrapper) EndLine() {
	w.flush()
	w.column = 0
}

// wrap breaks text at spaces into lines of fewer than width columns, unless a word is longer.
func wrap(text string, width int) string {
	var b strings.Builder
	column := 0
	for i, word := range strings.Split(text, " ") {
		w := lineedit.Width(word)
		switch {
		case i == 0:
		case column+1+w >= width:
			b.WriteByte('\n')
			column = 0
		default:
			b.WriteByte(' ')
			column++
		}
		b.WriteString(word)
		column += w
	}
	return b.String()
}
