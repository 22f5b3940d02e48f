package engine

// accounts are what the keys with requests have cost, so that none is served at the
// expense of the others: the tokens evaluated for it since it had a request last.
type accounts map[string]*account

type account struct {
	requests int // that wait or are answered
	tokens   int64
}

// open notes a request. A key that had none begins with what the cheapest has cost: it
// gets its turn soon, but is not owed for the time it was away.
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

// newcomer reports whether a key that has no request may wait though the queue is full: up
// to a quarter more of them may, so that one key that fills the queue keeps no other out.
func (c accounts) newcomer(key string, waiting, queue int) bool {
	return key != "" && c[key] == nil && waiting < queue+(queue+3)/4
}

// close notes that a request has ended.
func (c accounts) close(key string) {
	if c[key].requests--; c[key].requests == 0 {
		delete(c, key)
	}
}

// nextInLine returns the index in waiting of the request that is to begin next: the oldest
// of the key that has cost least. A key that holds half of the places already lets others
// go first. held are the answers that are being given, by key.
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
