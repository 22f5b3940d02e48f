package jsonschema

import (
	"errors"

	"alpaca/internal/grammar/fsa"
)

// rawStates bounds the states of an automaton of strings without JSON quotes. A request may have
// thousands of such automata.
const rawStates = 5000

// Strings returns an automaton over bytes that accepts the strings that satisfy a schema,
// written raw and not as JSON. It leaves out strings that contain end, because end terminates a
// raw string. It is an error if values other than strings satisfy the schema.
func Strings(text []byte, end string, opt Options) (*fsa.DFA, error) {
	c, root, err := newCompiler(text, opt)
	if err != nil {
		return nil, err
	}
	list, err := c.all(goal{literal(root.id)})
	if err != nil {
		return nil, err
	}
	all := fsa.None()
	for _, x := range list {
		if x.null || x.bools != [2]bool{} || x.num != nil || x.arr != nil || x.obj != nil {
			return nil, errors.New("other values than strings satisfy the schema")
		}
		if x.str == nil {
			continue
		}
		d, err := x.str.automaton()
		if err == nil {
			all, err = fsa.Product(all, d, fsa.Or, rawStates)
		}
		if err != nil {
			return nil, err
		}
	}
	d, err := fsa.Product(all, fsa.Lacking([]rune(end), fsa.MaxRune), fsa.And, rawStates)
	if err != nil {
		return nil, err
	}
	return inUTF8(d.Minimize())
}

// automaton returns the automaton of the set's strings, over code points.
func (s *stringSet) automaton() (*fsa.DFA, error) {
	d := s.dfa
	if d == nil {
		d = everything
	}
	if s.min == 0 && s.max < 0 {
		return d, nil
	}
	return fsa.Product(d, lengths(s.min, s.max), fsa.And, rawStates)
}

// inUTF8 converts an automaton over code points into one over the bytes of UTF-8.
func inUTF8(d *fsa.DFA) (*fsa.DFA, error) {
	n := &fsa.NFA{}
	for range d.States {
		n.Add()
	}
	end := n.Add()
	for q, s := range d.States {
		for _, e := range s.Edges {
			n.EdgeUTF8(int32(q), e.Lo, e.Hi, e.To)
		}
		if s.Accept {
			n.Move(int32(q), end)
		}
	}
	out, err := n.Determinize(0, end, 4*rawStates)
	if err != nil {
		return nil, err
	}
	return out.Minimize(), nil
}
