package lineedit

import (
	"fmt"
	"strings"

	"github.com/rivo/uniseg"
)

// row is a row of the screen.
type row struct {
	text  string
	width int // columns
}

// layout is text divided into rows.
type layout struct {
	rows         []row
	line, column int // row and column of the cursor, from 0
}

// shown returns the text that displays the grapheme cluster g at a column, and its width in
// columns.
func shown(g string, column int) (string, int) {
	if g == "\t" {
		n := 4 - column%4
		return strings.Repeat(" ", n), n
	}
	if len(g) == 1 {
		return g, 1
	}
	return g, uniseg.StringWidth(g)
}

// lay divides a text with its prompts into rows. columns is the width of the terminal.
func lay(prompt, more string, b buffer, columns int) layout {
	var l layout
	var text strings.Builder
	width := 0
	begin := func(p string) {
		text.WriteString(p)
		width = Width(plain(p))
	}
	end := func() {
		l.rows = append(l.rows, row{text.String(), width})
		text.Reset()
		width = 0
	}
	begin(prompt)
	for at := 0; ; {
		if at == b.pos {
			if width >= columns {
				end()
			}
			l.line, l.column = len(l.rows), width
		}
		if at >= len(b.text) {
			break
		}
		g, n := cluster(b.text[at:])
		at += n
		if g == "\n" {
			end()
			begin(more)
			continue
		}
		s, w := shown(g, width)
		if width+w > columns {
			end()
			if at-n == b.pos {
				l.line, l.column = len(l.rows), 0
			}
			s, w = shown(g, 0)
			if g == "\t" && w > columns {
				s, w = s[:columns], columns
			}
		}
		text.WriteString(s)
		width += w
	}
	end()
	return l
}

// screen is the part of a layout that is on the screen.
type screen struct {
	rows   []row
	line   int // row of the cursor, from 0
	column int // column of the cursor, from 0
}

// draw returns the bytes that replace the rows on the screen by those of a layout. If not all
// rows fit, it shows those around the cursor.
func (s *screen) draw(l layout, columns, height int) string {
	rows, line := l.rows, l.line
	if height = max(1, height-1); len(rows) > height {
		top := max(0, min(line-height/2, len(rows)-height))
		rows, line = rows[top:top+height], line-top
	}
	var b strings.Builder
	b.WriteString("\x1b[?25l")
	move(&b, s.line, 'A')
	b.WriteString("\r\x1b[J")
	for i, r := range rows {
		if i > 0 {
			b.WriteString("\r\n")
		}
		b.WriteString(r.text)
	}
	move(&b, len(rows)-1-line, 'A')
	b.WriteByte('\r')
	move(&b, l.column, 'C')
	b.WriteString("\x1b[?25h")
	s.rows, s.line, s.column = rows, line, l.column
	return b.String()
}

// move writes the sequence that moves the cursor n times in a direction.
func move(b *strings.Builder, n int, direction byte) {
	if n > 0 {
		fmt.Fprintf(b, "\x1b[%d%c", n, direction)
	}
}

// reflow updates the cursor's line after the window's width has changed, because terminals wrap
// rows that have become too long.
func (s *screen) reflow(columns int) {
	line := 0
	for i := 0; i < s.line && i < len(s.rows); i++ {
		line += max(1, (s.rows[i].width+columns-1)/columns)
	}
	s.line = line + s.column/columns
}
