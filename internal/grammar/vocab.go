package grammar

import (
	"bytes"
	"slices"
	"sort"
	"sync"
)

// Vocab is a vocabulary as a tree of the tokens' bytes. It serves many programs at once, and
// caches which tokens fit the states of their automata.
type Vocab struct {
	n    int
	text [][]byte // each token's bytes, by id
	ends map[int32]bool

	// The tree in depth-first order. Node i stands for byte char[i] after its parent. Its
	// subtree has size[i] nodes, itself included. The tokens whose text ends at node i are
	// sorted[from[i]:from[i+1]].
	char   []byte
	size   []int32
	from   []int32
	sorted []int32

	mu      sync.Mutex
	classes map[classKey]*class // the current cache
	older   map[classKey]*class // the previous cache, which had become too large
	bytes   int                 // estimated size of classes
}

// NewVocab returns the vocabulary of n tokens. text returns a token's bytes as they are printed
// in the middle of a text, and nil for a control token. ends are the tokens that end a text;
// their bytes are ignored.
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
	var path []int32 // the nodes of the last token's bytes
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

// at returns the tokens whose text ends at node i.
func (v *Vocab) at(i int32) []int32 { return v.sorted[v.from[i]:v.from[i+1]] }

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

// Equal reports whether m and o have the same tokens.
func (m *Mask) Equal(o *Mask) bool { return slices.Equal(m.words, o.words) }
