package tokenizer

import (
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"alpaca/internal/gguf"
	"alpaca/internal/testshared"
)

// fixtures are the vocabularies for which the shared folder has texts and the tokens that the
// models' own tokenizers make of them.
var fixtures = []string{
	"deepseek-coder", "deepseek-llm", "falcon", "gpt-2", "llama-spm", "mpt", "phi-3", "starcoder",
}

// load makes a tokenizer from a file in the shared folder.
func load(t testing.TB, name string) *Tokenizer {
	t.Helper()
	f, err := gguf.Open(testshared.Path(t, name))
	require.NoError(t, err)
	defer f.Close()
	tok, err := FromGGUF(f, Options{})
	require.NoError(t, err)
	return tok
}

func TestFixtures(t *testing.T) {
	for _, name := range fixtures {
		t.Run(name, func(t *testing.T) {
			path := "models/vocab/ggml-vocab-" + name + ".gguf"
			tok := load(t, path)
			require.Empty(t, tok.Warnings())
			texts, want := readFixture(t, path)
			require.Equal(t, len(want), len(texts))
			require.Greater(t, len(texts), 40)
			for i, text := range texts {
				require.Equal(t, want[i], tok.Encode(text, false, false), "%q", text)
				requireRoundTrip(t, tok, text)
			}
		})
	}
}

func readFixture(t testing.TB, path string) (texts []string, tokens [][]int32) {
	t.Helper()
	in, err := os.ReadFile(testshared.Path(t, path+".inp"))
	require.NoError(t, err)
	out, err := os.ReadFile(testshared.Path(t, path+".out"))
	require.NoError(t, err)
	const separator = "\n__ggml_vocab_test__\n" // stands after each text, even after the last one
	texts = strings.Split(strings.TrimSuffix(string(in), separator), separator)
	for _, line := range strings.Split(strings.TrimSuffix(string(out), "\n"), "\n") {
		ids := []int32{}
		for _, field := range strings.Fields(line) {
			id, err := strconv.ParseInt(field, 10, 32)
			require.NoError(t, err)
			ids = append(ids, int32(id))
		}
		tokens = append(tokens, ids)
	}
	return texts, tokens
}

// requireRoundTrip checks that the pieces of a text's tokens add up to the text.
func requireRoundTrip(t testing.TB, tok *Tokenizer, text string) {
	t.Helper()
	ids := tok.Encode(text, false, false)
	var b strings.Builder
	s := tok.NewStream()
	special := false
	for _, id := range ids {
		b.WriteString(s.Push(id))
		special = special || tok.Type(id) == TypeUserDefined
	}
	b.WriteString(s.Flush())
	got, want := b.String(), text
	if tok.Model() != ModelSPM {
		want = validUTF8(want)
	}
	if tok.pieces == pieceBytes {
		require.Equal(t, want, got, "%v", ids)
		return
	}
	want = strings.ReplaceAll(want, spaceMark, " ")
	switch {
	case special: // SPM puts a space after each special token
		want, got = strings.ReplaceAll(want, " ", ""), strings.ReplaceAll(got, " ", "")
	case tok.addSpacePrefix && want != "":
		want = " " + want
	}
	require.Equal(t, want, strings.ReplaceAll(got, spaceMark, " "), "%v", ids)
}
