package jobs

import "iter"

// Rest returns the requests that Next has yet to return, each time it is called, and takes
// none away. Ranges over them may run side by side, but not beside Next and Skip.
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
