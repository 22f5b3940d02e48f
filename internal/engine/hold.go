package engine

import "strings"

// holder keeps tokens back while their text may be the beginning of a stop
// string.
type holder struct {
	stops  []string
	tokens []Token // held, oldest first
	text   string  // of the held tokens, with the texts of control tokens
	done   bool    // a stop string was found
	found  string  // that one
}

func newHolder(stops []string) *holder { return &holder{stops: stops} }

// push adds a token and returns those whose text is certain. open says that
// the token began a character that is not whole yet. Where the text has come
// to hold a stop string, stop is true and the tokens returned are all that is
// left, with the text before it.
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
		// A token with open characters gets them when they are whole, or
		// at the end of the text.
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

// flush adds the last text to the last token and returns all that is held. No
// more tokens follow.
func (h *holder) flush(last string) []Token {
	rest := h.tokens
	if n := len(rest); n > 0 && !h.done {
		rest[n-1].Text += last
	}
	h.tokens, h.text = nil, ""
	return rest
}

// find returns the stop string that is complete first, the longest of those that end
// at the same place, so that it does not matter how the text is divided into tokens, and
// where it begins; -1 if there is none.
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

// suspect returns the length of the longest end of the text that begins a stop
// string.
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

// cut returns all tokens with their text cut off at byte at of the whole.
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
