package sampler

import (
	"math"
	"slices"
)

// before reports whether a comes before b in descending order of logit. If logits are equal, the
// lower id comes first, so there are no ties.
func before(a, b candidate) bool {
	return a.logit > b.logit || a.logit == b.logit && a.id < b.id
}

// sort puts the candidates in descending order of logit.
func (c *candidates) sort() {
	if c.sorted {
		return
	}
	c.reorder(func(t *candidate) uint32 { return ^ordered(t.logit) })
	c.sorted = true
}

// ordered maps a float32 to an integer that sorts like it. It maps -0 and 0 to the same
// integer.
func ordered(x float32) uint32 {
	bits := math.Float32bits(x + 0)
	if bits == 1<<31 || bits == 0 {
		return 1 << 31
	}
	if bits>>31 != 0 {
		return ^bits
	}
	return bits | 1<<31
}

// radixMin is the length from which radix sort is faster than a comparison sort.
const radixMin = 2048

// reorder sorts the candidates by key, ascending. It is stable.
func (c *candidates) reorder(key func(*candidate) uint32) {
	n := len(c.list)
	if cap(c.order) < n {
		c.order = make([]uint64, n, len(c.all))
		c.moved = make([]candidate, n, len(c.all))
	}
	// The index in the low bits makes the order strict. It also gives the former place of each
	// candidate.
	order := c.order[:n]
	for i := range c.list {
		order[i] = uint64(key(&c.list[i]))<<32 | uint64(i)
	}
	if n < radixMin {
		slices.Sort(order)
	} else {
		order = c.radix(order)
	}
	moved := c.moved[:n]
	for i, o := range order {
		moved[i] = c.list[uint32(o)]
	}
	copy(c.list, moved)
	c.sorted, c.dense = false, false
}

// radix sorts by the upper 32 bits, 11 at a time, and returns the buffer with the result. Every
// pass is stable, so equal keys keep the ascending order of their lower bits.
func (c *candidates) radix(from []uint64) []uint64 {
	if cap(c.swap) < len(from) {
		c.swap = make([]uint64, len(from), len(c.all))
	}
	to := c.swap[:len(from)]
	const bits = 11
	for shift := 32; shift < 64; shift += bits {
		var start [1 << bits]int
		for _, v := range from {
			start[v>>shift&(1<<bits-1)]++
		}
		sum := 0
		for d, count := range start {
			start[d] = sum
			sum += count
		}
		for _, v := range from {
			d := v >> shift & (1<<bits - 1)
			to[start[d]] = v
			start[d]++
		}
		from, to = to, from
	}
	return from
}

// heapMax is the number of candidates up to which selection with a heap is faster than sorting
// the vocabulary.
const heapMax = 1024

// top keeps the k candidates of largest logit, sorted.
func (c *candidates) top(k int) {
	switch {
	case k >= len(c.list):
		return
	case c.sorted || k > heapMax:
		c.sort()
		c.truncate(k)
		return
	}
	// The heap has the best k candidates so far, with the worst at its root. Most other
	// candidates need one comparison with the root.
	heap, rest := c.list[:k], c.list[k:]
	for i := k/2 - 1; i >= 0; i-- {
		sink(heap, i)
	}
	for i := range rest {
		if rest[i].logit >= heap[0].logit && before(rest[i], heap[0]) {
			heap[0] = rest[i]
			sink(heap, 0)
		}
	}
	slices.SortFunc(heap, func(a, b candidate) int {
		if before(a, b) {
			return -1
		}
		return 1
	})
	c.list, c.sorted, c.dense = heap, true, false
}

// sink moves heap[i] down until neither child is worse than it.
func sink(heap []candidate, i int) {
	for {
		child := 2*i + 1
		if child >= len(heap) {
			return
		}
		if child+1 < len(heap) && before(heap[child], heap[child+1]) {
			child++
		}
		if !before(heap[i], heap[child]) {
			return
		}
		heap[i], heap[child] = heap[child], heap[i]
		i = child
	}
}
