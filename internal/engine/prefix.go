package engine

import (
	"encoding/binary"
	"hash/maphash"
	"slices"

	"alpaca/internal/model"
)

// prefixes is a tree of the evaluated prefixes of all texts: it knows which cache blocks hold
// which tokens. A node is a block that follows the block of its parent, so that the path from
// a root to a node is a prefix. The node of a block that is not full is a leaf. The table
// finds a full block by a hash of its tokens. A search also compares the tokens themselves.
//
// A node is a user of its block. If memory is short, the least recently used leaf whose
// block no text uses is forgotten.
//
// In layers with a window, a text needs only the blocks of its last positions. A node may
// have lost its Recent block. A text can still use the node if the window of the text's
// next position does not reach it. If there are too few Recent blocks, the blocks at
// stops are forgotten last. A stop is the end of a text, or a place where texts diverge.
type prefixes struct {
	cache  *model.Cache
	seed   maphash.Seed
	roots  map[string]*node // the root of each salt
	table  map[nodeKey]*node
	oldest node // the head of the ring of all nodes: oldest.next is the most recently used node, oldest.prev the least recently used
	count  int
	states states
}

type node struct {
	parent     *node
	kids       []*node
	hash       uint64
	tokens     []int32 // the tokens of block, at most model.BlockLen
	block      *model.Block
	recent     *model.Block // nil if it is forgotten, or no layer has a window
	state      *model.State // the recurrent state after tokens, if the model is recurrent and a text stopped here (states.go)
	stop       bool         // a text that continues from a stop sees this node through its window; so recent is forgotten last
	gone       bool         // the node was forgotten, so it cannot get children
	salt       string
	prev, next *node
}

type nodeKey struct {
	parent *node
	hash   uint64
}

// newPrefixes returns an empty tree. It keeps at most mostStates
// recurrent states. mostStates is 0 if the model is not recurrent.
func newPrefixes(c *model.Cache, mostStates int) *prefixes {
	p := &prefixes{cache: c, seed: maphash.MakeSeed(), roots: map[string]*node{}, table: map[nodeKey]*node{}, states: states{most: mostStates}}
	p.oldest.prev, p.oldest.next = &p.oldest, &p.oldest
	return p
}

// root returns the node from which all texts with the salt begin.
func (p *prefixes) root(salt string) *node {
	if p.roots[salt] == nil {
		return &node{salt: salt} // put stores the root in roots when it adds the first child
	}
	return p.roots[salt]
}

// full returns the child of n with these model.BlockLen tokens, or nil if there is none.
func (p *prefixes) full(n *node, tokens []int32) *node {
	k := p.table[nodeKey{n, p.hash(tokens)}]
	if k == nil || !slices.Equal(k.tokens, tokens) {
		return nil
	}
	return k
}

func (p *prefixes) hash(tokens []int32) uint64 {
	var h maphash.Hash
	h.SetSeed(p.seed)
	var b [4]byte
	for _, id := range tokens {
		binary.LittleEndian.PutUint32(b[:], uint32(id))
		h.Write(b[:])
	}
	return h.Sum64()
}

// adopt looks for the longest known prefix of tokens after which a text can continue. It gives
// the blocks of this prefix to s, which must be empty. s may use only a part of the last block.
// adopt returns the node of the last full block, and the number of full blocks.
func (p *prefixes) adopt(s *model.Seq, salt string, tokens []int32) (n *node, blocks int, err error) {
	path := p.path(salt, tokens)
	var part *node
	most := 0
	if p.states.most > 0 {
		path, part = p.resumable(salt, path, tokens)
		if part != nil {
			most = len(part.tokens)
		}
	} else {
		part, most = p.longest(p.last(salt, path), tokens[len(path)*model.BlockLen:])
	}
	if part != nil && p.seen(append(path, part), len(path)*model.BlockLen+most) {
		p.touch(part)
		path = append(path, part)
	} else {
		for most = model.BlockLen; len(path) > 0 && !p.seen(path, len(path)*model.BlockLen); {
			path = path[:len(path)-1]
		}
		part = nil
	}
	from := p.first(len(path)*model.BlockLen - model.BlockLen + most)
	n = p.root(salt)
	for i, k := range path {
		recent, known := k.recent, k.tokens
		if i < from/model.BlockLen {
			recent = nil
		}
		if k == part {
			known = tokens[i*model.BlockLen:][:most]
		}
		if err := s.Adopt(k.block, recent, known); err != nil {
			return n, blocks, err
		}
		if k != part {
			n = k
			blocks++
		}
	}
	if len(path) > 0 && p.states.most > 0 {
		s.Resume(path[len(path)-1].state)
	}
	p.touch(n)
	return n, blocks, nil
}

// path returns the nodes of the longest known prefix of tokens in full blocks.
func (p *prefixes) path(salt string, tokens []int32) (path []*node) {
	n := p.root(salt)
	for len(tokens) >= model.BlockLen {
		if n = p.full(n, tokens[:model.BlockLen]); n == nil {
			break
		}
		path, tokens = append(path, n), tokens[model.BlockLen:]
	}
	return path
}

// last returns the last node of a path, or the root.
func (p *prefixes) last(salt string, path []*node) *node {
	if len(path) == 0 {
		return p.root(salt)
	}
	return path[len(path)-1]
}

// longest returns the child of n that shares the longest prefix with tokens, and the length of
// that prefix.
func (p *prefixes) longest(n *node, tokens []int32) (best *node, most int) {
	for _, k := range n.kids {
		if m := same(k.tokens, tokens); m > most {
			best, most = k, m
		}
	}
	return best, most
}

// first returns the first position whose Recent block a text needs in order to continue after n
// tokens.
func (p *prefixes) first(n int) int {
	if p.cache.Window() == 0 {
		return n
	}
	return p.cache.First(n)
}

// seen reports whether the nodes of path have the Recent blocks that a text needs in order to
// continue after its first n tokens.
func (p *prefixes) seen(path []*node, n int) bool {
	for i := p.first(n) / model.BlockLen; i < len(path); i++ {
		if path[i].recent == nil && p.cache.Window() > 0 {
			return false
		}
	}
	return true
}

// same returns the length of the common prefix of a and b.
func same(a, b []int32) int {
	n := 0
	for n < len(a) && n < len(b) && a[n] == b[n] {
		n++
	}
	return n
}

// put adds a node for block and recent, which hold tokens, as a child of parent. A block has
// fewer than model.BlockLen tokens only at the end of a text. put returns the node that has
// these tokens, possibly an older one with other blocks. It returns nil in the rare case that a
// node with different tokens has the same hash.
func (p *prefixes) put(parent *node, tokens []int32, block, recent *model.Block) *node {
	if parent.parent == nil { // put may have stored another node as the root meanwhile
		parent = p.root(parent.salt)
	}
	whole := len(tokens) == model.BlockLen
	if whole {
		if k := p.full(parent, tokens); k != nil {
			p.restore(k, recent)
			p.touch(k)
			return k
		}
	}
	for _, k := range slices.Clone(parent.kids) {
		n := same(k.tokens, tokens)
		if n == len(tokens) { // k already has these tokens
			if longer := len(k.tokens) > n; !whole && longer && (k.recent == nil && recent != nil || p.states.most > 0) {
				continue // k cannot replace the new node: k has no Recent block, or another state
			}
			if len(k.tokens) == n {
				p.restore(k, recent)
			}
			p.touch(k)
			return k
		}
		if n == len(k.tokens) && k.state == nil { // k has only a prefix of these tokens
			p.remove(k)
		}
	}
	k := &node{parent: parent, tokens: slices.Clone(tokens), block: block, recent: recent}
	if whole {
		k.hash = p.hash(tokens)
		key := nodeKey{parent, k.hash}
		if p.table[key] != nil {
			return nil
		}
		p.table[key] = k
	}
	if parent.parent == nil {
		p.roots[parent.salt] = parent
	}
	p.cache.Retain(block)
	p.cache.Retain(recent)
	if parent.kids = append(parent.kids, k); len(parent.kids) == 2 {
		p.stop(parent)
	}
	p.count++
	p.link(k)
	p.touch(parent)
	return k
}

// restore gives a node the Recent block that it has lost.
func (p *prefixes) restore(n *node, recent *model.Block) {
	if n.recent == nil && recent != nil {
		p.cache.Retain(recent)
		n.recent = recent
	}
}

// stop marks the nodes that a text sees through its window when it continues after n. Their Recent
// blocks are forgotten last.
func (p *prefixes) stop(n *node) {
	for left := p.cache.Window() + model.BlockLen; left > 0 && n.parent != nil; left -= model.BlockLen {
		n.stop = true
		n = n.parent
	}
}

// touch makes n and its parents the most recently used nodes, parents after their children.
func (p *prefixes) touch(n *node) {
	for ; n != nil && n.parent != nil; n = n.parent {
		p.unlink(n)
		p.link(n)
	}
}

func (p *prefixes) link(n *node) {
	n.prev, n.next = &p.oldest, p.oldest.next
	n.prev.next, n.next.prev = n, n
}

func (p *prefixes) unlink(n *node) { n.prev.next, n.next.prev = n.next, n.prev }

// clear forgets all nodes.
func (p *prefixes) clear() {
	for n := p.oldest.next; n != &p.oldest; n = n.next {
		p.cache.Release(n.block)
		p.cache.Release(n.recent)
	}
	*p = *newPrefixes(p.cache, p.states.most)
	p.oldest.prev, p.oldest.next = &p.oldest, &p.oldest
}
