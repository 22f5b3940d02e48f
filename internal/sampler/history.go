package sampler

// history remembers the tokens accepted last.
type history struct {
	ring   []int32 // [min(accepted, limit)], a ring once full
	limit  int     // tokens remembered at most; negative: all
	oldest int     // index in ring of the oldest, once it is full
}

// push adds a token. Where that makes the history forget its oldest, it
// returns that and true.
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
