package builtin_test

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"alpaca/internal/cli/clitest"
)

// recorded lists the commands that docs/terminal.svg shows.
var recorded = [][]string{
	{"run", "-p", "Tell me a story about a fox.", "--temp", "0", "-q"},
	{"run", "-p", "Reverse this list: moon, river, bread", "--temp", "0", "-q"},
	{"run", "-p", "What is the opposite of hot?", "--json-schema", `{"enum": ["hot", "cold"]}`, "--temp", "0", "-q"},
}

// TestRecording checks that docs/terminal.svg shows the program's real output.
func TestRecording(t *testing.T) {
	if testing.Short() {
		t.Skip("this test takes long, and TestAnswers compares answers, too")
	}
	const path, columns = "../../docs/terminal.svg", 84
	t.Setenv("ALPACA_MODEL", "builtin")
	var r recording
	for _, args := range recorded {
		o := clitest.Run(t, "", args...)
		require.Zero(t, o.Status, o.Stderr)
		var typed []string
		for _, a := range args {
			if strings.ContainsAny(a, ` "{`) {
				a = "'" + a + "'"
			}
			typed = append(typed, a)
		}
		r.enter("alpaca "+strings.Join(typed, " "), columns)
		r.answer(fold(strings.TrimSpace(o.Out), columns))
	}
	svg := r.svg(columns)
	if *update {
		require.NoError(t, os.WriteFile(path, svg, 0o644))
		return
	}
	shown, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, string(shown), string(svg), "docs/terminal.svg is out of date: run \"make golden\" to rewrite it")
}

// recording is an animated picture of a terminal. A viewer without animation shows the end.
type recording struct {
	now    float64 // seconds
	line   int
	pieces []piece
}

// piece is a text that appears and then stays. The
// field at is the time in seconds at which it appears.
type piece struct {
	text         string
	line, column int
	at           float64
	typed        bool
}

// These times let a viewer read along.
const (
	perKey  = 0.03 // seconds
	perWord = 0.08
	pause   = 1.2
)

// enter types a command after the prompt "$".
func (r *recording) enter(text string, columns int) {
	r.pieces = append(r.pieces, piece{"$", r.line, 0, r.now, false})
	column := 2
	for _, c := range text {
		if column == columns {
			r.line, column = r.line+1, 0
		}
		r.now += perKey
		r.pieces = append(r.pieces, piece{string(c), r.line, column, r.now, true})
		column++
	}
	r.line, r.now = r.line+1, r.now+pause/2
}

// answer writes an answer word by word.
func (r *recording) answer(text string) {
	for line := range strings.Lines(text) {
		column := 0
		for _, word := range strings.Fields(line) {
			r.pieces = append(r.pieces, piece{word, r.line, column, r.now, false})
			column += len(word) + 1
			r.now += perWord
		}
		r.line++
	}
	r.line, r.now = r.line+1, r.now+pause
}

// svg returns the recording as an SVG file.
func (r *recording) svg(columns int) []byte {
	const wide, high, margin = 8.43, 19, 14 // in pixels: the width of a character, the height of a line, and the margin
	var b bytes.Buffer
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" width="%.0f" height="%d" font-family="ui-monospace, Menlo, Consolas, 'DejaVu Sans Mono', monospace" font-size="14">`+"\n",
		wide*float64(columns)+2*margin, high*r.line+2*margin-high/2)
	b.WriteString(`<title>alpaca in a terminal: a story, a list reversed, and an answer in JSON</title>` + "\n" +
		`<rect width="100%" height="100%" rx="8" fill="#16181d"/>` + "\n")
	for _, p := range r.pieces {
		if p.text == " " {
			continue
		}
		color := "#d8dee9"
		if p.typed {
			color = "#8fd18f"
		}
		fmt.Fprintf(&b, `<text x="%.1f" y="%d" fill="%s" textLength="%.1f" lengthAdjust="spacingAndGlyphs">`, margin+wide*float64(p.column), margin+high*p.line+high*3/4, color, wide*float64(len(p.text)))
		xml.EscapeText(&b, []byte(p.text))
		if p.at > 0 {
			fmt.Fprintf(&b, `<set attributeName="visibility" to="hidden" begin="0s" dur="%.2fs"/>`, p.at)
		}
		b.WriteString("</text>\n")
	}
	b.WriteString("</svg>\n")
	return b.Bytes()
}
