package engine

import "strings"

// holder holds tokens back while their text may be the beginning of a stop string.
type holder struct {
	stops  []string
	tokens []Token // held, oldest first
	text   string  // the text of the held tokens, including the texts of control tokens
	done   bool    // a stop string was found
	found  string  // the stop string that was found
}

func newHolder(stops []string) *holder { return &holder{stops: stops} }

// push adds a token and returns the tokens whose text is certain. open says that the token
// began a character that is not complete yet. If the held text contains a stop string, stop
// is true. Then push returns all held tokens, with their text cut off before the stop string.
func (h *holder) push(t Token, open bool) (ready []Token, stop bool) {
	h.tokens = append(h.tokens, t)
	h.text += t.spelled()
	if at, stop := h.find(); at >= 0 {
		h.done, h.found = true, stop
		return h.cut(at), true
	}
	certain := len(h.text) - h.suspect()
	n := 0
	for n < len(h.tokens) && len(h.tokens[n].spelled()) <= certain {
		// A token that began an incomplete character must wait: it gets the text
		// of the character once this is complete, or at the end of the text.
		if open && n == len(h.tokens)-1 {
			break
		}
		certain -= len(h.tokens[n].spelled())
		h.text = h.text[len(h.tokens[n].spelled()):]
		n++
	}
	ready, h.tokens = h.tokens[:n:n], h.tokens[n:]
	return ready, false
}

// flush is called after the last push. It appends last, the remaining
// text, to the newest held token, and returns all held tokens.
func (h *holder) flush(last string) []Token {
	rest := h.tokens
	if n := len(rest); n > 0 && !h.done {
		rest[n-1].Text += last
	}
	h.tokens, h.text = nil, ""
	return rest
}

// find returns the stop string that ends first, and where it begins. If several end
// at the same place, it returns the longest. So the result does not depend on how
// the text is divided into tokens. begin is -1 if the text contains no stop string.
func (h *holder) find() (begin int, stop string) {
	begin, end := -1, len(h.text)+1
	for _, s := range h.stops {
		i := strings.Index(h.text, s)
		if i >= 0 && (i+len(s) < end || i+len(s) == end && i < begin) {
			begin, end, stop = i, i+len(s), s
		}
	}
	return begin, stop
}

// suspect returns the length of the longest suffix of the held text that is the beginning of a
// stop string.
func (h *holder) suspect() int {
	longest := 0
	for _, s := range h.stops {
		for n := min(len(s)-1, len(h.text)); n > longest; n-- {
			if strings.HasSuffix(h.text, s[:n]) {
				longest = n
			}
		}
	}
	return longest
}

// cut shortens the held text to at bytes, and returns all held tokens.
func (h *holder) cut(at int) []Token {
	tokens := h.tokens
	for i := range tokens {
		n := min(len(tokens[i].spelled()), at)
		tokens[i].Text = tokens[i].Text[:min(n, len(tokens[i].Text))]
		at -= n
	}
	h.tokens, h.text = nil, ""
	return tokens
}
