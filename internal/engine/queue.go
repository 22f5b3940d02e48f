package engine

// accounts count the evaluated tokens for each Request.Key that has requests.
// The key with the fewest tokens goes first, so that every key gets its share.
type accounts map[string]*account

type account struct {
	requests int   // requests that wait or are being answered
	tokens   int64 // rows of steps so far
}

// open counts a new request. A key without other requests begins with the token count of the
// key that has the lowest count. So it gets its turn soon, but no credit for the time it was
// away.
func (c accounts) open(key string) {
	a := c[key]
	if a == nil {
		a = &account{}
		for _, other := range c {
			if a.requests++; a.requests == 1 || other.tokens < a.tokens {
				a.tokens = other.tokens
			}
		}
		a.requests = 0
		c[key] = a
	}
	a.requests++
}

// newcomer reports whether a request may wait although the queue is full, because its key
// has no other requests. For such keys the queue is a quarter longer, so that one key that
// fills the queue does not keep the others out.
func (c accounts) newcomer(key string, waiting, queue int) bool {
	return key != "" && c[key] == nil && waiting < queue+(queue+3)/4
}

// close counts a request that has ended.
func (c accounts) close(key string) {
	if c[key].requests--; c[key].requests == 0 {
		delete(c, key)
	}
}

// nextInLine returns the index in waiting of the request that begins next: the oldest request
// of the key with the fewest tokens. A key that already holds half of the places for answers
// comes after the other keys. held counts the answers in progress of each key.
func nextInLine(waiting []*group, c accounts, held map[string]int, places int) int {
	best, bestOver := -1, false
	seen := map[string]bool{}
	for i, g := range waiting {
		key := g.req.Key
		if seen[key] {
			continue
		}
		seen[key] = true
		over := held[key] >= max(1, places/2)
		if best < 0 || bestOver && !over || bestOver == over && c[key].tokens < c[waiting[best].req.Key].tokens {
			best, bestOver = i, over
		}
	}
	return best
}
