package jsonschema

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"alpaca/internal/grammar"
	"alpaca/internal/grammar/fsa"
)

// TestLimit checks that a length counted by the matcher allows the same tokens as an automaton
// with states for each length.
func TestLimit(t *testing.T) {
	texts := []string{"a", "b", "@", "\"", "\\", "\\u00", "6", "1", "n", "é", "\xc3", "ab", "a@", "@b", "aa@", "a\"", "\"a", "ab@b\"", "abababab", "\\n", "bb", "\"\n"}
	vocab := grammar.NewVocab(len(texts)+1, func(id int32) []byte {
		if int(id) == len(texts) {
			return nil
		}
		return []byte(texts[id])
	}, []int32{int32(len(texts))})
	program := func(e grammar.Expr) *grammar.Program {
		p, err := grammar.Compile(&grammar.Rules{Names: []string{"root"}, Body: []grammar.Expr{grammar.Seq{e, grammar.Repeat{X: grammar.Bytes("\n"), Max: 1}}}})
		require.NoError(t, err)
		return p
	}
	r := rand.New(rand.NewPCG(1, 2))
	for _, pattern := range []string{`^[ab]+@[ab]+$`, `b`, `^(a|bb)*$`, `^[^@]*@?[^@]{2,}$`, `^é\n`, ``} {
		d, err := compilePattern(pattern)
		require.NoError(t, err)
		for _, most := range []int{2, 3, 5, 9} {
			product, err := fsa.Product(d, lengths(0, most), fsa.And, stringStates)
			require.NoError(t, err)
			if product.Empty() {
				continue
			}
			want, got := program(grammar.Automaton{DFA: encode(product, true, true)}), program(limit(d, most, true))
			for range 30 {
				a, b := want.NewMatcher(vocab), got.NewMatcher(vocab)
				for !a.Done() {
					require.Equal(t, a.Complete(), b.Complete())
					mask, other := a.Mask(), b.Mask()
					var ids []int32
					for id := range int32(vocab.Len()) {
						require.Equal(t, mask.Has(id), other.Has(id), "%s up to %d: %q", pattern, most, id)
						if mask.Has(id) && int(id) < len(texts) {
							ids = append(ids, id)
						}
					}
					if len(ids) == 0 {
						break
					}
					id := ids[r.IntN(len(ids))]
					require.NoError(t, a.Accept(id))
					require.NoError(t, b.Accept(id))
					require.Equal(t, a.Draft(nil, 9), b.Draft(nil, 9))
				}
			}
		}
	}

	// This automaton would be too large if it had states for each length.
	p, _, err := Compile([]byte(`{"type": "string", "format": "email", "minLength": 6, "maxLength": 1024}`), Options{})
	require.NoError(t, err)
	long := strings.Repeat("a", 1024-8)
	for text, ok := range map[string]bool{`"` + long + `@abc.com"`: true, `"` + long + `@abcd.com"`: false, `"a@b.c"`: false, `"a@bc.d"`: true} {
		require.Equal(t, ok, accepts(p, text), "%.20s", text)
	}
	_, _, err = Compile([]byte(`{"type": "string", "pattern": "^[a-z]{500,}@[a-z]{600,}$", "maxLength": 1000}`), Options{})
	require.ErrorContains(t, err, "no value satisfies")
}

// TestManyProperties checks an object with 5,000 optional properties. More are not allowed in
// OpenAI's strict mode.
func TestManyProperties(t *testing.T) {
	var b strings.Builder
	for i := range 5000 {
		fmt.Fprintf(&b, `, "p%d": {"type": "integer"}`, i)
	}
	p, _, err := Compile([]byte(`{"type": "object", "additionalProperties": false, "properties": {`+b.String()[2:]+`}}`), Options{})
	require.NoError(t, err)
	for text, ok := range map[string]bool{`{"p7": 1, "p4999": 2}`: true, `{}`: true, `{"p5000": 1}`: false, `{"p8": 1, "p7": 2}`: false} {
		require.Equal(t, ok, accepts(p, text), text)
	}
}

// Listed values whose automaton would be too large are refused, wherever the schema lists them.
func TestLongLists(t *testing.T) {
	if testing.Short() {
		t.Skip("takes a minute under an emulator, and nothing in it depends on the CPU")
	}
	numbers := make([]string, 2700)
	for i := range numbers {
		numbers[i] = fmt.Sprint(10001+i, "e400") // 404 digits each, and few numbers begin with the same digits
	}
	long := strings.Repeat("a", 1<<20)
	for schema, want := range map[string]string{
		`{"enum":[` + strings.Join(numbers, ",") + `]}`: "too large",
		`{"const":"` + long + `"}`:                      "#/const: the listed texts are too long",
		`{"properties":{"` + long + `":true}}`:          "too large",
	} {
		_, _, err := Compile([]byte(schema), Options{})
		require.ErrorContains(t, err, want)
	}
}
