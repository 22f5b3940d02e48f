package tokenizer

import "unicode/utf8"

// Stream turns tokens into text one by one. A character may be spread over several tokens, so
// Stream holds back the bytes of an incomplete character. Therefore each piece of text is valid
// UTF-8 if the whole text is.
type Stream struct {
	t    *Tokenizer
	held []byte // bytes of an incomplete character, at most 3
}

// NewStream starts a text. Control tokens are not part of it.
func (t *Tokenizer) NewStream() *Stream { return &Stream{t: t} }

// Push takes the next token and returns the text that is now complete. Bytes that cannot become
// a character are returned unchanged.
func (s *Stream) Push(id int32) string {
	s.held = append(s.held, s.t.Piece(id, false)...)
	whole := len(s.held) - incomplete(s.held)
	text := string(s.held[:whole])
	s.held = append(s.held[:0], s.held[whole:]...)
	return text
}

// Flush ends the text and returns the bytes that were held back.
func (s *Stream) Flush() string {
	text := string(s.held)
	s.held = s.held[:0]
	return text
}

// incomplete returns how many bytes at the end of text are the beginning of a character, which
// further bytes may complete.
func incomplete(text []byte) int {
	for n := 1; n < utf8.UTFMax && n <= len(text); n++ {
		if last := text[len(text)-n:]; utf8.RuneStart(last[0]) {
			if utf8.FullRune(last) {
				return 0
			}
			return n
		}
	}
	return 0
}
