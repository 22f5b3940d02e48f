package sampler

// history remembers the last accepted tokens.
type history struct {
	ring   []int32 // at most limit tokens; a ring once it is full
	limit  int     // most tokens that are remembered; negative: all
	oldest int     // index of the oldest token once ring is full
}

// push adds a token. If the history is full, push
// forgets the oldest token, returns it, and sets full.
func (h *history) push(id int32) (forgotten int32, full bool) {
	switch {
	case h.limit < 0 || len(h.ring) < h.limit:
		h.ring = append(h.ring, id)
		return 0, false
	case h.limit == 0:
		return id, true
	}
	forgotten = h.ring[h.oldest]
	h.ring[h.oldest] = id
	h.oldest = (h.oldest + 1) % h.limit
	return forgotten, true
}

// newestFirst appends the tokens to dst[:0], the newest first.
func (h *history) newestFirst(dst []int32) []int32 {
	dst = dst[:0]
	for i := range h.ring {
		dst = append(dst, h.ring[(h.oldest+len(h.ring)-1-i)%len(h.ring)])
	}
	return dst
}
