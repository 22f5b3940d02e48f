package tokenizer

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"alpaca/internal/testshared"
)

// endVocab returns a BPE vocabulary with further tokens, each given as "TEXT TYPE".
func endVocab(tokens ...string) Vocab {
	v := smallBPE(1)
	for i, text := range v.Tokens {
		if text == "<|end|>" { // a test may add "<|end|>" with a type of its own
			v.Tokens[i] = "<|x|>"
		}
	}
	v.Tokens, v.Types, v.Scores = v.Tokens[2:], v.Types[2:], nil // no <unk>, <s>
	v.Tokens[0], v.Types[0] = "first", int32(TypeNormal)
	types := map[string]Type{"normal": TypeNormal, "control": TypeControl, "user": TypeUserDefined, "unused": TypeUnused, "unknown": TypeUnknown}
	for _, token := range tokens {
		text, typ, _ := strings.Cut(token, " ")
		v.Tokens, v.Types = append(v.Tokens, text), append(v.Types, int32(types[typ]))
	}
	v.IDs = map[string]int64{"eos": 0}
	return v
}

func TestEnds(t *testing.T) {
	for _, text := range append([]string{"[PAD]", "<fim_pad>", "<reponame>", "<|file_sep|>", "<PAD>"}, endTexts...) {
		for _, tt := range []struct {
			typ string
			end bool
		}{{"control", true}, {"user", true}, {"unknown", true}, {"normal", false}, {"unused", false}} {
			tok := mustNew(t, endVocab(text+" "+tt.typ))
			id, ok := tok.ID(text)
			require.True(t, ok)
			require.Equal(t, tt.end, tok.IsEOG(id), "%s %s", text, tt.typ)
			require.True(t, tok.IsEOG(0), "the token of eos_token_id ends a generation, whatever its type")
			require.Equal(t, tt.end, tok.IsControl(id), "%s %s", text, tt.typ)
		}
	}
	for _, text := range []string{"<s>", "<|im_start|>", "</S>", "<|END|>", "eos", "<|eot|>", "<fim_prefix>", "[SEP]"} {
		tok := mustNew(t, endVocab(text+" control"))
		require.Equal(t, []int32{0}, tok.EOG(), text)
	}
}

// TestEndsOfParts checks that "<|end|>" only ends a part of an answer if other tokens end the
// whole answer.
func TestEndsOfParts(t *testing.T) {
	tests := []struct {
		name   string
		tokens []string
		ends   []string
		shown  []string
	}{
		{"alone", []string{"<|end|> control", "<|return|> control"}, []string{"<|end|>", "<|return|>"}, nil},
		{"harmony", []string{"<|end|> control", "<|return|> control", "<|call|> control", "<|channel|> control", "<|start|> control", "<|endoftext|> control"},
			[]string{"<|return|>", "<|call|>", "<|endoftext|>"}, []string{"<|end|>", "<|channel|>", "<|start|>"}},
		{"solar", []string{"<|end|> control", "<|flush|> control", "<|calls|> control"}, []string{"<|flush|>", "<|calls|>"}, []string{"<|end|>"}},
		{"normal tokens do not make <|end|> the end of a part", []string{"<|end|> control", "<|return|> normal", "<|call|> normal"}, []string{"<|end|>"}, nil},
		{"HTML", []string{"</s> normal", "<|tool_response> control"}, []string{"<|tool_response>"}, nil},
		{"both", []string{"</s> control", "<|tool_response> control"}, []string{"</s>", "<|tool_response>"}, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tok := mustNew(t, endVocab(tt.tokens...))
			want, shown := []int32{0}, []int32{}
			for _, text := range tt.ends {
				id, _ := tok.ID(text)
				want = append(want, id)
			}
			require.ElementsMatch(t, want, tok.EOG())
			for _, text := range tt.shown {
				id, _ := tok.ID(text)
				require.Equal(t, text, tok.Piece(id, false))
				shown = append(shown, id)
			}
			require.Len(t, tok.shown, len(shown))
		})
	}
	v := endVocab("<|end|> control", "<|return|> control", "<|call|> control")
	end := int64(len(v.Tokens) - 3)
	v.IDs["eos"] = end
	tok := mustNew(t, v)
	require.True(t, tok.IsEOG(int32(end)), "a key of the file takes precedence over the rule for <|end|>")
	require.Equal(t, "", tok.Piece(int32(end), false))
}

func TestListedEnds(t *testing.T) {
	v := smallSPM(1)
	v.EOS = []int32{7, 2, -1, int32(len(v.Tokens))}
	tok := mustNew(t, v)
	require.Subset(t, tok.EOG(), []int32{2, 7})
	require.Len(t, tok.Warnings(), 2)
	require.Contains(t, tok.Warnings()[0], "eos_token_ids")
}

// TestEndCases reads files in which an earlier version of the program did not find all end tokens.
func TestEndCases(t *testing.T) {
	for name, want := range map[string][]int32{
		"eog-tokens/llama3": {266, 269, 270}, "eog-tokens/deepseek": {261, 262}, "eog-tokens/end_of_utterance": {261, 262},
		"eog-tokens/eos-bracket": {261, 262}, "eog-tokens/eot-bracket": {261, 262},
	} {
		require.Equal(t, want, load(t, "cases/"+name+".gguf").EOG(), name)
	}
}

// TestWordCases reads files for which an earlier version of the program split words in another way
// than in the model's training.
func TestWordCases(t *testing.T) {
	for name, want := range map[string][]int32{
		"mellum": {259, 32, 263, 276, 32, 73, 39, 76, 76}, "midm-2.0": {11, 259, 273, 275, 52, 32, 73, 39, 76, 76},
		"seed-coder":      {259, 32, 263, 49, 50, 51, 52, 32, 73, 39, 76, 76},
		"granite-docling": {259, 32, 263, 276, 32, 73, 39, 76, 76}, "gpt-4o": {259, 32, 263, 275, 52, 32, 73, 39, 76, 76},
	} {
		require.Equal(t, want, load(t, "cases/pretokenizers/"+name+".gguf").Encode("hello world1234 I'LL", true, true), name)
	}
	for _, name := range []string{"tekken", "gpt-4o"} {
		file := "cases/pretokenizer-marks-" + name + "/m.gguf"
		testshared.Path(t, file)
		require.Equal(t, []int32{259}, load(t, file).Encode("नि", false, true), name)
		tok, err := New(loadVocab(t, file), Options{ReferencePre: true})
		require.NoError(t, err)
		require.Equal(t, []int32{257, 258}, tok.Encode("नि", false, true), name)
	}
}
