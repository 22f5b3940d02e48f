package jobs

import "iter"

// Rest returns an iterator over the requests that Next has yet to return. The
// iterator does not consume these requests: Next returns them later. Several
// iterators may run at the same time, but not together with Next or Skip.
func (in *Input) Rest() iter.Seq2[*Request, error] {
	return func(yield func(*Request, error) bool) {
		for _, l := range in.lines[in.next:] {
			if l.done {
				continue
			}
			r, err := in.read(l)
			if !yield(r, err) || err != nil {
				return
			}
		}
	}
}
