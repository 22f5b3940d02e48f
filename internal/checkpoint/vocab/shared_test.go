package vocab

import (
	"bufio"
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

// record is what a checkpoint's own tokenizer makes of a text.
type record struct {
	Model, Text string
	IDs         []int32 `json:"ids"`
	Plain       []int32 `json:"ids_plain"`
}

// records returns them by model.
func records(t *testing.T) map[string][]record {
	f, err := os.Open(testshared.Path(t, "golden/hf-tokens.jsonl"))
	require.NoError(t, err)
	defer f.Close()
	all := map[string][]record{}
	scan := bufio.NewScanner(f)
	scan.Buffer(nil, 1<<24)
	for scan.Scan() {
		var r record
		require.NoError(t, json.Unmarshal(scan.Bytes(), &r))
		all[r.Model] = append(all[r.Model], r)
	}
	require.NoError(t, scan.Err())
	return all
}

// ready makes the tokenizer of a vocabulary.
func ready(t *testing.T, v *Vocab) *tokenizer.Tokenizer {
	f, err := gguf.FromMemory("x", "test", 0, v.KV, nil)
	require.NoError(t, err)
	tok, err := tokenizer.FromGGUF(f, tokenizer.Options{})
	require.NoError(t, err)
	require.Empty(t, tok.Warnings())
	return tok
}

// copyFolder copies the small files of a folder, but for those that are left out.
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

// TestTokens compares the tokens of texts with those of the checkpoints' own tokenizers:
// of the files as they are, and without tokenizer.model and what transformers 5 no longer
// writes, where the scores come from the merges.
func TestTokens(t *testing.T) {
	models, saved := 0, 0
	for name, list := range records(t) {
		dir := filepath.Join(testshared.Path(t, "models/hf"), name)
		if _, err := os.Stat(filepath.Join(dir, "tokenizer.json")); err != nil || name == "gemma4" {
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
				v, err := Read(Options{Dir: dir, Config: o})
				require.NoError(t, err)
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
	require.GreaterOrEqual(t, models, 25)
	require.GreaterOrEqual(t, saved, 8)
}

// TestRanks makes merges of the ranks of a vocabulary whose merges are known: in tiktoken's
// form, and in Mistral's, where the tokens behind the size do not count.
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

// strs returns the list of strings of a key.
func strs(t *testing.T, v *Vocab, key string) []string {
	for _, kv := range v.KV {
		if kv.Key == key {
			return kv.Value.Any().([]string)
		}
	}
	t.Fatal("no key ", key)
	return nil
}

// TestUserDefined: a piece that SentencePiece's model calls user-defined stays that,
// and its normal form is told of.
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
