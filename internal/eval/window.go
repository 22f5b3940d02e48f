package eval

import "fmt"

// Policy says how a text is cut into windows and which tokens are scored. Published results for the
// same model and text differ if their policies differ.
type Policy struct {
	Context int   `json:"context"` // tokens in a window
	Stride  int   `json:"stride"`  // distance between the starts of windows, in tokens; 0: windows are adjacent
	All     bool  `json:"all"`     // score every token of a window, not only the later ones
	BOS     bool  `json:"bos"`     // BOS replaces each window's first token
	BOSID   int32 `json:"-"`       // the id of BOS
	Chunks  int   `json:"-"`       // the largest number of windows; 0 or less: no limit
}

// Window is a part of a text that a model sees at once. For every i from First on, the
// model reads Tokens[:i+1] and is scored on Tokens[i+1].
type Window struct {
	Tokens []int32
	First  int
}

// Scored returns the number of tokens that the window scores.
func (w *Window) Scored() int { return len(w.Tokens) - 1 - w.First }

// Length returns the number of tokens of a window. As in llama.cpp, half of the stride is
// added to the context, so at least Context - Stride/2 tokens come before a scored one.
func (p Policy) Length() int { return p.Context + p.Stride/2 }

// First returns the first position that predicts a scored token. Without a stride,
// the second half of a window is scored. With a stride, the last Stride tokens of
// a window are scored. With All, every token except the first is scored.
func (p Policy) First() int {
	switch {
	case p.All:
		return 0
	case p.Stride > 0:
		return p.Length() - p.Stride - 1
	}
	return p.Context / 2
}

// check returns an error if the settings are invalid.
func (p Policy) check() error {
	switch {
	case p.Context < 4:
		return fmt.Errorf("eval: a context of %d tokens: at least 4 are needed", p.Context)
	case p.Stride < 0:
		return fmt.Errorf("eval: a stride of %d tokens, must not be negative", p.Stride)
	case p.Stride >= p.Length():
		return fmt.Errorf("eval: a stride of %d tokens must be less than the window of %d", p.Stride, p.Length())
	}
	return nil
}

// Windows cuts a text into windows. A text shorter than a window is an error. Tokens at
// the end that do not fill a window are not scored.
func (p Policy) Windows(tokens []int32) ([]Window, error) {
	if err := p.check(); err != nil {
		return nil, err
	}
	length, step := p.Length(), p.Length()
	if p.Stride > 0 {
		step = p.Stride
	}
	if len(tokens) < length {
		return nil, fmt.Errorf("eval: the text has %d tokens, but a window of this context needs %d", len(tokens), length)
	}
	count := (len(tokens)-length)/step + 1
	if p.Chunks > 0 {
		count = min(count, p.Chunks)
	}
	windows := make([]Window, count)
	for i := range windows {
		part := append([]int32(nil), tokens[i*step:][:length]...)
		if p.BOS {
			part[0] = p.BOSID
		}
		windows[i] = Window{Tokens: part, First: p.First()}
	}
	return windows, nil
}

// String describes the policy.
func (p Policy) String() string {
	bos := "no BOS token"
	if p.BOS {
		bos = "first token of each replaced by BOS"
	}
	scored := fmt.Sprintf("last %d tokens of each scored", p.scored())
	if p.All {
		scored = "every token scored"
	}
	if p.Stride > 0 {
		return fmt.Sprintf("windows of %d tokens every %d, %s, %s", p.Length(), p.Stride, bos, scored)
	}
	return fmt.Sprintf("adjacent windows of %d tokens, %s, %s", p.Length(), bos, scored)
}
