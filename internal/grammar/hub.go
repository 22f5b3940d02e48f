package grammar

// Some automata accept all names except given ones. For example, an object's additional keys
// are all names except the declared keys. Such an automaton has a state for each prefix of a
// given name, and a hub, the state to which all other characters lead. The class (see
// class.go) of a prefix's state differs from the hub's class in a few tokens only.

// hub returns the state to which nearly all letters lead, both from q and from that state itself.
// It returns -1 if there is no such state. A few letters may lead elsewhere, such as the first
// characters of a pattern that may begin anywhere in a text.
func (t *term) hub(q int32) int32 {
	const letters, limit = "etaoinshrdlucmfwypvbgkjqxz ", 9
	for i := range limit / 2 {
		h := t.next(q, letters[i*3])
		other := 0
		for j := 0; j < len(letters) && h >= 0 && other <= limit; j++ {
			if t.next(q, letters[j]) != h || t.next(h, letters[j]) != h {
				other++
			}
		}
		if h >= 0 && other <= limit {
			return h
		}
	}
	return -1
}

// likeHub returns the class of state q as a variant of its hub's class, or nil if that is not
// possible.
func (v *Vocab) likeHub(t *term, q int32) *class {
	if t.counted() || t.limit != nil {
		return nil
	}
	h := t.hub(q)
	if h < 0 || h == q {
		return nil
	}
	base := v.class(t, h)
	if base.mask == nil || base.base != nil {
		return nil
	}
	c := &class{mask: NewMask(v.n), base: base, skip: map[int32]bool{}, exits: map[byte][]exit{}}
	copy(c.mask.words, base.mask.words)
	type level struct{ end, q, h int32 }
	path := []level{{int32(len(v.char)), q, h}}
	for i := int32(0); i < int32(len(v.char)); {
		for i >= path[len(path)-1].end {
			path = path[:len(path)-1]
		}
		up := path[len(path)-1]
		own, hubs := t.from(up.q, v.char[i]), t.from(up.h, v.char[i])
		if own == hubs { // the state is the same, so nothing differs from here on
			i += v.size[i]
			continue
		}
		for _, id := range v.at(i) {
			if own >= 0 {
				c.mask.set(id)
			} else {
				c.mask.clear(id)
			}
		}
		add, drop := own >= 0 && t.dfa.States[own].Accept, hubs >= 0 && t.dfa.States[hubs].Accept
		if add || drop {
			for j := i + 1; j < i+v.size[i]; j += v.size[j] {
				if drop {
					c.skip[j] = true
				}
				if add {
					c.exits[v.char[j]] = append(c.exits[v.char[j]], exit{node: j})
				}
			}
		}
		path = append(path, level{i + v.size[i], own, hubs})
		i++
	}
	return c
}

// from is like next, except that it returns -1 if q is negative.
func (t *term) from(q int32, b byte) int32 {
	if q < 0 {
		return -1
	}
	return t.next(q, b)
}

func (m *Mask) clear(id int32) { m.words[id>>6] &^= 1 << (id & 63) }
