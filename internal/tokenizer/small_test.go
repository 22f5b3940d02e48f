package tokenizer

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// The vocabularies of these tests are random: some characters, and then tokens that each join
// two random pieces, so that merges nest and compete. The last tokens are special.

var smallSpecial = []struct {
	text string
	typ  Type
}{
	{"<|end|>", TypeControl}, {"<|e", TypeUserDefined}, {"<|a|>", TypeControl}, {"aa", TypeUserDefined},
	{"a b", TypeUserDefined}, {"b", TypeUserDefined},
}

// smallVocab makes a vocabulary for a tokenizer model. chars are the first pieces. The function
// passed as name returns the text of the token for a byte. If spaceInside is true, tokens may have a
// space after other text.
func smallVocab(model string, seed uint64, chars []string, spaceInside bool, name func(b byte) string, byteType Type) Vocab {
	rng := rand.New(rand.NewPCG(seed, 1))
	v := Vocab{Model: model, Pre: "gpt-2", Merges: []string{}}
	known := map[string]bool{}
	add := func(text string, typ Type, score float32) {
		if !known[text] {
			known[text] = true
			v.Tokens = append(v.Tokens, text)
			v.Types = append(v.Types, int32(typ))
			v.Scores = append(v.Scores, score)
		}
	}
	add("<unk>", TypeUnknown, 0)
	add("<s>", TypeControl, 0)
	add("</s>", TypeControl, 0)
	for b := range 256 {
		add(name(byte(b)), byteType, 0)
	}
	pieces := append([]string(nil), chars...)
	for _, c := range pieces {
		add(c, TypeNormal, -1000)
	}
	for i := range 400 {
		left, right := pieces[rng.IntN(len(pieces))], pieces[rng.IntN(len(pieces))]
		if len(left)+len(right) > 12 || (!spaceInside && strings.Contains(strings.TrimLeft(left+right, spaceMark), spaceMark)) {
			continue
		}
		pieces = append(pieces, left+right)
		v.Merges = append(v.Merges, left+" "+right)
		add(left+right, TypeNormal, float32(-i/3)) // three merges share a score
	}
	for _, s := range smallSpecial {
		add(s.text, s.typ, 0)
	}
	return v
}

func smallSPM(seed uint64) Vocab {
	return smallVocab(ModelSPM, seed, []string{spaceMark, "x", "y", "é", "中", "!", "🦙"}, seed%2 == 0, byteName, TypeByte)
}

func smallBPE(seed uint64) Vocab {
	name := func(b byte) string { return string(byteRune[b]) }
	return smallVocab(ModelBPE, seed, []string{"Ġ", "x", "y", "Ã", "©", "!", "ð", "Ł"}, true, name, TypeNormal)
}

func smallRaw(seed uint64) Vocab {
	return smallVocab(ModelGemma4, seed, []string{spaceMark, "x", "y", "é", "中", "!", "🦙"}, true, byteName, TypeByte)
}

func mustNew(t testing.TB, v Vocab) *Tokenizer {
	t.Helper()
	tok, err := New(v, Options{})
	require.NoError(t, err)
	return tok
}

// randomText makes a text from pieces of the small vocabularies' tokens.
func randomText(rng *rand.Rand, n int) string {
	parts := []string{" ", " ", "x", "x", "y", "y", "é", "中", "!", "🦙", "\n", "\xff", "\xf0\x9f", "a", "b", "<|e", "nd|>", "<|a|>", "</s>", "1", "'s", spaceMark}
	text := ""
	for range n {
		text += parts[rng.IntN(len(parts))]
	}
	return text
}
