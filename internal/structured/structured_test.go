package structured

import (
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"

	"alpaca/internal/gguf"
	"alpaca/internal/grammar/jsonschema"
	"alpaca/internal/sampler"
	"alpaca/internal/testmodel"
	"alpaca/internal/tokenizer"
)

// vocabulary returns a tokenizer that has a token for each byte, among others.
func vocabulary(t testing.TB) *tokenizer.Tokenizer {
	f, err := gguf.Open(testmodel.SPM(1).Write(t))
	require.NoError(t, err)
	t.Cleanup(func() { f.Close() })
	tok, err := tokenizer.FromGGUF(f, tokenizer.Options{})
	require.NoError(t, err)
	return tok
}

// single returns the token whose text is the one byte char.
func single(t testing.TB, tok *tokenizer.Tokenizer, char string) int32 {
	for id := range int32(tok.Len()) {
		if !tok.IsControl(id) && tok.Piece(id, false) == char {
			return id
		}
	}
	t.Fatalf("no token %q", char)
	return 0
}

// write accepts a text byte by byte, and returns how many bytes the grammar takes.
func write(t testing.TB, tok *tokenizer.Tokenizer, g sampler.Grammar, text string) int {
	for i := range len(text) {
		id := single(t, tok, text[i:i+1])
		if !g.Allowed(id) {
			require.Error(t, g.Accept(id))
			return i
		}
		require.NoError(t, g.Accept(id))
	}
	return len(text)
}

// TestLazy checks from where on a lazy grammar applies. Any text may stand in front.
func TestLazy(t *testing.T) {
	tok := vocabulary(t)
	c := New(tok)
	digits, err := c.Grammar(`root ::= [0-9]+ ";"`)
	require.NoError(t, err)
	from, err := c.Grammar(`root ::= "go" [0-9]+ ";"`)
	require.NoError(t, err)
	think := func(l Lazy) Lazy { l.Open, l.Close = "<t>", "</t>"; return l }
	word := Lazy{Triggers: []Trigger{{Text: "go", Then: digits}}}
	start := Lazy{Triggers: []Trigger{{Text: "go", Start: true, Then: digits}}}
	inside := think(word)
	inside.Inside = true
	for _, tt := range []struct {
		name string
		lazy Lazy
		text string
		want int // bytes that the grammar takes
		done bool
	}{
		{"word", word, "ab g go12;", 10, true},
		{"a word, then a text that the grammar refuses", word, "ab gox", 5, false},
		{"nothing", word, "ab g o", 6, false},
		{"from", Lazy{Triggers: []Trigger{{Text: "go", From: true, Then: from}}}, "a go1;", 6, true},
		{"start", start, " go1;", 5, true},
		{"a pattern for the start, after another text", start, "a gox", 5, false},
		{"pattern", Lazy{Triggers: []Trigger{{Pattern: regexp.MustCompile(`x(go[0-9])`), Then: from}}}, "a xgo12;", 8, true},
		{"a pattern whose text the grammar refuses", Lazy{Triggers: []Trigger{{Pattern: regexp.MustCompile(`x(ga)`), Then: from}}}, "a xga", 4, false},
		{"pattern at the start", Lazy{Triggers: []Trigger{{Pattern: regexp.MustCompile(`^\s*(go[0-9])`), Start: true, Then: from}}}, " go12;", 6, true},
		{"thoughts", think(word), "<t>gox</t>go1;", 14, true},
		{"thoughts begun", inside, "gox</t>go1;", 11, true},
		{"no thoughts", think(word), "gox", 2, false},
		{"nearly thoughts", think(word), "<tgox", 4, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			g := c.Lazy(tt.lazy)()
			require.True(t, g.Allowed(tok.EOS()), "a text may end before the grammar applies")
			require.Equal(t, tt.want, write(t, tok, g, tt.text))
			require.Equal(t, tt.done, g.(sampler.Finisher).Done())
		})
	}
}

// TestRemember checks that a program is compiled only once, and that old programs are dropped.
func TestRemember(t *testing.T) {
	c := New(vocabulary(t))
	one, _, err := c.Schema([]byte(`{"type": "null"}`), jsonschema.Options{})
	require.NoError(t, err)
	again, _, err := c.Schema([]byte(`{"type": "null"}`), jsonschema.Options{})
	require.NoError(t, err)
	require.Same(t, one, again)
	for i := range maxKnown {
		_, err := c.Remember("x", string(rune('a'+i)), func() (any, error) { return i, nil })
		require.NoError(t, err)
	}
	require.Equal(t, maxKnown, c.order.Len())
	require.Len(t, c.known, maxKnown)
	again, _, err = c.Schema([]byte(`{"type": "null"}`), jsonschema.Options{})
	require.NoError(t, err)
	require.NotSame(t, one, again)
	_, err = c.Grammar(`root ::= x`)
	require.Error(t, err)
}

func TestCheckStrict(t *testing.T) {
	for schema, want := range map[string]string{
		`true`: "", `{"type": "string"}`: "", `{"type": "object"}`: "",
		`{"properties": {}, "additionalProperties": false}`: "",
		`{"properties": {}}`: "#: ",
		`{"properties": {"a/b": {"properties": {}}}, "additionalProperties": false}`:                           "#/properties/a~1b: ",
		`{"anyOf": [true, {"items": {"properties": {}, "additionalProperties": true}}]}`:                       "#/anyOf/1/items: ",
		`{"$defs": {"x": {"properties": {"properties": {"type": "null"}}, "additionalProperties": false}}}`:    "",
		`{"prefixItems": [{"$ref": "#"}], "definitions": {"y": {"not": {"properties": {"a": true}}}}, "a": 1}`: "#/definitions/y/not: ",
	} {
		err := CheckStrict([]byte(schema))
		if want == "" {
			require.NoError(t, err, schema)
		} else {
			require.ErrorContains(t, err, want, schema)
		}
	}
}
