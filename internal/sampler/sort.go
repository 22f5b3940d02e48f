package sampler

import (
	"math"
	"slices"
	"sync"
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

// buffers is the memory of one reorder. Samplers share it: the engine has many samplers, but few of
// them sort at the same time. So the memory stays in the processor's cache.
type buffers struct {
	order []uint64    // keys and indices
	swap  []uint64    // second buffer of the function radix
	moved []candidate // the candidates in their new order
}

var spare = sync.Pool{New: func() any { return new(buffers) }}

// reorder sorts the candidates by key, ascending. It is stable.
func (c *candidates) reorder(key func(*candidate) uint32) {
	b := spare.Get().(*buffers)
	defer spare.Put(b)
	// The index in the low bits makes all numbers different, so the sort
	// is stable. The index is also the former place of the candidate.
	n := len(c.list)
	b.order = slices.Grow(b.order[:0], n)[:n]
	order := b.order
	for i := range c.list {
		order[i] = uint64(key(&c.list[i]))<<32 | uint64(i)
	}
	if n < radixMin {
		slices.Sort(order)
	} else {
		order = b.radix()
	}
	b.moved = slices.Grow(b.moved[:0], n)[:n]
	for i, o := range order {
		b.moved[i] = c.list[uint32(o)]
	}
	copy(c.list, b.moved)
	c.sorted, c.dense = false, false
}

// radix sorts order by the upper 32 bits, 11 at a time, and returns the buffer with the result.
// Every pass is stable, so equal keys keep the ascending order of their lower bits.
func (b *buffers) radix() []uint64 {
	const (
		bits = 11
		mask = 1<<bits - 1
	)
	from := b.order
	b.swap = slices.Grow(b.swap[:0], len(from))[:len(from)]
	to := b.swap
	var start [3][1 << bits]uint32 // for each pass and digit, where the next number with this digit goes
	for _, v := range from {
		start[0][v>>32&mask]++
		start[1][v>>(32+bits)&mask]++
		start[2][v>>(32+2*bits)&mask]++
	}
	for pass := range start {
		next := &start[pass]
		sum := uint32(0)
		for d, count := range next {
			next[d] = sum
			sum += count
		}
		shift := 32 + pass*bits
		for _, v := range from {
			d := v >> shift & mask
			to[next[d]] = v
			next[d]++
		}
		from, to = to, from
	}
	return from
}

// heapMax is the number of candidates up to which selection with a heap is faster than sorting
// the vocabulary.
const heapMax = 1024

// top keeps the k candidates with the largest logits, and sorts them. If there are no more
// than k candidates, it leaves them as they are.
func (c *candidates) top(k int) {
	switch {
	case k >= len(c.list):
		return
	case c.sorted || k > heapMax:
		c.sort()
		c.truncate(k)
		return
	}
	// The heap has the best k candidates so far, and the worst of these is
	// at the root. Most other candidates need one comparison with the root.
	heap, rest := c.list[:k], c.list[k:]
	heapify(heap)
	for i := range rest {
		if rest[i].logit >= heap[0].logit && before(rest[i], heap[0]) {
			heap[0] = rest[i]
			sink(heap, 0)
		}
	}
	sortHeap(heap)
	c.list, c.sorted, c.dense = heap, true, false
}

// heapify makes a heap with the worst candidate at its root.
func heapify(heap []candidate) {
	for i := len(heap)/2 - 1; i >= 0; i-- {
		sink(heap, i)
	}
}

// sortHeap puts the candidates in the order of before.
func sortHeap(heap []candidate) {
	slices.SortFunc(heap, func(a, b candidate) int {
		if before(a, b) {
			return -1
		}
		return 1
	})
}

// sink moves heap[i] down until neither of its children is worse.
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
