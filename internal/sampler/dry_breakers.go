package sampler

import "strings"

// breakers find the strings across which DRY sees no repetition, such as a
// newline or a colon: turns of a dialogue all begin alike and are meant to.
//
// A breaker may lie within one token or span several. It is matched on the
// text of the tokens, so that it is found however the text was divided.
type breakers struct {
	within map[int32]bool   // tokens whose text contains a whole breaker
	begins map[int32][]rest // tokens whose text ends in a breaker's beginning
	piece  func(int32) string
}

// rest is what is missing of a breaker after a token that begins it.
type rest string

// newBreakers looks for the strings in every token of the vocabulary.
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

// single reports whether token id alone holds a breaker.
func (b *breakers) single(id int32) bool { return b.within[id] }

// distance returns how many of the newest tokens come after the last breaker;
// text has the newest first. A repetition cannot be longer.
func (b *breakers) distance(text []int32) int {
	for i, id := range text {
		if n := b.tokens(id, text[:i]); n >= 0 {
			return i - n
		}
	}
	return len(text)
}

// tokens returns how many tokens after id the longest breaker that starts in
// id takes, -1 if none does. after holds the tokens that follow, newest first.
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

// complete returns how many of the tokens that follow spell out text, -1 if
// they do not.
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
