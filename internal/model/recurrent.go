package model

import (
	"errors"
	"slices"
)

// ErrNoShift says that a context cannot be shifted, because layers keep the whole text in one
// recurrent state.
var ErrNoShift = errors.New("the context is full, and a model with recurrent layers cannot drop a part of it")

// state is the recurrent state of a text, in layers with a gated delta rule. It is kept for two
// lengths of the text: after the last token, and at the mark.
type state struct {
	now, marked moment
}

// A State is a copy of the recurrent state of a text after its last token. It never changes.
type State struct{ data []float32 }

// State returns a copy of the text's present state. It returns nil if the text has none: if no
// layer is recurrent, or if there are no tokens.
func (s *Seq) State() *State {
	if s.state.now.data == nil || s.Len() == 0 || s.state.now.len != s.Len() {
		return nil
	}
	return &State{slices.Clone(s.state.now.data)}
}

// Resume sets the state of a text whose tokens were added by Adopt. st must be the state after
// exactly these tokens.
func (s *Seq) Resume(st *State) {
	s.state.now = moment{s.Len(), append(s.state.now.data[:0], st.data...)}
}

// moment is the state after the first len tokens. data has the states of all layers, in order.
// data is nil before the first evaluation.
type moment struct {
	len  int
	data []float32
}

// at returns a copy of the state after n tokens. The copy is empty if that state is not known.
func (s *state) at(n int) (c state) {
	for _, m := range []*moment{&s.now, &s.marked} {
		if m.len == n && m.data != nil {
			c.now = moment{n, append([]float32(nil), m.data...)}
			break
		}
	}
	return c
}

// holds reports whether the state after n tokens is known.
func (s *state) holds(n int) bool {
	return n == 0 || n == s.now.len || s.marked.data != nil && n == s.marked.len
}

// goBack restores the state after the first n tokens. That state must be known.
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

// mark keeps a copy of the present state.
func (s *state) mark() {
	if s.now.data != nil {
		s.marked.len, s.marked.data = s.now.len, append(s.marked.data[:0], s.now.data...)
	}
}

// step returns the memory of the state, so that an evaluation can update
// the state in place. It returns nil if the model is not recurrent.
func (s *Seq) step() []float32 {
	if n := s.model.Config.state(s.model.Config.NumLayers); n > 0 && s.state.now.data == nil {
		s.state.now.data = make([]float32, n)
	}
	return s.state.now.data
}

// lose cuts the text back to its mark, or to nothing. It is called after an evaluation failed
// between two layers, because only some layers then have the state after the new tokens.
func (s *Seq) lose() {
	if s.state.now.data != nil {
		s.state.now.len = -1
		s.Truncate(len(s.tokens))
	}
}
