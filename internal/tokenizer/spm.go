package tokenizer

import (
	"fmt"
	"math"
	"strings"
)

// spaceMark stands for a space in the texts of an SPM vocabulary: U+2581.
const spaceMark = "\u2581"

// spm encodes as SentencePiece does with a vocabulary that has scores: the text's
// characters are joined pairwise into tokens, highest score first. It follows
// https://github.com/ggerganov/llama.cpp/blob/c392e5094deaf2d1a7c18683214f007fad3fe42b/src/llama-vocab.cpp#L98
// and departs from it in cutting the text at spaces where that changes nothing,
// and in that no broken character swallows a space.
type spm struct {
	index       *table
	scores      []float32 // [vocab], nil: all 0
	bytes       [256]int32
	unknown     int32
	maxLen      int  // bytes of the longest token
	cutAtSpace  bool // no token has a space after something else
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

// byteToken returns the token of one byte: "<0x0A>", or else the byte itself.
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

// charLen returns the length of the UTF-8 character that begins with b. Unlike
// utf8.DecodeRune it does not look at what follows: in invalid text any bytes may.
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

// spmChar returns the length of the character that text begins with: what its
// first byte says, clipped to the text. A character that is cut short by a space
// mark ends before it, or decoding would give the mark instead of the space.
func spmChar(text string) int {
	n := min(charLen(text[0]), len(text))
	for i := 1; i < n; i++ {
		if text[i] == spaceMark[0] && strings.HasPrefix(text[i:], spaceMark) {
			return i
		}
	}
	return n
}

// pair tells whether two symbols together are a token. The higher its score, the
// lower the priority's number.
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

// descending maps numbers to uint32 so that greater ones come first.
func descending(f float32) uint32 {
	bits := math.Float32bits(f + 0) // + 0: no negative zero
	if bits>>31 == 0 {
		return ^(bits | 1<<31)
	}
	return bits
}

// flush appends the tokens of the symbols of m and forgets them. A symbol that
// was never merged and is no token is written as bytes.
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

// appendByteTokens appends the tokens of single bytes. A character of which a byte
// has no token becomes the unknown token, if there is one.
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
