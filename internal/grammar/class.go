package grammar

import (
	"math/bits"
	"slices"
	"sort"
	"sync"
)

// classKey identifies a state of an automaton. It also says whether the
// automaton's term (see term.go) counts its units, and whether it has a limit.
type classKey struct {
	dfa     any // a *fsa.DFA, or the string that shapeOf returns
	q       int32
	counted bool
	limited bool
}

// class says which tokens of the vocabulary fit an automaton in one
// state. If the term counts or has a limit, each token also has ticks:
// the token fits only if the count may still rise by that number.
type class struct {
	ids   []int32 // tokens whose bytes fit; sorted by ticks if there are ticks
	ticks []int32 // the ticks of each of ids; nil: tokens have no ticks
	mask  *Mask   // the set of ids if there are many; otherwise nil

	// parts is set for large classes with ticks. Element k of the list that it returns is
	// the set of tokens with at most 1<<k ticks. The first call of parts makes the sets.
	parts func() []*Mask

	// exits maps a byte to the nodes of the vocabulary's tree that stand
	// for the byte and whose parents complete a text of the automaton. A
	// token at or below such a node continues after the term.
	exits map[byte][]exit

	// If this class was made as a variant of a nearly equal class, base is that class;
	// see likeHub. This class also has the exits of base, except for the nodes in skip.
	base *class
	skip map[int32]bool
}

// exit is a node of class.exits, and the term's count before the node.
type exit struct{ node, ticks int32 }

// maxBytes bounds the memory for the classes of a vocabulary, in bytes.
const maxBytes = 64 << 20

// class returns the class of term t in state q.
func (v *Vocab) class(t *term, q int32) *class {
	k := classKey{t.dfa, q, t.counted(), t.limit != nil}
	v.mu.Lock()
	c, ok := v.classes[k]
	if !ok {
		if c, ok = v.older[k]; ok {
			v.store(k, c)
		}
	}
	v.mu.Unlock()
	if ok {
		return c
	}
	shape := classKey{dfa: shapeOf(t, q)}
	if shape.dfa != "" {
		v.mu.Lock()
		if c, ok = v.classes[shape]; !ok {
			c, ok = v.older[shape]
		}
		v.mu.Unlock()
	}
	if !ok {
		if c = v.likeHub(t, q); c == nil {
			c = v.walk(t, q)
		}
	}
	v.mu.Lock()
	v.store(k, c)
	if shape.dfa != "" {
		v.store(shape, c)
	}
	v.mu.Unlock()
	return c
}

// shapeOf returns a key for the texts that may follow state q of a term. Terms of different
// schemas may have equal states, such as the states within a string, and then the keys are equal,
// too. shapeOf returns "" for terms that count and for large automata.
func shapeOf(t *term, q int32) string {
	const maxStates = 40
	if t.counted() || t.limit != nil {
		return ""
	}
	number := map[int32]int32{q: 0}
	order := append(make([]int32, 0, maxStates), q)
	var key []byte
	for i := 0; i < len(order); i++ {
		s := t.dfa.States[order[i]]
		if len(key) > 8000 {
			return ""
		}
		end := int32(-1)
		if s.Accept {
			end = -2
		}
		key = appendInts(key, end, int32(len(s.Edges)))
		for _, e := range s.Edges {
			n, ok := number[e.To]
			if !ok {
				if n = int32(len(order)); n >= maxStates {
					return ""
				}
				number[e.To] = n
				order = append(order, e.To)
			}
			key = appendInts(key, e.Lo, e.Hi, n)
		}
	}
	return string(key)
}

// store caches c. The caller holds mu.
func (v *Vocab) store(k classKey, c *class) {
	size := 200 + 4*len(c.ids) + 4*len(c.ticks) + 16*len(c.skip)
	if c.mask != nil {
		size += v.n / 8
	}
	if c.parts != nil {
		size += bits.Len32(uint32(c.ticks[len(c.ticks)-1])) * v.n / 8
	}
	for _, l := range c.exits {
		size += 12*len(l) + 50
	}
	if v.bytes += size; v.bytes > maxBytes/2 {
		v.older, v.classes, v.bytes = v.classes, map[classKey]*class{}, size
	}
	v.classes[k] = c
}

// few returns the largest number of tokens for which a class has no mask. n is the size of the
// vocabulary.
func few(n int) int { return n / 64 }

// walk returns the class of t in state q. It follows t over the whole tree of the vocabulary,
// except for the subtrees that t refuses.
func (v *Vocab) walk(t *term, q int32) *class {
	type level struct {
		row           *[256]int32 // the automaton's transitions from state q
		end, q, ticks int32
	}
	c := &class{exits: map[byte][]exit{}}
	counted, ticking := t.counted(), t.counted() || t.limit != nil
	limit := few(v.n)
	if ticking {
		limit = len(v.sorted)
	} else {
		c.mask = NewMask(v.n)
	}
	scratch := scratches.Get().(*class)
	defer scratches.Put(scratch)
	ids, ticked := scratch.ids[:0], scratch.ticks[:0]
	path := []level{{t.row(q), int32(len(v.char)), q, 0}}
	for i := int32(0); i < int32(len(v.char)); {
		for i >= path[len(path)-1].end {
			path = path[:len(path)-1]
		}
		up := path[len(path)-1]
		to := up.row[v.char[i]]
		if to < 0 {
			i += v.size[i]
			continue
		}
		ticks := up.ticks
		accepts := t.dfa.States[to].Accept
		if counted && accepts {
			to = 0
			ticks++
		}
		need := ticks
		switch {
		case t.limit != nil:
			ticks += t.ticks(up.q, to)
			need = ticks + t.minTicks[to]
		case counted && to != 0: // the text is within a further unit
			need++
		}
		for _, id := range v.at(i) {
			if len(ids) <= limit {
				ids = append(ids, id)
			}
			if ticking {
				ticked = append(ticked, need)
			} else {
				c.mask.set(id)
			}
		}
		if accepts {
			for j := i + 1; j < i+v.size[i]; j += v.size[j] {
				c.exits[v.char[j]] = append(c.exits[v.char[j]], exit{j, ticks})
			}
		}
		if v.size[i] > 1 {
			path = append(path, level{t.row(to), i + v.size[i], to, ticks})
		}
		i++
	}
	scratch.ids, scratch.ticks = ids, ticked
	switch {
	case ticking:
		c.ids, c.ticks = byTicks(ids, ticked)
		if len(ids) > few(v.n) {
			c.parts = sync.OnceValue(func() []*Mask { return c.byParts(v.n) })
		}
	case len(ids) <= limit:
		c.ids, c.mask = slices.Clone(ids), nil
	}
	return c
}

// byParts returns the sets for class.parts: element k has the tokens with at most 1<<k ticks. The
// last element has all tokens.
func (c *class) byParts(n int) (parts []*Mask) {
	at := 0
	for k := int32(0); at < len(c.ids); k++ {
		m := NewMask(n)
		if k > 0 {
			copy(m.words, parts[k-1].words)
		}
		for ; at < len(c.ids) && c.ticks[at] <= 1<<k; at++ {
			m.set(c.ids[at])
		}
		parts = append(parts, m)
	}
	return parts
}

// addUpTo adds the tokens with at most ticks ticks.
func (c *class) addUpTo(out *Mask, ticks int32) {
	n := sort.Search(len(c.ids), func(i int) bool { return c.ticks[i] > ticks })
	from := 0
	if c.parts != nil && ticks > 0 {
		parts := c.parts()
		k := min(bits.Len32(uint32(ticks))-1, len(parts)-1)
		out.or(parts[k])
		from = sort.Search(n, func(i int) bool { return c.ticks[i] > 1<<k })
	}
	for _, id := range c.ids[from:n] {
		out.set(id)
	}
}

// scratches holds classes whose lists serve as scratch memory.
var scratches = sync.Pool{New: func() any { return &class{} }}

// byTicks returns ids sorted by ticks, and the sorted ticks.
func byTicks(ids, ticks []int32) (sorted, sortedTicks []int32) {
	if len(ids) == 0 {
		return nil, nil
	}
	sorted, sortedTicks = make([]int32, len(ids)), make([]int32, len(ids))
	if largest := slices.Max(ticks); largest > 1<<16 {
		order := make([]uint64, len(ids))
		for i, t := range ticks {
			order[i] = uint64(t)<<32 | uint64(i)
		}
		slices.Sort(order)
		for i, o := range order {
			sorted[i], sortedTicks[i] = ids[uint32(o)], ticks[uint32(o)]
		}
		return sorted, sortedTicks
	}
	from := make([]int32, slices.Max(ticks)+2) // from[n]: index of the first token with n ticks
	for _, t := range ticks {
		from[t+1]++
	}
	for i := 1; i < len(from); i++ {
		from[i] += from[i-1]
	}
	for i, t := range ticks {
		sorted[from[t]], sortedTicks[from[t]] = ids[i], t
		from[t]++
	}
	return sorted, sortedTicks
}
