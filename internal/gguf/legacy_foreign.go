package gguf

import (
	"encoding/binary"
	"strings"
)

// dialect says how to recognize a kind of file that begins like LLaMA's
// "ggml" but continues differently. The library ggml began with examples
// for many models, and each example wrote its own kind of file.
type dialect struct {
	what   string
	format string
	// fields has a letter for each number after the magic and version:
	// v stands for vocabulary, c for context, e for embedding, h for
	// heads, l for layers, t for type, and x for any other number.
	fields string
	again  bool   // the number of tokens is repeated before the tokens
	scored bool   // tokens have a score
	tensor string // possible beginnings of the first tensor's name, separated by spaces
}

var dialects = []dialect{
	{"a GPT-J model", "ggml", "vcehlxt", true, false, "transformer."},
	{"a GPT-2 or StarCoder model", "ggml", "vcehlt", true, false, "model/"},
	{"a GPT-NeoX model (StableLM, Dolly, RedPajama)", "ggml", "vcehlxxt", false, false, "gpt_neox. embed_out."},
	{"a GPT-NeoX model (StableLM, Dolly, RedPajama)", "ggml", "vcehlxt", false, false, "gpt_neox. embed_out."},
	{"an MPT model", "ggml", "echlvxxt", false, false, "transformer."},
	{"a Replit model", "ggml", "echlvt", false, true, "transformer."},
	{"a BLOOM model", "ggml", "vexhlt", false, false, "tok_embeddings. norm. layers. output_norm."},
	{"a Falcon model", "ggml", "vehxlt", false, false, "transformer. lm_head."},
	{"a Falcon model", "ggml", "vehxlxt", false, false, "transformer. lm_head."},
	{"a Falcon model", "ggml", "vcehxlt", false, false, "transformer. lm_head."},
	{"a Falcon model", "ggjt", "vehxlxt", false, true, "transformer. lm_head."},
	{"a BERT model", "ggml", "vcexhlt", false, false, "embeddings. encoder. pooler."},
}

// foreign describes the file if it is a model of a family other than LLaMA. Otherwise it
// returns "".
func (l *legacyFile) foreign() string {
	head, err := l.im.at(0, min(l.im.size, maxLegacyText))
	if err != nil {
		return ""
	}
	if l.format == "ggmf" && l.version >= 100 && l.version < 200 {
		return "an RWKV model"
	}
	if isWhisper(head) {
		return "a Whisper model, which is for speech recognition"
	}
	for _, d := range dialects {
		if d.format == l.format && d.matches(head, l.im.size) {
			return d.what + " of 2023"
		}
	}
	return ""
}

// isWhisper recognizes Whisper by its two context lengths, which are the same in all its
// models.
func isWhisper(head []byte) bool {
	le := binary.LittleEndian
	return len(head) >= 44 && le.Uint32(head[8:]) == 1500 && le.Uint32(head[24:]) == 448
}

// matches reports whether the numbers, vocabulary and first tensor of a
// file fit the dialect. The file has size bytes and begins with head.
func (d *dialect) matches(head []byte, size int64) bool {
	c := &cursor{b: head, size: size}
	c.u32()
	if d.format != "ggml" {
		c.u32()
	}
	limits := map[rune]int32{'v': maxLegacyVocab, 'c': 1 << 20, 'e': 1 << 17, 'h': 1 << 12, 'l': 1 << 10, 't': 1 << 14}
	var vocab int32
	for _, f := range d.fields {
		n := c.i32()
		if limit, ok := limits[f]; ok && (n < 0 || n > limit || n == 0 && f != 't') {
			return false
		}
		if f == 'v' {
			vocab = n
		}
	}
	if d.again { // the vocabulary may have fewer tokens than the embedding has rows
		if again := c.i32(); again < 1 || again > vocab {
			return false
		} else {
			vocab = again
		}
	}
	if c.err != nil {
		return false
	}
	if err := eachToken(c, int(vocab), d.scored, func([]byte, float32) {}); err != nil {
		return false
	}
	return c.offset() == size || d.hasTensor(c)
}

// hasTensor reports whether the next bytes are a tensor's record with one of the dialect's
// names.
func (d *dialect) hasTensor(c *cursor) bool {
	dims, nameLen := c.i32(), c.i32()
	c.i32() // type
	if dims < 1 || dims > 4 || nameLen < 1 || nameLen > maxLegacyName {
		return false
	}
	c.bytes(uint64(4 * dims))
	name := string(c.bytes(uint64(nameLen)))
	for prefix := range strings.FieldsSeq(d.tensor) {
		if c.err == nil && strings.HasPrefix(name, prefix) {
			return true
		}
	}
	return false
}
