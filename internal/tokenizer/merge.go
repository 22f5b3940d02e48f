package tokenizer

// symbol is a part of a text that is being merged into tokens. The symbols of a
// text form a list, in which a symbol absorbs its right neighbour.
type symbol struct {
	start      int   // byte offset in the text
	n          int32 // bytes; 0 after the left neighbour has absorbed the symbol
	prev, next int32 // neighbours, -1 at the ends
	id         int32 // id that the function pair returned for the last merge; None: never merged
}

// maxSymbols bounds the number of symbols that are merged together, so that
// the index of a symbol fits in half of entry.order. Longer texts are cut.
const maxSymbols = 1 << 30

// merger merges neighbouring symbols of a text, best pair first, until no pair is left that may
// merge. A pair enters the queue when its two sides become neighbours. If one side has changed by
// the time the pair leaves the queue, the pair's length differs from the length in its entry, and
// the entry is skipped. So every merge adds at most two entries, and n symbols take O(n log n)
// time.
type merger struct {
	syms  []symbol
	queue queue

	// pair reports whether two neighbours may merge, and returns a priority and an id for the
	// result. The pair with the lowest priority number merges first. If several pairs have the same
	// number, the leftmost of them merges first.
	pair func(text string, left, right *symbol) (priority uint32, id int32, ok bool)
}

// reset removes all symbols.
func (m *merger) reset() { m.syms = m.syms[:0] }

// add appends the symbol text[start : start+n].
func (m *merger) add(start, n int) {
	i := int32(len(m.syms))
	if i > 0 {
		m.syms[i-1].next = i
	}
	m.syms = append(m.syms, symbol{start: start, n: int32(n), prev: i - 1, next: -1, id: None})
}

// merge merges the symbols of text. The remaining symbols are a list, which begins with symbol
// 0 and is linked by next.
func (m *merger) merge(text string) {
	m.queue = m.queue[:0]
	for i := 1; i < len(m.syms); i++ {
		m.consider(text, int32(i-1), int32(i))
	}
	for len(m.queue) > 0 {
		e := m.queue.pop()
		i := int32(uint32(e.order))
		left := &m.syms[i]
		if left.n == 0 || left.next < 0 {
			continue
		}
		right := &m.syms[left.next]
		if left.n+right.n != e.n {
			continue
		}
		left.n, left.id = e.n, e.id
		right.n = 0
		left.next = right.next
		if left.next >= 0 {
			m.syms[left.next].prev = i
			m.consider(text, i, left.next)
		}
		if left.prev >= 0 {
			m.consider(text, left.prev, i)
		}
	}
}

// consider queues the neighbours left and right if they may merge.
func (m *merger) consider(text string, left, right int32) {
	l, r := &m.syms[left], &m.syms[right]
	if priority, id, ok := m.pair(text, l, r); ok {
		m.queue.push(entry{order: uint64(priority)<<32 | uint64(left), n: l.n + r.n, id: id})
	}
}
