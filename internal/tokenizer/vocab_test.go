package tokenizer

import (
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"alpaca/internal/tokenizer/pretokenizer"
)

func TestBadVocab(t *testing.T) {
	three := []string{"<unk>", "<s>", "</s>"}
	tests := []struct {
		name string
		v    Vocab
		want string
	}{
		{"no model", Vocab{Tokens: three}, "names no tokenizer model"},
		{"no vocabulary", Vocab{Model: "no_vocab"}, "holds no vocabulary"},
		{"the model is called none", Vocab{Model: "none"}, "holds no vocabulary"},
		{"unknown model", Vocab{Model: "bert", Tokens: three}, `model "bert" (WordPiece) is not supported`},
		{"a model that no program has", Vocab{Model: "gpt5", Tokens: three}, `unknown model "gpt5"`},
		{"empty", Vocab{Model: ModelSPM}, "vocabulary is empty"},
		{"too few scores", Vocab{Model: ModelSPM, Tokens: three, Scores: []float32{0}}, "1 scores for 3 tokens"},
		{"too many scores", Vocab{Model: ModelSPM, Tokens: three, Scores: make([]float32, 4)}, "4 scores for 3 tokens"},
		{"a score that is not a number", Vocab{Model: ModelSPM, Tokens: three, Scores: []float32{0, float32(math.NaN()), 0}}, "score of token 1 is not a number"},
		{"too few types", Vocab{Model: ModelSPM, Tokens: three, Types: []int32{}}, "0 token types for 3 tokens"},
		{"long control tokens", Vocab{Model: ModelSPM, Tokens: []string{"<unk>", strings.Repeat("a", 2<<20)}, Types: []int32{2, 3}}, "have 2097157 bytes together, at most 2097152"},
		{"no merges", Vocab{Model: ModelBPE, Pre: "gpt-2", Tokens: three}, "needs tokenizer.ggml.merges"},
		{"unknown pre-tokenizer", Vocab{Model: ModelBPE, Pre: "gpt-5", Tokens: three, Merges: []string{}}, `unknown pre-tokenizer "gpt-5"`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := New(tt.v, Options{})
			require.ErrorContains(t, err, tt.want)
			require.ErrorContains(t, err, "tokenizer: ")
		})
	}
}

func defaultPre(t *testing.T) *pretokenizer.PreTokenizer {
	p, ok := pretokenizer.Lookup("default", false)
	require.True(t, ok)
	return p
}

func TestUnknownPreTokenizer(t *testing.T) {
	v := smallBPE(0)
	v.Pre = "gpt-5"
	_, err := New(v, Options{})
	require.ErrorContains(t, err, "the most similar of the 91 known ones: gpt-2, gpt-4o", "the error names similar pre-tokenizers")

	tok, err := New(v, Options{AllowUnknownPre: true})
	require.NoError(t, err)
	require.Len(t, tok.Warnings(), 1)
	require.Contains(t, tok.Warnings()[0], `"gpt-5"`)
	require.Same(t, defaultPre(t), tok.encoder.(*bpe).pre)

	v.Pre = ""
	tok = mustNew(t, v)
	require.Len(t, tok.Warnings(), 1)
	require.Same(t, defaultPre(t), tok.encoder.(*bpe).pre)

	v.Pre = "default"
	require.Empty(t, mustNew(t, v).Warnings())
}

// TestSPMIgnoresPre checks that an SPM vocabulary is read even if it names an unknown
// pre-tokenizer.
func TestSPMIgnoresPre(t *testing.T) {
	v := smallSPM(0)
	v.Pre = "no such thing"
	require.Empty(t, mustNew(t, v).Warnings())
}

func TestOddVocab(t *testing.T) {
	t.Run("empty and equal texts", func(t *testing.T) {
		v := Vocab{Model: ModelSPM, Tokens: []string{"", "", "x", "x", "[EMPTY_0]"}}
		tok := mustNew(t, v)
		require.Equal(t, "[EMPTY_1]", tok.Text(1))
		id, ok := tok.ID("x")
		require.True(t, ok)
		require.Equal(t, int32(3), id, "if two tokens have the same text, ID must find the last one")
		require.Equal(t, "", v.Tokens[0], "the caller's list of tokens must not change")
	})
	t.Run("ids out of range", func(t *testing.T) {
		v := smallSPM(0)
		v.IDs = map[string]int64{"bos": int64(len(v.Tokens)), "eos": -1, "eot": 1 << 40, "unknown": math.MinInt64}
		tok := mustNew(t, v)
		require.Len(t, tok.Warnings(), 4)
		require.Equal(t, int32(1), tok.BOS())
		require.Equal(t, int32(2), tok.EOS())
	})
	t.Run("too small for the defaults", func(t *testing.T) {
		on := true
		tok := mustNew(t, Vocab{Model: ModelBPE, Pre: "llama3", Tokens: []string{"a"}, Merges: []string{}, AddEOS: &on})
		require.Equal(t, None, tok.BOS())
		require.Equal(t, None, tok.EOS())
		require.False(t, tok.AddBOS() || tok.AddEOS())
		require.Empty(t, tok.EOG())
		require.Equal(t, []int32{0, 0}, tok.Encode("aba", true, true), "bytes without a token are dropped")
	})
	t.Run("bytes without tokens", func(t *testing.T) {
		tok := mustNew(t, Vocab{Model: ModelSPM, Tokens: []string{"<unk>", "<s>", "</s>", "a", "\xc3"}})
		require.Len(t, tok.Warnings(), 1)
		require.Equal(t, []int32{1, 0, 3, 0, 4}, tok.Encode("aé\xc3", true, false), "each character becomes one unknown token")
	})
	t.Run("malformed merges", func(t *testing.T) {
		v := Vocab{Model: ModelBPE, Pre: "gpt-2", Tokens: []string{"a", "b", "ab", "aab"},
			Merges: []string{"", " ", "ab", "a  b", "a b ", " a b", "\xff \xff", "a b", "a b", "a ab"}}
		require.Equal(t, []int32{3, 0}, mustNew(t, v).Encode("aaba", false, false))
	})
	t.Run("equal merges", func(t *testing.T) {
		v := Vocab{Model: ModelBPE, Pre: "gpt-2", Tokens: []string{"a", "b", "c", "ab", "bc"}, Merges: []string{"a b", "b c", "a b"}}
		require.Equal(t, []int32{3, 2}, mustNew(t, v).Encode("abc", false, false), "if two merges are equal, the first one must decide the rank")
	})
	t.Run("unknown types", func(t *testing.T) {
		tok := mustNew(t, Vocab{Model: ModelSPM, Tokens: []string{"a", "b", "c"}, Types: []int32{-5, 99, 7}})
		for id := range int32(3) {
			require.Equal(t, TypeUndefined, tok.Type(id))
		}
	})
	t.Run("broken byte tokens", func(t *testing.T) {
		tok := mustNew(t, Vocab{Model: ModelSPM, Tokens: []string{"<0x", "<0x4", "<0x41", "<0x41>"}, Types: []int32{6, 6, 6, 6}})
		require.Equal(t, "<0x", tok.Piece(0, false))
		require.Equal(t, "A", tok.Piece(3, false))
	})
}

func TestSpecialIDs(t *testing.T) {
	texts := []string{"<unk>", "<s>", "</s>", "<|eot_id|>", "<|im_end|>", "<|eom_id|>", "<|fim_pad|>", "<|file_sep|>", "<PRE>", "x"}
	v := Vocab{Model: ModelSPM, Tokens: texts}
	tok := mustNew(t, v)
	require.Equal(t, SpecialIDs{BOS: 1, EOS: 2, EOT: 3, EOM: 5, Unknown: 0, Separator: None, Padding: None, Mask: None,
		FIMPrefix: 8, FIMSuffix: None, FIMMiddle: None, FIMPad: 6, FIMRepo: None, FIMSep: 7}, tok.Special())
	require.Equal(t, []int32{2, 3, 4, 5, 6, 7}, tok.EOG())
	for id := range texts {
		require.Equal(t, id >= 2 && id <= 7, tok.IsEOG(int32(id)), texts[id])
		require.Equal(t, id >= 2 && id <= 8, tok.IsControl(int32(id)), "%s must become a control token, and other tokens must not", texts[id])
	}
	require.Equal(t, int32(3), tok.EOT())

	v.IDs = map[string]int64{"eot": 9, "bos": 2, "fim_pre": 1, "prefix": 9}
	tok = mustNew(t, v)
	require.Equal(t, int32(9), tok.EOT())
	require.Equal(t, int32(2), tok.BOS())
	require.Equal(t, int32(9), tok.Special().FIMPrefix, "if a role has two keys, the older key must decide")
	require.False(t, tok.IsControl(9), "a token that gets its role from a key of the file keeps its type")
	require.Equal(t, []int32{2, 3, 4, 5, 6, 7, 9}, tok.EOG())
}

func TestAddSpecial(t *testing.T) {
	yes, no := true, false
	spm := func(bos, eos, space *bool) *Tokenizer {
		v := smallSPM(1)
		v.AddBOS, v.AddEOS, v.AddSpacePrefix = bos, eos, space
		return mustNew(t, v)
	}
	mark, _ := spm(nil, nil, nil).ID(spaceMark)
	x, _ := spm(nil, nil, nil).ID("x")
	markX := []int32{mark, x}
	if id, ok := spm(nil, nil, nil).ID(spaceMark + "x"); ok {
		markX = []int32{id}
	}
	cat := func(lists ...[]int32) (all []int32) {
		for _, list := range lists {
			all = append(all, list...)
		}
		return all
	}
	one, two := []int32{1}, []int32{2}
	require.Equal(t, cat(one, markX), spm(nil, nil, nil).Encode("x", true, false))
	require.Equal(t, markX, spm(nil, nil, nil).Encode("x", false, false))
	require.Equal(t, cat(one, []int32{x}), spm(nil, nil, &no).Encode("x", true, false))
	require.Equal(t, cat(markX, two), spm(&no, &yes, nil).Encode("x", true, false))
	require.Equal(t, one, spm(nil, nil, nil).Encode("", true, false), "an empty text is BOS alone")
	require.Empty(t, spm(nil, nil, nil).Encode("", false, false))
	require.Equal(t, cat(one, markX, two, markX), spm(nil, nil, nil).Encode("x</s>x", true, true), "SPM puts a space after each special token")

	v := smallBPE(1)
	v.Pre = "llama3"
	v.IDs = map[string]int64{"bos": 1}
	require.Equal(t, int32(1), mustNew(t, v).Encode("x", true, false)[0], "pre-tokenizer llama3 adds BOS by default")
	v.Pre = "gpt-2"
	require.NotEqual(t, int32(1), mustNew(t, v).Encode("x", true, false)[0], "gpt-2 does not")
}

// TestIgnoreMerges checks that with ignore_merges, a word becomes its own token even if no merges
// lead to the token.
func TestIgnoreMerges(t *testing.T) {
	v := Vocab{Model: ModelBPE, Tokens: []string{"a", "b", "c", "abc"}, Merges: []string{}}
	v.Pre = "gpt-2"
	require.Equal(t, []int32{0, 1, 2}, mustNew(t, v).Encode("abc", false, false))
	v.Pre = "llama3"
	require.Equal(t, []int32{3}, mustNew(t, v).Encode("abc", false, false))
}

func TestTypeString(t *testing.T) {
	require.Equal(t, "control", TypeControl.String())
	require.Equal(t, "type 9", Type(9).String())
	require.Equal(t, "type -1", Type(-1).String())
}

// TestMissingCharacters checks that a character without a token is dropped before its
// neighbours are merged, as in tokenizers 0.23.3 of Hugging Face.
func TestMissingCharacters(t *testing.T) {
	v := Vocab{Model: ModelBPE, Pre: "gpt-2", Tokens: []string{"a", "b", "c", "ab", "bc"}, Merges: []string{"a b", "b c"}}
	tok := mustNew(t, v)
	for text, want := range map[string][]int32{"aéb": {3}, "abéc": {3, 2}, "aéébc": {3, 2}, "bc": {4}} {
		require.Equal(t, want, tok.Encode(text, false, false), text)
	}
	require.Empty(t, tok.Encode("é", false, false))
}

// TestRawVocab checks that a raw vocabulary encodes a character without a token as its bytes,
// or as the unknown token if the bytes have no tokens either.
func TestRawVocab(t *testing.T) {
	v := Vocab{Model: ModelGemma4, Tokens: []string{"a", "b", "ab", "<0xC3>", "<0xA9>", "<unk>", "▁", "▁a", "\n\n", "\n"},
		Types: []int32{1, 1, 1, 6, 6, 2, 1, 1, 1, 1}, Merges: []string{"a b", "▁ a"}, IDs: map[string]int64{"unknown": 5, "bos": 0}}
	tok := mustNew(t, v)
	for text, want := range map[string][]int32{
		"aéb": {0, 3, 4, 1}, "aèb": {0, 5, 1}, "ab a": {2, 7}, "a\n\na\n\n\n": {0, 8, 0, 9, 9, 9}, "▁a": {7},
	} {
		require.Equal(t, want, tok.Encode(text, false, false), text)
	}
	require.Equal(t, []int32{0, 0}, tok.Encode("a", true, false), "BOS always")
	require.Equal(t, " a", tok.Piece(7, false))
	require.Equal(t, "\xa9", tok.Piece(4, false))
	require.Empty(t, tok.Warnings())
	require.Equal(t, ModelGemma4, tok.Model())

	no := false
	v.AddBOS = &no
	tok = mustNew(t, v)
	require.Len(t, tok.Warnings(), 1)
	require.True(t, tok.AddBOS())
	v.Pre, v.Model, v.IDs = "sarvam-moe", ModelBPE, nil
	require.Equal(t, []int32{0, 9, 9}, mustNew(t, v).Encode("a\n\n", true, false), "with sarvam-moe, no BOS is added, and line breaks are never joined to one token")
	v.Merges = nil
	_, err := New(v, Options{})
	require.ErrorContains(t, err, "needs tokenizer.ggml.merges")
}
