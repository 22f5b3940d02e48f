package tokenizer

// entry is an element of a queue. The entry with the lowest order leaves the queue first.
type entry struct {
	order uint64
	n, id int32 // data of the queue's user
}

// heapWidth is the number of children of a node. With four children, the heap is half as deep as
// with two, and the children of a node share a cache line. The depth matters because the heap of a
// long word does not fit the cache.
const heapWidth = 4

// queue is a heap of entries. It does not use container/heap, because encoding a long word spends
// most of its time here, and calls through an interface would triple this time.
type queue []entry

func (q *queue) push(e entry) {
	h := append(*q, e)
	i := len(h) - 1
	for i > 0 {
		parent := (i - 1) / heapWidth
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
	first, last := h[0], h[len(h)-1]
	h = h[:len(h)-1]
	*q = h
	if len(h) == 0 {
		return first
	}
	i := 0
	for {
		child := heapWidth*i + 1
		if child >= len(h) {
			break
		}
		for other := child + 1; other < min(heapWidth*i+1+heapWidth, len(h)); other++ {
			if h[other].order < h[child].order {
				child = other
			}
		}
		if last.order <= h[child].order {
			break
		}
		h[i] = h[child]
		i = child
	}
	h[i] = last
	return first
}
