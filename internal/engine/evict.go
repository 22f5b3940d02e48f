package engine

import (
	"math"
	"slices"

	"alpaca/internal/model"
)

// evict.go chooses what the prefix cache forgets if memory is short.

// remove forgets a node without children.
func (p *prefixes) remove(n *node) {
	p.unlink(n)
	i := slices.Index(n.parent.kids, n)
	n.parent.kids = slices.Delete(n.parent.kids, i, i+1)
	if key := (nodeKey{n.parent, n.hash}); p.table[key] == n {
		delete(p.table, key)
	}
	if n.parent.parent == nil && len(n.parent.kids) == 0 {
		delete(p.roots, n.parent.salt)
	}
	p.cache.Release(n.block)
	p.cache.Release(n.recent)
	if n.state != nil {
		n.state = nil
		p.states.count--
	}
	n.gone = true
	p.count--
}

// evict forgets the least recently used leaf whose block no text uses. It returns false if
// there is none.
func (p *prefixes) evict() bool { return p.evictLeaf(1) }

// disown calls evict. If evict finds no leaf, disown forgets the
// least recently used leaf although texts use its block. A text that
// is then the block's only user can change the block without a copy.
func (p *prefixes) disown() bool { return p.evict() || p.evictLeaf(math.MaxInt) }

// evictLeaf forgets the least recently used leaf whose block has at most the given number of
// users.
func (p *prefixes) evictLeaf(users int) bool {
	for n := p.oldest.prev; n != &p.oldest; n = n.prev {
		if len(n.kids) == 0 && n.users() <= users {
			p.remove(n)
			return true
		}
	}
	return false
}

// users returns the number of users of a node's block. If a sibling of n has the same block, the
// two count as one user: the sibling has more or fewer tokens of the same text.
func (n *node) users() int {
	users := n.block.Users()
	if users > 1 {
		for _, k := range n.parent.kids {
			if k != n && k.block == n.block {
				users--
			}
		}
	}
	return users
}

// firstOf reports whether n is the first of the nodes that share its block.
func (n *node) firstOf() bool {
	if n.block.Users() == 1 {
		return true
	}
	return n.parent.kids[slices.IndexFunc(n.parent.kids, func(k *node) bool { return k.block == n.block })] == n
}

// evictRecent forgets the least recently used Recent block that has at most the given number of
// users. The blocks of nodes whose stop is set are forgotten last. evictRecent returns false if
// there is none.
func (p *prefixes) evictRecent(users int) bool {
	for _, stops := range []bool{false, true} {
		for n := p.oldest.prev; n != &p.oldest; n = n.prev {
			if n.recent != nil && n.stop == stops && n.recent.Users() <= users {
				p.cache.Release(n.recent)
				n.recent = nil
				return true
			}
		}
	}
	return false
}

// unused returns how many blocks only the prefix cache uses.
func (p *prefixes) unused() (blocks model.Blocks) {
	for n := p.oldest.prev; n != &p.oldest; n = n.prev {
		if n.users() == 1 && n.firstOf() {
			blocks[model.Whole]++
		}
		if n.recent != nil && n.recent.Users() == 1 {
			blocks[model.Recent]++
		}
	}
	return blocks
}
