package lineedit

import (
	"bytes"
	"context"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// typed returns an editor in a window of 20 columns, and its output. The editor gets the input in
// pieces. piece is their size in bytes.
func typed(input string, piece int) (*Editor, *bytes.Buffer) {
	var out bytes.Buffer
	e := &Editor{out: &out, size: func() (int, int) { return 20, 6 }, demand: make(chan struct{}), input: make(chan read)}
	go func() {
		for range e.demand {
			if input == "" {
				e.input <- read{nil, io.EOF}
				continue
			}
			n := min(piece, len(input))
			e.input <- read{[]byte(input[:n]), nil}
			input = input[n:]
		}
	}()
	return e, &out
}

func TestKeys(t *testing.T) {
	const left, right, up, down = "\x1b[D", "\x1b[C", "\x1b[A", "\x1b[B"
	for _, test := range []struct{ name, input, want string }{
		{"text", "hello\r", "hello"},
		{"insert", "hllo" + left + left + left + "e\r", "hello"},
		{"ends", "ell\x01h\x05o\r", "hello"},
		{"delete", "hxello\x01" + right + "\x1b[3~\r", "hello"},
		{"ctrl-d deletes", "xhello\x01\x04\r", "hello"},
		{"cut and paste with Ctrl-K and Ctrl-Y", "lohel" + left + left + left + "\x0b\x01\x19\r", "hello"},
		{"kill a word", "hello world\x17\x7f\r", "hello"},
		{"by words", "one three\x1b[1;5D\x1bb\x1bf two\r", "one two three"},
		{"kill to the start", "abc\x15hello\r", "hello"},
		{"typed ahead", "hello\nmore\n", "hello"},
		{"alt-enter", "a\x1b\rb\r", "a\nb"},
		{"up and down", "abc\x1b\rdef" + up + "X" + down + "Y\r", "abcX\ndefY"},
		{"wide", "日本x語" + left + "\x7f\r", "日本語"},
		{"combining", "ne\u0301x" + left + "\x7fa\r", "nax"},
		{"flags and families", "🇫🇷👨‍👩‍👧!" + left + "\x7f\r", "🇫🇷!"},
		{"unknown sequences", "a\x1b[15~\x1b[1;2Sb\r", "ab"},
		{"pasted", "\x1b[200~a\r\nb\tc\x1b[31m\x1b[201~\r", "a\nb\tc[31m"},
		{"history", up + up + down + "!\r", "second!"},
		{"draft", "new" + up + down + "er\r", "newer"},
		{"esc before others", "a\x1b\x1b[Db\x1bé\x1b\x1b[200~c\nd\x1b[201~\r", "béc\nda"},
		{"invalid", "a\xff\xfeb\r", "a\uFFFDb"},
	} {
		for _, piece := range []int{1, 3, 1000} {
			e, _ := typed(test.input, piece)
			e.History = []string{"first", "second"}
			got, err := e.edit(context.Background(), "> ", ". ")
			require.NoError(t, err, test.name)
			if test.name == "invalid" && piece < 4 {
				require.Contains(t, got, "a\uFFFD")
				continue
			}
			require.Equal(t, test.want, got, test.name)
		}
	}
}

func TestEndings(t *testing.T) {
	e, _ := typed("\x04", 1)
	_, err := e.edit(context.Background(), "> ", ". ")
	require.ErrorIs(t, err, io.EOF)
	e, _ = typed("abc\x03", 1)
	text, err := e.edit(context.Background(), "> ", ". ")
	require.ErrorIs(t, err, ErrInterrupt)
	require.Equal(t, "abc", text)
	e, _ = typed("abc\x1b[200~def\x03", 1) // a paste without an end mark
	text, err = e.edit(context.Background(), "> ", ". ")
	require.ErrorIs(t, err, ErrInterrupt)
	require.Equal(t, "abc", text)
	e, _ = typed("abc\x1b\x03", 1)
	_, err = e.edit(context.Background(), "> ", ". ")
	require.ErrorIs(t, err, ErrInterrupt)
	e, _ = typed("abc", 1)
	_, err = e.edit(context.Background(), "> ", ". ")
	require.ErrorIs(t, err, io.EOF)
}

// TestLongPaste checks that a long pasted text is drawn only once, and not beyond the window.
func TestLongPaste(t *testing.T) {
	text := strings.Repeat("word ", 2000)
	e, out := typed("\x1b[200~"+text+"\x1b[201~!\r", 100)
	got, err := e.edit(context.Background(), "> ", ". ")
	require.NoError(t, err)
	require.Equal(t, text+"!", got)
	require.Less(t, out.Len(), 2000)
	require.Less(t, strings.Count(out.String(), "\r\n"), 50)
}

func TestLayout(t *testing.T) {
	for _, test := range []struct {
		text         string
		pos          int
		rows         []string
		line, column int
	}{
		{"", 0, []string{"> "}, 0, 2},
		{"abc", 3, []string{"> abc"}, 0, 5},
		{"12345678", 8, []string{"> 12345678", ""}, 1, 0},
		{"12345678", 7, []string{"> 12345678"}, 0, 9},
		{"123456789", 8, []string{"> 12345678", "9"}, 1, 0},
		{"1234567語", 7, []string{"> 1234567", "語"}, 1, 0},
		{"a\nb", 2, []string{"> a", ". b"}, 1, 2},
		{"e\u0301e\u0301", 3, []string{"> e\u0301e\u0301"}, 0, 3},
		{"\tx", 1, []string{">   x"}, 0, 4},
	} {
		l := lay("\x1b[36m>\x1b[0m ", ". ", buffer{test.text, test.pos}, 10)
		var rows []string
		for _, r := range l.rows {
			rows = append(rows, plain(r.text))
			require.Equal(t, Width(plain(r.text)), r.width)
		}
		require.Equal(t, test.rows, rows, "%q", test.text)
		require.Equal(t, [2]int{test.line, test.column}, [2]int{l.line, l.column}, "%q", test.text)
	}
}

// TestNarrowWindow checks that a tab takes at most the width of the window.
func TestNarrowWindow(t *testing.T) {
	l := lay("> ", ". ", buffer{"\tx", 1}, 3)
	require.Equal(t, []row{{"> ", 2}, {"   ", 3}, {"x", 1}}, l.rows)
	require.Equal(t, [2]int{2, 0}, [2]int{l.line, l.column})
}

// TestReflow checks in which line the cursor is after the terminal has wrapped the rows again.
func TestReflow(t *testing.T) {
	for _, test := range []struct{ columns, line int }{{100, 1}, {60, 1}, {30, 3}, {20, 5}} {
		var s screen
		s.draw(layout{rows: []row{{"a", 60}, {"b", 51}}, line: 1, column: 51}, 60, 24)
		s.reflow(test.columns)
		require.Equal(t, test.line, s.line, "%d columns", test.columns)
	}
}

func FuzzEditor(f *testing.F) {
	f.Add("hello\x1b[D\x7f\x1b[200~日本\x1b[201~\x0b\x19", 3)
	f.Add("\x1b\r\x1b[A\x1b[B\x17e\u0301\x02\x04\x04", 1)
	f.Fuzz(func(t *testing.T, input string, piece int) {
		e, _ := typed(input, min(max(1, piece), 100))
		e.History = []string{"日本\nx"}
		text, err := e.edit(context.Background(), "> ", ". ")
		if err == nil {
			require.NotContains(t, text, "\x1b")
		}
		columns := 1 + len(input)%9
		for pos := range len(text) + 1 {
			l := lay("> ", ". ", buffer{text, pos}, columns+2)
			for _, r := range l.rows {
				require.LessOrEqual(t, r.width, columns+2)
			}
			require.Less(t, l.line, len(l.rows))
		}
	})
}
