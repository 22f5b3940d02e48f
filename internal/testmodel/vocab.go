package testmodel

import (
	"fmt"

	"alpaca/internal/gguf"
)

// pieces are the texts of several characters that both vocabularies have. Each can be merged
// from two shorter texts that the vocabularies have.
var pieces = []string{
	"he", "in", "on", "an", "er", "re", "nd", "at", "ou", "ce", "im", "ll", "la", "ma", "ti", "pa", "as", "up",
	" t", " a", " s", " w", " o", " l", " the", " an", " and", " on", " up", " was", " la", " lla", " ma", " ti",
}

// spmVocab returns the metadata of a vocabulary like that of LLaMA 1 and 2: <unk>, <s>, </s>,
// the bytes, pieces by rank, then single characters.
func spmVocab() []gguf.KV {
	const normal, unknown, control, byteToken = 1, 2, 3, 6
	var texts []string
	var scores []float32
	var types []int32
	add := func(text string, score float32, typ int32) {
		texts, scores, types = append(texts, text), append(scores, score), append(types, typ)
	}
	add("<unk>", 0, unknown)
	add("<s>", 0, control)
	add("</s>", 0, control)
	for b := range 256 {
		add(fmt.Sprintf("<0x%02X>", b), 0, byteToken)
	}
	for i, text := range pieces {
		add(spaceMark(text), -float32(i), normal)
	}
	for c := ' '; c < 0x7f; c++ {
		add(spaceMark(string(c)), -1000-float32(c), normal)
	}
	add("é", -2000, normal)
	return []gguf.KV{
		{Key: "tokenizer.ggml.model", Value: gguf.Str("llama")},
		{Key: "tokenizer.ggml.tokens", Value: gguf.Strs(texts)},
		{Key: "tokenizer.ggml.scores", Value: gguf.F32s(scores)},
		{Key: "tokenizer.ggml.token_type", Value: gguf.I32s(types)},
		{Key: "tokenizer.ggml.bos_token_id", Value: gguf.U32(1)},
		{Key: "tokenizer.ggml.eos_token_id", Value: gguf.U32(2)},
		{Key: "tokenizer.ggml.unknown_token_id", Value: gguf.U32(0)},
	}
}

// spaceMark replaces spaces by U+2581, as SentencePiece does.
func spaceMark(text string) string {
	out := ""
	for _, c := range text {
		if c == ' ' {
			c = '▁'
		}
		out += string(c)
	}
	return out
}

// bpeVocab returns the metadata of a vocabulary like GPT-2's: the bytes, the pieces that merges
// make from them, and <|endoftext|>.
func bpeVocab() []gguf.KV {
	const normal, control = 1, 3
	var texts, merges []string
	var types []int32
	known := map[string]bool{}
	add := func(text string, typ int32) {
		texts, types, known[text] = append(texts, text), append(types, typ), true
	}
	for b := range 256 {
		add(string(byteRune(byte(b))), normal)
	}
	for _, piece := range pieces {
		text := ""
		for _, b := range []byte(piece) {
			text += string(byteRune(b))
		}
		// The left part is as long as possible. For example, " the"
		// becomes " t" and "he", because " th" is not a token.
		runes := []rune(text)
		for cut := len(runes) - 1; cut > 0; cut-- {
			if left, right := string(runes[:cut]), string(runes[cut:]); known[left] && known[right] {
				merges = append(merges, left+" "+right)
				break
			}
		}
		add(text, normal)
	}
	add("<|endoftext|>", control)
	end := uint32(len(texts) - 1)
	return []gguf.KV{
		{Key: "tokenizer.ggml.model", Value: gguf.Str("gpt2")},
		{Key: "tokenizer.ggml.pre", Value: gguf.Str("gpt-2")},
		{Key: "tokenizer.ggml.tokens", Value: gguf.Strs(texts)},
		{Key: "tokenizer.ggml.token_type", Value: gguf.I32s(types)},
		{Key: "tokenizer.ggml.merges", Value: gguf.Strs(merges)},
		{Key: "tokenizer.ggml.bos_token_id", Value: gguf.U32(end)},
		{Key: "tokenizer.ggml.eos_token_id", Value: gguf.U32(end)},
	}
}

// byteRune returns GPT-2's character for a byte. If the byte is printable Latin-1, it is
// the character with the same number. Otherwise it is the next free character after U+00FF.
func byteRune(b byte) rune {
	printable := func(b byte) bool { return b >= 0x21 && b <= 0x7e || b >= 0xa1 && b <= 0xac || b >= 0xae }
	if printable(b) {
		return rune(b)
	}
	r := rune(0x100)
	for c := range b {
		if !printable(c) {
			r++
		}
	}
	return r
}
