package tokenizer

// symbol is a part of a text that is being merged into tokens. The symbols of a
// text form a list, in which a symbol absorbs its right neighbour.
type symbol struct {
	start      int   // byte offset in the text
	n          int32 // bytes; 0 once absorbed by the left neighbour
	prev, next int32 // neighbours, -1 at the ends
	id         int32 // what pair gave for it when it was merged; None: never merged
}

// maxSymbols bounds what is merged as a whole, so that an index fits its half of
// a queue's order. Longer texts are cut there.
const maxSymbols = 1 << 30

// merger joins the symbols of a text pairwise, best pair first, until no pair is
// left that may be joined. A pair waits in a queue from the moment when its two
// sides become neighbours; if one of them has changed when its turn comes, its
// length is no longer what it was, and it is passed over. So every merge costs at
// most two new entries, and n symbols O(n log n) time.
type merger struct {
	syms  []symbol
	queue queue

	// pair tells whether two neighbours may be joined, which pair goes first (the
	// lowest priority, of equal ones the leftmost), and an id for the result.
	pair func(text string, left, right *symbol) (priority uint32, id int32, ok bool)
}

// reset forgets the symbols.
func (m *merger) reset() { m.syms = m.syms[:0] }

// add appends the symbol text[start : start+n].
func (m *merger) add(start, n int) {
	i := int32(len(m.syms))
	if i > 0 {
		m.syms[i-1].next = i
	}
	m.syms = append(m.syms, symbol{start: start, n: int32(n), prev: i - 1, next: -1, id: None})
}

// merge joins the symbols of text. Those that remain are found by following next
// from symbol 0.
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

// consider queues the neighbours left and right if they may be joined.
func (m *merger) consider(text string, left, right int32) {
	l, r := &m.syms[left], &m.syms[right]
	if priority, id, ok := m.pair(text, l, r); ok {
		m.queue.push(entry{order: uint64(priority)<<32 | uint64(left), n: l.n + r.n, id: id})
	}
}
