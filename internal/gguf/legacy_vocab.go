package gguf

import (
	"fmt"
	"strings"
)

// These are bounds on a vocabulary. The largest vocabulary of 2023 had 2^16 tokens.
const (
	maxLegacyVocab = 1 << 18
	maxLegacyText  = 8 << 20 // bytes of all tokens, including their lengths and scores
)

// legacyVocab has the tokens of a file, in order of their ids.
type legacyVocab struct {
	text   [][]byte  // raw bytes, slices of the file
	scores []float32 // nil in ggml files
}

// LLaMA's vocabulary has three special tokens, a token for each byte, and then the pieces in the
// order in which they were learned.
const (
	unkToken, bosToken, eosToken = 0, 1, 2

	firstByte  = 3
	firstPiece = firstByte + 256
	llamaVocab = 32000 // tokens of LLaMA; more have been added by fine-tuning
)

// readVocab reads the vocabulary at offset start and returns the offset after it.
func (l *legacyFile) readVocab(start int64) (end int64, err error) {
	scored := l.format != "ggml"
	c, err := l.im.cursor(start, maxLegacyText)
	if err != nil {
		return 0, err
	}
	v := &l.vocab
	err = eachToken(c, int(l.hparams.Vocab), scored, func(text []byte, score float32) {
		v.text = append(v.text, text)
		if scored {
			v.scores = append(v.scores, score)
		}
	})
	if err != nil {
		return 0, err
	}
	v.repairBytes()
	return c.offset(), nil
}

// eachToken reads n tokens, with scores if scored is set, and calls visit for each.
func eachToken(c *cursor, n int, scored bool, visit func(text []byte, score float32)) error {
	each := int64(4)
	if scored {
		each = 8
	}
	if int64(n) > (c.size-c.offset())/each {
		return fmt.Errorf("vocabulary of %d tokens runs %w (%d bytes)", n, ErrTruncated, c.size)
	}
	for i := range n {
		text := c.bytes(uint64(c.u32()))
		var score float32
		if scored {
			score = c.f32()
		}
		if c.err != nil {
			return fmt.Errorf("token %d of %d: %w", i, n, c.err)
		}
		visit(text, score)
	}
	return nil
}

// repairBytes repairs the tokens for single bytes. Until 13 March 2023, the converter replaced
// all bytes from 0x80 on by U+FFFD, the character that stands for bytes that are not UTF-8.
func (v *legacyVocab) repairBytes() {
	if len(v.text) < llamaVocab {
		return
	}
	const from = firstByte + 0x80
	for _, t := range v.text[from:firstPiece] {
		if string(t) != "\uFFFD" {
			return
		}
	}
	for id := from; id < firstPiece; id++ {
		v.text[id] = []byte{byte(id - firstByte)}
	}
}

// isLLaMA reports whether the vocabulary is LLaMA's, perhaps with more tokens at
// the end.
func (v *legacyVocab) isLLaMA() bool {
	return len(v.text) >= llamaVocab && string(v.text[13]) == "\n" &&
		string(v.text[firstPiece]) == "  " && string(v.text[29871]) == " "
}

// llamaSpaces are the pieces of LLaMA's vocabulary that are only
// white space. Their scores are so low that no merge ever makes them.
var llamaSpaces = []int{
	259, 268, 308, 418, 462, 539, 632, 795, 965, 1669, 1678, 3986, 4706, 9651, 18884, 29871,
}

// allScores returns the scores. If the file has no scores, they follow from the ids: pieces were
// learned in the order of their ids, and a piece learned earlier has a higher score. For LLaMA's
// own vocabulary the result equals the scores in its tokenizer.model.
func (v *legacyVocab) allScores() []float32 {
	if v.scores != nil {
		return v.scores
	}
	const never, added = -1e9, -1000
	scores := make([]float32, len(v.text))
	for id := firstPiece; id < len(scores); id++ {
		scores[id] = -float32(id - firstPiece)
	}
	if v.isLLaMA() {
		for _, id := range llamaSpaces {
			scores[id] = never
		}
		for id := llamaVocab; id < len(scores); id++ {
			scores[id] = added
		}
	}
	return scores
}

// tokens returns the texts and types as GGUF has them.
func (v *legacyVocab) tokens() (texts []string, types []int32) {
	texts, types = make([]string, len(v.text)), make([]int32, len(v.text))
	for id, t := range v.text {
		switch {
		case id == unkToken:
			texts[id], types[id] = "<unk>", TokenUnknown
		case id == bosToken:
			texts[id], types[id] = "<s>", TokenControl
		case id == eosToken:
			texts[id], types[id] = "</s>", TokenControl
		case id < firstPiece && len(t) == 1:
			texts[id], types[id] = fmt.Sprintf("<0x%02X>", t[0]), TokenByte
		case len(t) == 0:
			types[id] = TokenControl
		default:
			texts[id] = strings.ReplaceAll(string(t), " ", "\u2581")
			types[id] = TokenNormal
		}
	}
	return texts, types
}
