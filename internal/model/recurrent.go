package model

import "errors"

// ErrNoShift says that a text cannot be moved in its context, because layers keep all of
// it in one state.
var ErrNoShift = errors.New("the context is full, and a model whose layers keep the text in a state cannot forget a part of it")

// state is what layers with a gated delta rule keep of a text. It is behind the last
// token; to go back further than to where it was marked is to begin again.
type state struct {
	now, marked moment
}

// moment is the state behind the first len tokens, of all layers one after the other; nil
// before the first.
type moment struct {
	len  int
	data []float32
}

// at returns a copy of what is kept behind n tokens.
func (s *state) at(n int) (c state) {
	for _, m := range []*moment{&s.now, &s.marked} {
		if m.len == n && m.data != nil {
			c.now = moment{n, append([]float32(nil), m.data...)}
			break
		}
	}
	return c
}

// holds reports whether the state behind n tokens is known.
func (s *state) holds(n int) bool {
	return n == 0 || n == s.now.len || s.marked.data != nil && n == s.marked.len
}

// goBack makes the state that of the first n tokens, which are reachable.
func (s *Seq) goBack(n int) {
	switch {
	case n == s.state.now.len:
	case n == s.state.marked.len && n > 0:
		copy(s.state.now.data, s.state.marked.data)
		s.state.now.len = n
	default:
		clear(s.state.now.data)
		s.state = state{now: moment{0, s.state.now.data}}
	}
}

// mark keeps the present state.
func (s *state) mark() {
	if s.now.data != nil {
		s.marked.len, s.marked.data = s.now.len, append(s.marked.data[:0], s.now.data...)
	}
}

// step returns the state for an evaluation that changes it; nil where there is none.
func (s *Seq) step() []float32 {
	if n := s.model.Config.state(s.model.Config.NumLayers); n > 0 && s.state.now.data == nil {
		s.state.now.data = make([]float32, n)
	}
	return s.state.now.data
}

// lose cuts the text back to where its state is known, after an evaluation that failed on
// its way through the layers.
func (s *Seq) lose() {
	if s.state.now.data != nil {
		s.state.now.len = -1
		s.Truncate(len(s.tokens))
	}
}
