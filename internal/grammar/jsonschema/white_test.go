package jsonschema

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestWhite checks that there are at most a newline and 20 blanks between two tokens of JSON, and
// no white space around the whole text. Otherwise, a model could write blanks for ever.
func TestWhite(t *testing.T) {
	const schema = `{"type": "object", "properties": {"a": {"type": "array", "items": {"type": "integer"}}}, "required": ["a"], "additionalProperties": false}`
	p, _, err := Compile([]byte(schema), Options{})
	require.NoError(t, err)
	compact, _, err := Compile([]byte(schema), Options{Compact: true})
	require.NoError(t, err)
	places := strings.Split(`{|"a"|:|[|1|,|2|]|}`, "|")
	most := strings.Repeat(" \t", 10)
	for i := 1; i < len(places); i++ {
		with := func(white string) string {
			return strings.Join(places[:i], "") + white + strings.Join(places[i:], "")
		}
		for _, white := range []string{"", " ", "\n", "\r\n", most, "\n" + most, "\r\n" + most} {
			require.True(t, accepts(p, with(white)), "%q", with(white))
			require.Equal(t, white == "", accepts(compact, with(white)), "%q", with(white))
		}
		for _, white := range []string{most + " ", "\n" + most + "\t", "\n\n", " \n", "\r", "\v", "\u00a0"} {
			require.False(t, accepts(p, with(white)), "%q", with(white))
		}
	}
	whole := strings.Join(places, "")
	for _, text := range []string{" " + whole, "\n" + whole, whole + " ", whole + "\n"} {
		require.False(t, accepts(p, text), "%q", text)
	}
}
