package tokenizer

import (
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"alpaca/internal/tokenizer/pretokenizer"
)

// FuzzEncode checks that decoding gives back the encoded text, that every id exists, and that
// text from outside never becomes a control token.
func FuzzEncode(f *testing.F) {
	for _, text := range []string{
		"", " ", "  xy x!", "é中🦙", "\xff\xf0\x9f", "<|end|><|e aaa b", "</s><s>", "\u2581", "1234 'll\r\n\n x", "\x00", "b\xfe x", "\xc3 x",
	} {
		f.Add(text, uint8(0))
		f.Add(text, uint8(7))
	}
	var toks []*Tokenizer
	for seed := range uint64(2) {
		toks = append(toks, mustNew(f, smallSPM(seed)), mustNew(f, smallRaw(seed)))
		for _, name := range pretokenizer.Names() {
			if p, _ := pretokenizer.Lookup(name, false); p.Raw {
				continue
			}
			v := smallBPE(seed)
			v.Pre = name
			toks = append(toks, mustNew(f, v))
		}
	}
	f.Fuzz(func(t *testing.T, text string, which uint8) {
		tok := toks[int(which)%len(toks)]
		ids := tok.Encode(text, true, false)
		for _, id := range ids {
			require.True(t, tok.valid(id))
		}
		if tok.AddBOS() {
			ids = ids[1:]
		}
		for _, id := range ids {
			require.False(t, tok.IsControl(id), "%q", text)
		}
		requireRoundTrip(t, tok, text)

		// If special tokens are parsed, the pieces still add up to the text. The piece of a special
		// token is then its own text.
		var b strings.Builder
		for _, id := range tok.Encode(text, false, true) {
			b.WriteString(tok.Piece(id, true))
		}
		squeeze := func(text string) string {
			return strings.NewReplacer(" ", "", spaceMark, "").Replace(validUTF8(text))
		}
		require.Equal(t, squeeze(text), squeeze(b.String()))
	})
}

// FuzzVocab makes vocabularies from arbitrary bytes. Each vocabulary must work or be refused.
func FuzzVocab(f *testing.F) {
	f.Add([]byte("\x03a\x01b\x02\x01ab\x04\x01<0x41>\x06"), "a b\n\nab", "llama3", "ab <0x41>", 1.5)
	f.Add([]byte("\x00\x01\xff\x03"), " ", "gpt-2", "\xff", math.Inf(1))
	f.Fuzz(func(t *testing.T, tokens []byte, merges, pre, text string, score float64) {
		v := Vocab{Model: ModelBPE, Pre: pre, Merges: strings.Split(merges, "\n"), IDs: map[string]int64{}}
		// Each token is given by its length, its text and its type.
		for len(tokens) > 0 {
			n := min(int(tokens[0]), len(tokens)-1)
			v.Tokens = append(v.Tokens, string(tokens[1:1+n]))
			tokens = tokens[1+n:]
			typ := byte(1)
			if len(tokens) > 0 {
				typ, tokens = tokens[0], tokens[1:]
			}
			v.Types = append(v.Types, int32(int8(typ)))
			v.Scores = append(v.Scores, float32(score)*float32(n))
		}
		for i, r := range roles {
			v.IDs[r.name] = int64(i*len(v.Tokens)/len(roles)) - 1
		}
		if len(pre)%2 == 0 {
			v.Model = ModelSPM
		}
		if len(text)%3 == 0 {
			v.Model, v.Normalizer, v.EOS = ModelGemma4, "NFC", v.Types
		}
		tok, err := New(v, Options{AllowUnknownPre: true, ReferencePre: len(text)%2 == 0})
		if err != nil {
			require.ErrorContains(t, err, "tokenizer: ")
			return
		}
		for _, parse := range []bool{true, false} {
			ids := tok.Encode(text, true, parse)
			s := tok.NewStream()
			for _, id := range ids {
				require.True(t, tok.valid(id))
				s.Push(id)
			}
			s.Flush()
		}
	})
}

// FuzzPartition compares the partitioner with its definition.
func FuzzPartition(f *testing.F) {
	f.Add("ab\na\nb \n a", "ab ab a b", uint64(3))
	f.Fuzz(func(t *testing.T, specials, text string, strips uint64) {
		v := Vocab{Model: ModelSPM}
		rules := map[int32]strip{}
		for i, s := range strings.Split(specials, "\n") {
			v.Tokens = append(v.Tokens, s)
			v.Types = append(v.Types, int32(TypeControl))
			rules[int32(i)] = strip{left: strips>>(2*i%64)&1 != 0, right: strips>>((2*i+1)%64)&1 != 0}
		}
		p := newPartitioner(mustNew(t, v), rules, true)
		if text != "" {
			require.Equal(t, naiveSplit(p, text), p.split(text))
		}
	})
}
