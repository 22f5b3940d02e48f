package grammar

import (
	"bytes"
	"slices"
	"sort"
	"sync"
)

// Vocab is a vocabulary as a tree of the tokens' bytes. It serves many programs at once
// and remembers what their automata make of it.
type Vocab struct {
	n    int
	text [][]byte // by token
	ends map[int32]bool

	// The tree in the order of a search in depth. Node i is byte char[i] after its
	// parent; size[i] nodes, itself included, begin like it; sorted[from[i]:from[i+1]]
	// are the tokens that it begins with or equals, up to its first child.
	char   []byte
	size   []int32
	from   []int32
	sorted []int32

	mu      sync.Mutex
	classes map[classKey]*class
	older   map[classKey]*class
	bytes   int
}

// NewVocab returns the vocabulary of n tokens. text returns a token's bytes as they are
// printed in the middle of a text, nothing for a control token; ends are the tokens that
// end a text, which never stand for their bytes.
func NewVocab(n int, text func(id int32) []byte, ends []int32) *Vocab {
	v := &Vocab{n: n, text: make([][]byte, n), ends: map[int32]bool{}, classes: map[classKey]*class{}}
	for _, id := range ends {
		v.ends[id] = true
	}
	for id := range int32(n) {
		if v.ends[id] {
			continue
		}
		if v.text[id] = text(id); len(v.text[id]) > 0 {
			v.sorted = append(v.sorted, id)
		}
	}
	sort.SliceStable(v.sorted, func(i, j int) bool {
		return bytes.Compare(v.text[v.sorted[i]], v.text[v.sorted[j]]) < 0
	})
	v.build()
	return v
}

// Len returns the number of tokens.
func (v *Vocab) Len() int { return v.n }

func (v *Vocab) build() {
	var path []int32 // nodes of the last token's bytes
	var last []byte
	closeTo := func(n int) {
		for _, node := range path[n:] {
			v.size[node] = int32(len(v.char)) - node
		}
		path = path[:n]
	}
	for i, id := range v.sorted {
		text := v.text[id]
		common := 0
		for common < min(len(last), len(text)) && last[common] == text[common] {
			common++
		}
		closeTo(common)
		for _, b := range text[common:] {
			path = append(path, int32(len(v.char)))
			v.char = append(v.char, b)
			v.size = append(v.size, 0)
			v.from = append(v.from, int32(i))
		}
		last = text
	}
	closeTo(0)
	v.from = append(v.from, int32(len(v.sorted)))
}

// at returns the tokens whose text ends at node i: those listed from it on before those
// of the next node. A node in the middle of a longer text has none.
func (v *Vocab) at(i int32) []int32 { return v.sorted[v.from[i]:v.from[i+1]] }

// classKey is a state of an automaton.
type classKey struct {
	dfa     any
	q       int32
	counted bool
	limited bool
}

// class is what an automaton in one state makes of the vocabulary.
type class struct {
	ids   []int32 // tokens whose bytes it takes; of one that counts, by ticks
	ticks []int32 // of one that counts, for each of ids: units that end in it; of one with a limit, what it takes of that
	mask  *Mask   // of ids, where there are many

	// Where the automaton may end within a token: by the byte that follows, the nodes of it.
	exits map[byte][]exit

	// A class that is nearly another's has the exits of that, too, but for some.
	base *class
	skip map[int32]bool
}

type exit struct{ node, ticks int32 }

// maxBytes bounds what a vocabulary remembers, in two halves.
const maxBytes = 64 << 20

// class returns what term t in state q makes of the vocabulary.
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
	if c = v.likeHub(t, q); c == nil {
		c = v.walk(t, q)
	}
	v.mu.Lock()
	v.store(k, c)
	v.mu.Unlock()
	return c
}

// store remembers c. The caller holds mu.
func (v *Vocab) store(k classKey, c *class) {
	size := 200 + 4*len(c.ids) + 4*len(c.ticks) + 16*len(c.skip)
	if c.mask != nil {
		size += v.n / 8
	}
	for _, l := range c.exits {
		size += 12*len(l) + 50
	}
	if v.bytes += size; v.bytes > maxBytes/2 {
		v.older, v.classes, v.bytes = v.classes, map[classKey]*class{}, size
	}
	v.classes[k] = c
}

// walk follows t from q over the whole tree, but for what it refuses.
func (v *Vocab) walk(t *term, q int32) *class {
	type level struct{ end, q, ticks int32 }
	c := &class{exits: map[byte][]exit{}}
	counted := t.counted()
	path := []level{{int32(len(v.char)), q, 0}}
	for i := int32(0); i < int32(len(v.char)); {
		for i >= path[len(path)-1].end {
			path = path[:len(path)-1]
		}
		up := path[len(path)-1]
		to := t.next(up.q, v.char[i])
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
		if t.limit != nil {
			ticks += t.ticks(up.q, to)
			need = ticks + t.least[to]
		}
		for _, id := range v.at(i) {
			c.ids = append(c.ids, id)
			if counted || t.limit != nil {
				c.ticks = append(c.ticks, need)
			}
		}
		if accepts {
			for j := i + 1; j < i+v.size[i]; j += v.size[j] {
				c.exits[v.char[j]] = append(c.exits[v.char[j]], exit{j, ticks})
			}
		}
		path = append(path, level{i + v.size[i], to, ticks})
		i++
	}
	switch {
	case counted:
		sort.Sort(byTicks{c})
	case t.limit != nil:
		sort.Sort(byTicks{c})
		c.setMask(v.n)
	case len(c.ids) > v.n/64:
		c.setMask(v.n)
		c.ids = nil
	}
	return c
}

// setMask makes a mask of the ids.
func (c *class) setMask(n int) {
	c.mask = NewMask(n)
	for _, id := range c.ids {
		c.mask.set(id)
	}
}

type byTicks struct{ *class }

func (b byTicks) Len() int           { return len(b.ids) }
func (b byTicks) Less(i, j int) bool { return b.ticks[i] < b.ticks[j] }
func (b byTicks) Swap(i, j int) {
	b.ids[i], b.ids[j] = b.ids[j], b.ids[i]
	b.ticks[i], b.ticks[j] = b.ticks[j], b.ticks[i]
}

// Mask is a set of tokens.
type Mask struct{ words []uint64 }

// NewMask returns the empty set of a vocabulary of n tokens.
func NewMask(n int) *Mask { return &Mask{make([]uint64, (n+63)/64)} }

func (m *Mask) set(id int32) { m.words[id>>6] |= 1 << (id & 63) }

// Has reports whether token id is in the set.
func (m *Mask) Has(id int32) bool {
	return id >= 0 && int(id>>6) < len(m.words) && m.words[id>>6]>>(id&63)&1 != 0
}

func (m *Mask) or(o *Mask) {
	for i, w := range o.words {
		m.words[i] |= w
	}
}

// Equal reports whether both have the same tokens.
func (m *Mask) Equal(o *Mask) bool { return slices.Equal(m.words, o.words) }
