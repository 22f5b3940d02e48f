package vocab

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"alpaca/internal/checkpoint/config"
	"alpaca/internal/gguf"
	"alpaca/internal/testshared"
	"alpaca/internal/tokenizer"
)

// records returns, for each model, the tokens that the checkpoint's own tokenizer makes of texts.
func records(t *testing.T) map[string][]testshared.Tokenized {
	all := map[string][]testshared.Tokenized{}
	for _, r := range testshared.ReadLines[testshared.Tokenized](t, testshared.Path(t, "golden/hf-tokens.jsonl")) {
		all[r.Model] = append(all[r.Model], r)
	}
	return all
}

// ready makes a tokenizer from a vocabulary.
func ready(t *testing.T, v *Vocab) *tokenizer.Tokenizer {
	f, err := gguf.FromMemory("x", "test", 0, v.KV, nil)
	require.NoError(t, err)
	tok, err := tokenizer.FromGGUF(f, tokenizer.Options{})
	require.NoError(t, err)
	require.Empty(t, tok.Warnings())
	return tok
}

// copyFolder copies the files of a folder, except the weights and the files whose names are in
// without.
func copyFolder(t *testing.T, from string, without ...string) string {
	dir := t.TempDir()
	entries, err := os.ReadDir(from)
	require.NoError(t, err)
files:
	for _, e := range entries {
		for _, name := range append(without, "model.safetensors", "pytorch_model.bin") {
			if e.Name() == name {
				continue files
			}
		}
		raw, err := os.ReadFile(filepath.Join(from, e.Name()))
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(filepath.Join(dir, e.Name()), raw, 0o644))
	}
	return dir
}

// TestTokens compares the tokens of texts with those of the checkpoints' own tokenizers. If a
// checkpoint has a tokenizer.model, the test also reads the checkpoint without this file, because
// transformers 5 does not write one. The scores then come from the merges.
func TestTokens(t *testing.T) {
	models, saved := 0, 0
	for name, list := range records(t) {
		dir := filepath.Join(testshared.Path(t, "models/hf"), name)
		if _, err := os.Stat(filepath.Join(dir, "tokenizer.json")); err != nil {
			continue
		}
		t.Run(name, func(t *testing.T) {
			variants := []string{dir}
			if _, err := os.Stat(filepath.Join(dir, modelFile)); err == nil {
				variants = append(variants, copyFolder(t, dir, modelFile, specialFile, addedFile))
				saved++
			}
			for _, dir := range variants {
				o, err := config.ReadFile(filepath.Join(dir, "config.json"))
				require.NoError(t, err)
				v, err := Read(Options{Dir: dir, Config: o, Gemma4: name == "gemma4"})
				require.NoError(t, err)
				require.NotContains(t, strings.Join(v.Notes, "\n"), "left out", dir)
				tok := ready(t, v)
				for _, r := range list {
					require.Equal(t, r.Plain, tok.Encode(r.Text, false, true), "%s: %q", dir, r.Text)
					if r.IDs != nil {
						require.Equal(t, r.IDs, tok.Encode(r.Text, true, true), "%s: %q", dir, r.Text)
					}
				}
			}
			models++
		})
	}
	require.GreaterOrEqual(t, models, 26)
	require.GreaterOrEqual(t, saved, 8)
}

// TestRanks checks the merges that are made from a vocabulary's ranks. It
// writes a vocabulary with known merges in the form of tiktoken and in the form
// of Mistral. In Mistral's form, tokens beyond the given size do not count.
func TestRanks(t *testing.T) {
	src, err := readTokenizerJSON(filepath.Join(testshared.Path(t, "models/hf/llama3"), jsonFile))
	require.NoError(t, err)
	var ranks [][]byte
	var merges []string
	for b := range 256 {
		ranks = append(ranks, []byte{byte(b)})
	}
	raw := map[string][]byte{}
	for b := range 256 {
		raw[tokenizer.ByteText([]byte{byte(b)})] = []byte{byte(b)}
	}
	for _, m := range src.Model.Merges {
		if raw[m.left+m.right] != nil {
			continue
		}
		token := append(append([]byte{}, raw[m.left]...), raw[m.right]...)
		raw[m.left+m.right] = token
		ranks = append(ranks, token)
		merges = append(merges, m.left+" "+m.right)
	}
	require.Greater(t, len(merges), 50)

	var lines strings.Builder
	for rank, token := range ranks {
		fmt.Fprintf(&lines, "%s %d\n", base64.StdEncoding.EncodeToString(token), rank)
	}
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, modelFile), []byte(lines.String()), 0o644))
	v, err := Read(Options{Dir: dir, Config: config.Parse(nil, "")})
	require.NoError(t, err)
	require.Equal(t, len(ranks)+256, v.Size)
	require.Equal(t, merges, strs(t, v, "tokenizer.ggml.merges"))
	tok := ready(t, v)
	require.Equal(t, "<|eot_id|>", tok.Text(int32(len(ranks)+9)))
	require.Equal(t, int32(len(ranks)), tok.Encode("a", true, false)[0])

	type entry struct {
		Rank  int    `json:"rank"`
		Bytes []byte `json:"token_bytes"`
	}
	const special = 30
	var list []entry
	for rank, token := range append(ranks, []byte("beyond the size")) {
		list = append(list, entry{rank, token})
	}
	file, err := json.Marshal(map[string]any{
		"config": map[string]int{"default_vocab_size": special + len(ranks), "default_num_special_tokens": special}, "vocab": list,
	})
	require.NoError(t, err)
	dir = t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, tekkenFile), file, 0o644))
	v, err = Read(Options{Dir: dir, Config: config.Parse(nil, "")})
	require.NoError(t, err)
	require.Equal(t, special+len(ranks), v.Size)
	require.Equal(t, merges, strs(t, v, "tokenizer.ggml.merges"))
	tok = ready(t, v)
	require.Equal(t, "[INST]", tok.Text(3))
	require.Equal(t, []int32{1, special + 'A'}, tok.Encode("A", true, false))
}

// strs returns the value of a key, a list of strings.
func strs(t *testing.T, v *Vocab, key string) []string {
	for _, kv := range v.KV {
		if kv.Key == key {
			return kv.Value.Any().([]string)
		}
	}
	t.Fatal("no key ", key)
	return nil
}

// TestUserDefined checks that a user-defined piece of a SentencePiece model keeps its type,
// and that there is a note about the model's normal form.
func TestUserDefined(t *testing.T) {
	piece := func(text string, typ byte) string {
		body := "\x0a" + string(rune(len(text))) + text + "\x15\x00\x00\x00\x00\x18" + string(rune(typ))
		return "\x0a" + string(rune(len(body))) + body
	}
	model := piece("<unk>", 2) + piece("<s>", 3) + piece("</s>", 3) + piece("<mine>", 4) + piece("a", 1) + "\x12\x02\x18\x02" + "\x1a\x0a\x0a\x08nmt_nfkc"
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, modelFile), []byte(model), 0o644))
	v, err := Read(Options{Dir: dir, Config: config.Parse(nil, ""), Size: 7})
	require.NoError(t, err)
	for _, kv := range v.KV {
		if kv.Key == "tokenizer.ggml.token_type" {
			require.Equal(t, []int64{gguf.TokenUnknown, gguf.TokenControl, gguf.TokenControl, gguf.TokenUserDefined, gguf.TokenNormal, gguf.TokenUnused, gguf.TokenUnused}, kv.Value.Any())
		}
	}
	require.Contains(t, strings.Join(v.Notes, "\n"), `the normal form "nmt_nfkc", for which GGUF has no key`)
	require.NoError(t, os.WriteFile(filepath.Join(dir, modelFile), []byte(strings.Replace(model, "\x12\x02\x18\x02", "\x12\x02\x18\x01", 1)), 0o644))
	_, err = Read(Options{Dir: dir, Config: config.Parse(nil, "")})
	require.ErrorContains(t, err, "a unigram model is not supported")
}

// TestAround checks that tokenizer.json decides whether BOS and a space are put in
// front of a text. tokenizer_config.json counts only if tokenizer.json does not decide.
func TestAround(t *testing.T) {
	const (
		vocab    = `"model":{"type":"BPE","byte_fallback":true,"vocab":{"<s>":0,"▁":1,"a":2,"▁a":3},"merges":["▁ a"]}`
		template = `"post_processor":{"type":"TemplateProcessing","single":[{"SpecialToken":{"id":"<s>","type_id":0}},{"Sequence":{"id":"A","type_id":0}}]},`
		replace  = `{"type":"Replace","pattern":{"String":" "},"content":"▁"}`
	)
	for _, tt := range []struct {
		name, parts, config string
		bos, space          bool
	}{
		{"2023's form", template + `"normalizer":{"type":"Sequence","normalizers":[{"type":"Prepend","prepend":"▁"},` + replace + `]},`, `{"legacy":false,"add_bos_token":false}`, true, true},
		{"a space before the first word", template + `"pre_tokenizer":{"type":"Metaspace","replacement":"▁","prepend_scheme":"first","split":false},`, `{"legacy":false,"add_prefix_space":false}`, true, true},
		{"a space before every word", `"pre_tokenizer":{"type":"Metaspace","replacement":"▁","prepend_scheme":"always"},"post_processor":{"type":"ByteLevel"},`, `{"add_bos_token":true}`, false, true},
		{"no space", `"pre_tokenizer":{"type":"Metaspace","replacement":"▁","prepend_scheme":"never"},"post_processor":{"type":"ByteLevel"},`, `{"legacy":true,"add_bos_token":true,"add_prefix_space":true}`, false, false},
		{"from an older library", template + `"pre_tokenizer":{"type":"Metaspace","replacement":"▁","add_prefix_space":false},`, `{"tokenizer_class":"LlamaTokenizer","add_prefix_space":true}`, true, false},
		{"Gemma's normalizer", template + `"normalizer":` + replace + `,`, `{"tokenizer_class":"LlamaTokenizerFast","legacy":true}`, true, false},
		{"no post-processor: tokenizer_config.json decides", `"normalizer":` + replace + `,`, `{"add_bos_token":true}`, true, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			require.NoError(t, os.WriteFile(filepath.Join(dir, jsonFile), []byte(`{"added_tokens":[{"id":0,"content":"<s>","special":true}],`+tt.parts+vocab+`}`), 0o644))
			require.NoError(t, os.WriteFile(filepath.Join(dir, configFile), []byte(tt.config), 0o644))
			v, err := Read(Options{Dir: dir, Config: config.Parse([]byte(`{"bos_token_id":0}`), "config.json")})
			require.NoError(t, err)
			got := map[string]any{}
			for _, kv := range v.KV {
				got[kv.Key] = kv.Value.Any()
			}
			require.Equal(t, tt.bos, got["tokenizer.ggml.add_bos_token"])
			require.Equal(t, tt.space, got["tokenizer.ggml.add_space_prefix"])
		})
	}
}

// TestSameNumber checks vocabularies in which two tokens have one number. Within the vocabulary, this
// is an error. An added token replaces the other token, as in the tokenizers library, with a note.
func TestSameNumber(t *testing.T) {
	read := func(vocab, added string) (*Vocab, error) {
		dir := t.TempDir()
		require.NoError(t, os.WriteFile(filepath.Join(dir, jsonFile), []byte(`{"added_tokens":[`+added+`],"pre_tokenizer":{"type":"ByteLevel"},"model":{"type":"BPE","vocab":`+vocab+`,"merges":[]}}`), 0o644))
		return Read(Options{Dir: dir, Config: config.Parse(nil, "config.json"), Pre: "gpt-2"})
	}
	_, err := read(`{"red":0,"green":1,"blue":1}`, "")
	require.ErrorContains(t, err, `the tokens "blue" and "green" both have the number 1`)
	v, err := read(`{"red":0,"green":1,"blue":3}`, `{"id":3,"content":"black"}`)
	require.NoError(t, err)
	require.Contains(t, v.Notes, `added token "black" has the number 3 of the token "blue", which is left out: the model read both as the same token`)
	for _, kv := range v.KV {
		if kv.Key == "tokenizer.ggml.tokens" {
			require.Equal(t, []string{"red", "green", "[PAD2]", "black"}, kv.Value.Any())
		}
	}
	v, err = read(`{"red":0,"green":1,"blue":3}`, `{"id":3,"content":"blue"}`)
	require.NoError(t, err)
	require.NotContains(t, strings.Join(v.Notes, "\n"), "left out")
}

// TestGemma4 checks the types of added tokens. A token that no merge makes is user-defined, so it
// is found before words are merged. A control token that programs need in the output is
// user-defined, too. A token that merges make stays normal.
func TestGemma4(t *testing.T) {
	const file = `{"added_tokens":[{"id":0,"content":"<bos>","special":true},{"id":1,"content":"<|tool_call>","special":true},{"id":2,"content":"<table>","special":false},
		{"id":3,"content":"▁▁","special":false},{"id":4,"content":"\n","special":false}],"normalizer":{"type":"Replace","pattern":{"String":" "},"content":"▁"},
		"pre_tokenizer":{"type":"Split","pattern":{"String":" "},"behavior":"MergedWithPrevious"},
		"model":{"type":"BPE","byte_fallback":true,"vocab":{"<bos>":0,"<|tool_call>":1,"<table>":2,"▁▁":3,"\n":4,"▁":5,"a":6,"<0x41>":7},"merges":[["▁","▁"]]}}`
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, jsonFile), []byte(file), 0o644))
	v, err := Read(Options{Dir: dir, Config: config.Parse([]byte(`{"bos_token_id":0}`), "config.json"), Size: 9, Gemma4: true})
	require.NoError(t, err)
	require.Empty(t, v.Notes)
	for _, kv := range v.KV {
		switch kv.Key {
		case "tokenizer.ggml.token_type":
			require.Equal(t, []int64{
				gguf.TokenControl, gguf.TokenUserDefined, gguf.TokenUserDefined, gguf.TokenNormal, gguf.TokenNormal, gguf.TokenNormal, gguf.TokenNormal, gguf.TokenByte, gguf.TokenUnused,
			}, kv.Value.Any())
		case "tokenizer.ggml.merges":
			require.Equal(t, []string{"▁ ▁"}, kv.Value.Any())
		}
	}
	tok := ready(t, v)
	require.Equal(t, []int32{0, 6, 3, 2, 4, 1, 7}, tok.Encode("a  <table>\n<|tool_call>A", true, false))
	require.Equal(t, "  ", tok.Piece(3, false))
	require.Equal(t, "<|tool_call>", tok.Piece(1, false))
}
