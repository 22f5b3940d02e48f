package sampler

import "strings"

// breakers find the strings that end a repetition for DRY, such as a newline or a colon.
// Without them the turns of a dialogue, which all begin alike, would get penalties.
//
// A breaker may be within one token or span several tokens. breakers compares
// text, not ids, so the division of the text into tokens does not matter.
type breakers struct {
	within map[int32]bool   // tokens whose text contains a whole breaker
	begins map[int32][]rest // tokens whose text ends with a prefix of a breaker
	piece  func(int32) string
}

// rest is the part of a breaker that follows the prefix at a token's end.
type rest string

// newBreakers searches every token of the vocabulary for the breakers strs.
func newBreakers(strs []string, v Vocab) *breakers {
	b := &breakers{within: map[int32]bool{}, begins: map[int32][]rest{}, piece: v.Piece}
	if v.Piece == nil || len(strs) == 0 {
		return b
	}
	for id := range int32(v.N) {
		text := v.Piece(id)
		for _, s := range strs {
			if strings.Contains(text, s) {
				b.within[id] = true
				continue
			}
			for n := 1; n < min(len(s), len(text)+1); n++ {
				if strings.HasSuffix(text, s[:n]) {
					b.begins[id] = append(b.begins[id], rest(s[n:]))
				}
			}
		}
	}
	return b
}

// single reports whether token id contains a whole breaker.
func (b *breakers) single(id int32) bool { return b.within[id] }

// distance returns how many tokens follow the last breaker. No repetition at the end of the text
// can be longer than this. text has the newest token first.
func (b *breakers) distance(text []int32) int {
	for i, id := range text {
		if n := b.tokens(id, text[:i]); n >= 0 {
			return i - n
		}
	}
	return len(text)
}

// tokens returns how many tokens after id belong to the longest breaker that starts in id,
// or -1 if no breaker starts there. after has the tokens that follow id, newest first.
func (b *breakers) tokens(id int32, after []int32) int {
	longest := -1
	if b.within[id] {
		longest = 0
	}
	for _, r := range b.begins[id] {
		longest = max(longest, b.complete(string(r), after))
	}
	return longest
}

// complete returns how many tokens of after, counted from the oldest, are needed to spell
// text. It returns -1 if the joined texts of all tokens in after do not begin with text.
func (b *breakers) complete(text string, after []int32) int {
	for n := 1; n <= len(after); n++ {
		piece := b.piece(after[len(after)-n])
		if strings.HasPrefix(piece, text) {
			return n
		}
		rest, ok := strings.CutPrefix(text, piece)
		if !ok {
			return -1
		}
		text = rest
	}
	return -1
}
