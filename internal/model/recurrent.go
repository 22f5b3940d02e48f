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

// Reachable returns how many of the first n tokens Truncate can leave: n, or fewer where
// layers keep no state of that place.
func (s *Seq) Reachable(n int) int {
	n = min(max(n, 0), len(s.tokens))
	switch {
	case !s.model.Config.Recurrent() || n == s.state.now.len:
		return n
	case s.state.marked.data != nil && s.state.marked.len <= n:
		return s.state.marked.len
	}
	return 0
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

// Mark makes the text keep what it takes to be cut back to its present length, until it is
// marked elsewhere.
func (s *Seq) Mark() {
	if s.state.now.data != nil {
		m := &s.state.marked
		m.len, m.data = s.state.now.len, append(m.data[:0], s.state.now.data...)
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
