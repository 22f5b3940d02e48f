package engine

// accounts count the tokens that were evaluated for each key with requests. The cheapest key
// goes first, so that no key is served at the expense of the others.
type accounts map[string]*account

type account struct {
	requests int // that wait or are answered
	tokens   int64
}

// open notes a request. A key without other requests begins with the cost of the cheapest: it
// gets its turn soon, but earns nothing for the time it was away.
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

// newcomer reports whether a key without requests may wait although the queue is full. Such
// keys have a quarter of the queue's length in addition, so that one key that fills the queue
// keeps no other out.
func (c accounts) newcomer(key string, waiting, queue int) bool {
	return key != "" && c[key] == nil && waiting < queue+(queue+3)/4
}

// close notes that a request has ended.
func (c accounts) close(key string) {
	if c[key].requests--; c[key].requests == 0 {
		delete(c, key)
	}
}

// nextInLine returns the index in waiting of the request that begins next: the oldest of the
// cheapest key. A key that holds half of the places already lets others go first. held counts
// the running answers of each key.
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
