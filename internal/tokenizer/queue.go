package tokenizer

// entry is something that waits for its turn; the least order goes first.
type entry struct {
	order uint64
	n, id int32 // what the user of the queue wants to know of it
}

// queue is a binary heap of entries. It is written out, rather than taken from
// container/heap, because encoding spends most of its time here and calls
// through an interface would triple it.
type queue []entry

func (q *queue) push(e entry) {
	h := append(*q, e)
	i := len(h) - 1
	for i > 0 {
		parent := (i - 1) / 2
		if h[parent].order <= e.order {
			break
		}
		h[i] = h[parent]
		i = parent
	}
	h[i] = e
	*q = h
}

func (q *queue) pop() entry {
	h := *q
	least, last := h[0], h[len(h)-1]
	h = h[:len(h)-1]
	*q = h
	if len(h) == 0 {
		return least
	}
	i := 0
	for {
		child := 2*i + 1
		if child >= len(h) {
			break
		}
		if child+1 < len(h) && h[child+1].order < h[child].order {
			child++
		}
		if last.order <= h[child].order {
			break
		}
		h[i] = h[child]
		i = child
	}
	h[i] = last
	return least
}
