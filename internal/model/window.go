package model

// Layers with a window see only the last positions of a text. Their keys and values are
// in Recent blocks. As a text grows, Trim releases the Recent blocks that no later token
// can see. A text can still be cut back by up to Slack tokens, to its mark, or to
// nothing. For any other length, layers with a window would need blocks that have been
// released. So for such a length, Truncate cuts further back, to the mark or to nothing.
//
// Shift moves the positions that the layers with a window still see. Positions that have left the
// windows are lost, even if Trim has not released their blocks yet. Seq.floor is the first position
// that these layers see afterwards. So the result does not depend on when blocks were released.

// Slack is the number of tokens by which a text can be cut back at any time.
const Slack = BlockLen

// window returns the largest window of the layers if it is shorter than a context of ctx
// tokens, and 0 otherwise.
func (c *Config) window(ctx int) int {
	if n := c.most(func(l *LayerConfig) int { return l.Window }); n < ctx {
		return n
	}
	return 0
}

// RecentBlocks returns the largest number of Recent blocks that a text of up to ctx tokens keeps
// between two batches, without the blocks for a mark. It returns 0 if the cache has no Recent
// blocks.
func (m *Model) RecentBlocks(ctx int) int {
	if w := m.Config.window(ctx); w > 0 {
		return blocksOf(w+Slack) + 1
	}
	return 0
}

// Window returns the largest number of positions that a layer with Recent blocks sees, or 0 if
// there is no such layer.
func (c *Cache) Window() int { return c.window }

// First returns the first position that a text needs in its Recent blocks to continue after n
// tokens.
func (c *Cache) First(n int) int { return max(0, n-c.window+1) }

// floorAt returns the floor that the text has after a cut back to its first n tokens. The floor is
// 0 again if all moved positions are cut off.
func (s *Seq) floorAt(n int) int {
	if n < len(s.tokens) && n <= s.floor {
		return 0
	}
	return s.floor
}

// first returns Cache.First(n), or the floor if it is larger.
func (s *Seq) first(n int) int { return max(s.cache.First(n), s.floorAt(n)) }

// Reachable returns how many tokens Truncate(n) leaves. That is n if the text still has all the
// blocks and states for continuing after n tokens. Otherwise it is the length at the mark, or 0.
func (s *Seq) Reachable(n int) int {
	n = min(max(n, 0), len(s.tokens))
	for _, m := range []int{n, s.mark} {
		if m <= n && s.holds(m) {
			return m
		}
	}
	return 0
}

// holds reports whether the text has the state and the Recent blocks for continuing after n
// tokens.
func (s *Seq) holds(n int) bool {
	if s.model.Config.Recurrent() && !s.state.holds(n) {
		return false
	}
	if s.cache.window == 0 {
		return true
	}
	for i := s.first(n) / BlockLen; i < blocksOf(n); i++ {
		if s.parts[Recent].list[i] == nil {
			return false
		}
	}
	return true
}

// Mark records the present length. Until the next Mark
// or Shift, the text can be cut back to this length.
func (s *Seq) Mark() {
	if s.mark > 0 {
		s.trimmed = min(s.trimmed, s.cache.First(s.mark)/BlockLen)
	}
	s.mark = len(s.tokens)
	s.state.mark()
}

// Trim releases the Recent blocks that the text no longer needs.
func (s *Seq) Trim() {
	if s.cache.window == 0 {
		return
	}
	list := &s.parts[Recent]
	keep := s.cache.First(len(s.tokens)-Slack) / BlockLen
	for i := s.trimmed; i < keep; i++ {
		if s.mark == 0 || i < s.first(s.mark)/BlockLen || i >= blocksOf(s.mark) {
			s.cache.Release(list.list[i])
			list.set(i, nil)
		}
	}
	s.trimmed = max(s.trimmed, keep)
}

// sinkFloor sets the floor for a Shift. It first raises the floor above all positions that have
// left the windows. Then it moves the floor down with the tokens, but not below keep.
func (s *Seq) sinkFloor(keep, discard int) {
	if s.cache.window > 0 {
		s.floor = max(s.floor, len(s.tokens)-s.cache.window)
	}
	if s.floor > keep {
		s.floor = max(keep, s.floor-discard)
	}
}

// refill makes sure that there are Recent blocks for the positions p with from ≤ p < n. It makes s
// the only user of the blocks with positions p ≥ moved. After an error, nothing has changed, except
// that blocks may have been copied.
func (s *Seq) refill(from, moved, n int) error {
	list := &s.parts[Recent]
	var taken []int
	for i := from / BlockLen; i < blocksOf(n); i++ {
		var err error
		switch {
		case list.list[i] != nil && (i+1)*BlockLen <= moved:
		case list.list[i] != nil:
			err = s.own(Recent, i)
		default:
			var b *Block
			if b, err = s.cache.take(Recent); err == nil {
				b.filled = BlockLen
				list.set(i, b)
				taken = append(taken, i)
			}
		}
		if err != nil {
			for _, i := range taken {
				s.cache.Release(list.list[i])
				list.set(i, nil)
			}
			return err
		}
	}
	return nil
}
