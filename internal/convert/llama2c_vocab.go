package convert

import (
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"os"
	"strings"

	"alpaca/internal/gguf"
)

// These are the largest numbers of tokens and bytes in a vocabulary file.
const (
	maxVocab      = 1 << 18
	maxVocabBytes = 16 << 20
)

// readVocab reads a llama2.c vocabulary of n tokens and returns it as GGUF metadata:
//
//	longest text u32 │ n × (score f32, length u32, text)
func readVocab(path string, n int) ([]gguf.KV, error) {
	data, err := readSmall(path)
	if err != nil {
		return nil, err
	}
	le := binary.LittleEndian
	if len(data) < 4 {
		return nil, fmt.Errorf("%s: %d bytes are too few for a llama2.c vocabulary", path, len(data))
	}
	longest, rest := le.Uint32(data), data[4:]
	texts, scores, types := make([]string, n), make([]float32, n), make([]int32, n)
	for i := range n {
		if len(rest) < 8 {
			return nil, fmt.Errorf("%s: holds %d tokens, but the checkpoint has %d", path, i, n)
		}
		size := le.Uint32(rest[4:])
		if size > longest || uint64(size) > uint64(len(rest)-8) {
			return nil, fmt.Errorf("%s: token %d has %d bytes, but the longest token has %d, and only %d bytes are left: not a llama2.c vocabulary",
				path, i, size, longest, len(rest)-8)
		}
		scores[i] = math.Float32frombits(le.Uint32(rest))
		texts[i], types[i] = vocabText(i, string(rest[8:8+size]))
		rest = rest[8+size:]
	}
	if len(rest) > 0 {
		return nil, fmt.Errorf("%s: holds more than the %d tokens of the checkpoint: %d bytes are left", path, n, len(rest))
	}
	return []gguf.KV{
		{Key: "tokenizer.ggml.model", Value: gguf.Str("llama")},
		{Key: "tokenizer.ggml.tokens", Value: gguf.Strs(texts)},
		{Key: "tokenizer.ggml.scores", Value: gguf.F32s(scores)},
		{Key: "tokenizer.ggml.token_type", Value: gguf.I32s(types)},
		{Key: "tokenizer.ggml.bos_token_id", Value: gguf.U32(1)},
		{Key: "tokenizer.ggml.eos_token_id", Value: gguf.U32(2)},
		{Key: "tokenizer.ggml.unknown_token_id", Value: gguf.U32(0)},
	}, nil
}

// vocabText returns the text and the type of a token in GGUF.
func vocabText(id int, text string) (string, int32) {
	var b byte
	switch {
	case id == 0:
		return "<unk>", gguf.TokenUnknown
	case id == 1:
		return "<s>", gguf.TokenControl // the file has the text "\n<s>\n" for this token
	case id == 2:
		return "</s>", gguf.TokenControl
	case len(text) == 6 && scanByte(text, &b) && id == int(b)+3:
		return text, gguf.TokenByte
	}
	return strings.ReplaceAll(text, " ", "\u2581"), gguf.TokenNormal
}

// scanByte parses a token such as "<0x41>".
func scanByte(text string, b *byte) bool {
	_, err := fmt.Sscanf(text, "<0x%02X>", b)
	return err == nil && text == fmt.Sprintf("<0x%02X>", *b)
}

// readSmall reads a regular file of at most maxVocabBytes.
func readSmall(path string) ([]byte, error) {
	st, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !st.Mode().IsRegular() || st.Size() > maxVocabBytes {
		return nil, fmt.Errorf("%s: is not a file of at most %d MB, as vocabularies are", path, maxVocabBytes>>20)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, maxVocabBytes))
}
