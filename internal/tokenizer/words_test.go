package tokenizer

import (
	"flag"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"alpaca/internal/gguf"
	"alpaca/internal/testshared"
	"alpaca/internal/tokenizer/pretokenizer"
)

// wordRecord is a line of testdata/words.jsonl: a text and its tokens, in a vocabulary that
// shows where words end. A text has a record for each way to split it, with the names of the
// pre-tokenizers that split in this way:
//
//	names  in llama.cpp (llama_tokenize of xllamacpp 2026.10.11549), for all 91 names
//	models in the pattern of the model's own tokenizer.json (tokenizers 0.23.3), for the
//	       names for which llama.cpp differs
type wordRecord struct {
	Text   string   `json:"text"`
	IDs    []int32  `json:"ids"`
	Names  []string `json:"names"`
	Models []string `json:"models"`
}

// departs reports whether the pre-tokenizer with the given name splits words in another way in
// llama.cpp than in the model's tokenizer.
func departs(name string) bool {
	ours, _ := pretokenizer.Lookup(name, false)
	reference, _ := pretokenizer.Lookup(name, true)
	return ours != reference
}

func readWords(t *testing.T) (records []wordRecord, texts []string) {
	records = testshared.ReadLines[wordRecord](t, "testdata/words.jsonl")
	for _, r := range records {
		if !slices.Contains(texts, r.Text) {
			texts = append(texts, r.Text)
		}
	}
	return records, texts
}

// wordVocab makes the vocabulary of the records. It has a token for each byte. It also has the
// tokens that arise when a text is merged from left to right, for any division into words. Its
// last tokens are two words and a run of line breaks that no merges lead to.
func wordVocab(texts []string, pre *pretokenizer.PreTokenizer) Vocab {
	v := Vocab{Model: ModelBPE, Merges: []string{}}
	known := map[string]bool{}
	add := func(text string, typ Type) bool {
		if known[text] {
			return false
		}
		known[text] = true
		v.Tokens, v.Types = append(v.Tokens, text), append(v.Types, int32(typ))
		return true
	}
	for b := range 256 {
		if pre.Raw {
			add(byteName(byte(b)), TypeByte)
		} else {
			add(string(byteRune[b]), TypeNormal)
		}
	}
	const longest = 20 // bytes
	for _, text := range texts {
		if strings.Contains(text, "zebra") {
			continue
		}
		switch {
		case !pre.Raw:
			text = string(appendMapped(nil, text))
		case pre.SpaceMarks:
			text = strings.ReplaceAll(text, " ", spaceMark)
		}
		for start := range text {
			end := start
			for i, r := range text[start:] {
				next := start + i + len(string(r))
				if next-start > longest {
					break
				}
				if i > 0 && add(text[start:next], TypeNormal) {
					v.Merges = append(v.Merges, text[start:end]+" "+string(r))
				} else if i == 0 {
					add(text[start:next], TypeNormal)
				}
				end = next
			}
		}
	}
	for _, text := range []string{"zebra", "Ġzebra", "\n\n\n\n\n\n\n"} {
		add(text, TypeNormal)
	}
	return v
}

var wordVocabs = flag.String("word-vocabs", "", "write the vocabularies of testdata/words.jsonl to this folder, a file for each pre-tokenizer, for other programs to read")

func TestWordRecords(t *testing.T) {
	records, texts := readWords(t)
	if *wordVocabs != "" {
		writeWordVocabs(t, texts)
	}
	toks := map[string]*Tokenizer{}
	vocabs := map[[2]bool]Vocab{}
	tok := func(name string, reference bool) *Tokenizer {
		key := name + strconv.FormatBool(reference)
		if toks[key] == nil {
			p, ok := pretokenizer.Lookup(name, reference)
			require.True(t, ok, name)
			kind := [2]bool{p.Raw, p.SpaceMarks}
			if vocabs[kind].Tokens == nil {
				vocabs[kind] = wordVocab(texts, p)
			}
			v := vocabs[kind]
			v.Pre = name
			var err error
			toks[key], err = New(v, Options{ReferencePre: reference})
			require.NoError(t, err)
		}
		return toks[key]
	}
	seen := map[string]int{}
	for _, r := range records {
		for _, name := range r.Names {
			require.Equal(t, r.IDs, tok(name, true).Encode(r.Text, false, false), "%s: %q", name, r.Text)
			if !departs(name) {
				require.Equal(t, r.IDs, tok(name, false).Encode(r.Text, false, false), "%s: %q", name, r.Text)
			}
			seen[name]++
		}
		for _, name := range r.Models {
			require.Equal(t, r.IDs, tok(name, false).Encode(r.Text, false, false), "%s, words as in the model's training: %q", name, r.Text)
			seen[name+" as trained"]++
		}
	}
	for _, name := range pretokenizer.Names() {
		if name == "whitespace" || name == "sarvam-moe" { // llama.cpp aborts on spaces or line breaks
			require.Greater(t, seen[name], 3, name)
			continue
		}
		require.Equal(t, len(texts), seen[name], name)
		if departs(name) {
			require.Equal(t, len(texts), seen[name+" as trained"], name)
		}
	}
}

func writeWordVocabs(t *testing.T, texts []string) {
	for _, name := range pretokenizer.Names() {
		p, _ := pretokenizer.Lookup(name, false)
		v := wordVocab(texts, p)
		w, err := gguf.Create(filepath.Join(*wordVocabs, name+".gguf"), []gguf.KV{
			{Key: "general.architecture", Value: gguf.Str("llama")},
			{Key: "tokenizer.ggml.model", Value: gguf.Str(v.Model)},
			{Key: "tokenizer.ggml.pre", Value: gguf.Str(name)},
			{Key: "tokenizer.ggml.tokens", Value: gguf.Strs(v.Tokens)},
			{Key: "tokenizer.ggml.token_type", Value: gguf.I32s(v.Types)},
			{Key: "tokenizer.ggml.merges", Value: gguf.Strs(v.Merges)},
		}, nil)
		require.NoError(t, err)
		require.NoError(t, w.Commit())
	}
}
