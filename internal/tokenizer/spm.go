package tokenizer

import (
	"fmt"
	"math"
	"strings"
)

// spaceMark stands for a space in the texts of an SPM vocabulary: U+2581.
const spaceMark = "\u2581"

// spm encodes like SentencePiece, for a vocabulary with scores: neighbouring characters are merged
// into tokens, the highest score first. It follows
// https://github.com/ggerganov/llama.cpp/blob/c392e5094deaf2d1a7c18683214f007fad3fe42b/src/llama-vocab.cpp#L98
// with two differences: the text is cut at spaces where this cannot change the tokens; and an
// incomplete UTF-8 character never includes a space.
type spm struct {
	index       *table
	scores      []float32 // [vocab]; nil: all 0
	bytes       [256]int32
	unknown     int32
	maxLen      int  // length of the longest token in bytes
	cutAtSpace  bool // no token has a space after a character that is not a space
	spacePrefix bool
}

func newSPM(t *Tokenizer, scores []float32) *spm {
	s := &spm{index: t.index, scores: scores, unknown: t.special.Unknown, cutAtSpace: true, spacePrefix: t.addSpacePrefix}
	for _, text := range t.tokens {
		s.maxLen = max(s.maxLen, len(text))
		if s.cutAtSpace && strings.Contains(text, spaceMark) {
			s.cutAtSpace = !strings.Contains(strings.TrimLeft(text, spaceMark), spaceMark)
		}
	}
	missing := 0
	for b := range s.bytes {
		s.bytes[b] = s.byteToken(byte(b))
		if s.bytes[b] == None {
			missing++
		}
	}
	if missing > 0 {
		t.warnf("%d of 256 bytes have no token: characters that need them become the unknown token", missing)
	}
	return s
}

// byteToken returns the token of one byte. Its text is like "<0x0A>" or, if there is no such token,
// the byte itself.
func (s *spm) byteToken(b byte) int32 {
	for _, text := range []string{byteName(b), string([]byte{b})} {
		if id, ok := s.index.find(text); ok {
			return id
		}
	}
	return None
}

// byteName returns the text of the token of one byte.
func byteName(b byte) string { return fmt.Sprintf("<0x%02X>", b) }

func (s *spm) encode(ids []int32, text string, afterSpecial bool) []int32 {
	if s.spacePrefix && afterSpecial {
		text = " " + text
	}
	text = strings.ReplaceAll(text, " ", spaceMark)
	m := merger{pair: s.pair}
	previousMark := true
	for at := 0; at < len(text); {
		n := spmChar(text[at:])
		mark := text[at:at+n] == spaceMark
		if (s.cutAtSpace && mark && !previousMark) || len(m.syms) == maxSymbols {
			ids = s.flush(ids, text, &m)
		}
		m.add(at, n)
		previousMark = mark
		at += n
	}
	return s.flush(ids, text, &m)
}

// charLen returns the length of the UTF-8 character whose first byte is b. Unlike
// utf8.DecodeRune it ignores the bytes that follow, which may be any bytes in invalid text.
func charLen(b byte) int {
	switch b >> 4 {
	case 0xC, 0xD:
		return 2
	case 0xE:
		return 3
	case 0xF:
		return 4
	}
	return 1
}

// spmChar returns the length of the first character of text. The first byte determines the length,
// but the character ends at the end of text at the latest. A space mark also ends the character,
// because otherwise, decoding would give the mark instead of the space.
func spmChar(text string) int {
	n := min(charLen(text[0]), len(text))
	for i := 1; i < n; i++ {
		if text[i] == spaceMark[0] && strings.HasPrefix(text[i:], spaceMark) {
			return i
		}
	}
	return n
}

// pair reports whether two symbols together are a token, and returns its id. A higher score
// gives a lower priority number.
func (s *spm) pair(text string, left, right *symbol) (priority uint32, id int32, ok bool) {
	end := right.start + int(right.n)
	if end-left.start > s.maxLen {
		return 0, 0, false
	}
	id, ok = s.index.find(text[left.start:end])
	if !ok {
		return 0, 0, false
	}
	if s.scores != nil {
		priority = descending(s.scores[id])
	}
	return priority, id, true
}

// descending maps numbers to uint32 so that a greater number gives a smaller result.
func descending(f float32) uint32 {
	bits := math.Float32bits(f + 0) // adding 0 turns -0 into 0
	if bits>>31 == 0 {
		return ^(bits | 1<<31)
	}
	return bits
}

// flush merges the symbols of m, appends their tokens to ids, and removes the symbols. A symbol
// that is not a token becomes the tokens of its bytes.
func (s *spm) flush(ids []int32, text string, m *merger) []int32 {
	if len(m.syms) == 0 {
		return ids
	}
	m.merge(text)
	for i := int32(0); i >= 0; i = m.syms[i].next {
		sym := &m.syms[i]
		id := sym.id
		part := text[sym.start : sym.start+int(sym.n)]
		if id == None {
			var ok bool
			if id, ok = s.index.find(part); !ok {
				ids = appendByteTokens(ids, part, &s.bytes, s.unknown)
				continue
			}
		}
		ids = append(ids, id)
	}
	m.reset()
	return ids
}

// appendByteTokens appends the tokens of the bytes of part. If a byte has no token, part
// becomes the unknown token, or nothing if there is none.
func appendByteTokens(ids []int32, part string, bytes *[256]int32, unknown int32) []int32 {
	start := len(ids)
	for i := range len(part) {
		id := bytes[part[i]]
		if id == None {
			ids = ids[:start]
			if unknown != None {
				ids = append(ids, unknown)
			}
			return ids
		}
		ids = append(ids, id)
	}
	return ids
}
