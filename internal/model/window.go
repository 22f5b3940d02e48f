package model

// Layers with a window see only the last positions of a text. Their keys and values are the
// Recent part of the blocks: as a text grows, Trim releases the blocks that no later row can
// see. A text can still be cut back by a few tokens (Slack), to its beginning, and to where it
// was marked. Further back the layers with a window would need released blocks, so that
// Truncate leaves nothing.
//
// Shift moves what the layers with a window still see. What left the windows before is lost:
// floor is where their view begins, so that the result does not depend on when blocks were
// released.

// Slack is how many tokens a text can be cut back at any time.
const Slack = BlockLen

// window returns how many positions are seen by the layers whose windows are shorter than a
// context of ctx tokens; 0 where there are no such layers.
func (c *Config) window(ctx int) int {
	if n := c.most(func(l *LayerConfig) int { return l.Window }); n < ctx {
		return n
	}
	return 0
}

// RecentBlocks returns how many Recent blocks a text of up to ctx tokens keeps at most
// between two batches; 0 where there are no such blocks.
func (m *Model) RecentBlocks(ctx int) int {
	if w := m.Config.window(ctx); w > 0 {
		return blocksOf(w+Slack) + 1
	}
	return 0
}

// Window returns how many positions the layers of the Recent part see; 0 where there are
// none.
func (c *Cache) Window() int { return c.window }

// First returns the first position that the Recent part must hold for a text that goes on
// after n tokens.
func (c *Cache) First(n int) int { return max(0, n-c.window+1) }

// floorAt returns the floor of a text that is cut back to its first n tokens. It has none if
// all moved positions are cut off.
func (s *Seq) floorAt(n int) int {
	if n < len(s.tokens) && n <= s.floor {
		return 0
	}
	return s.floor
}

// first is First where the text was moved in its context, too.
func (s *Seq) first(n int) int { return max(s.cache.First(n), s.floorAt(n)) }

// Reachable returns how many of the first n tokens Truncate can leave: n, or fewer where
// layers with a window have forgotten what they would need.
func (s *Seq) Reachable(n int) int {
	n = min(max(n, 0), len(s.tokens))
	for _, m := range []int{n, s.mark} {
		if m <= n && s.holds(m) {
			return m
		}
	}
	return 0
}

// holds reports whether the text has everything that is needed to go on after n tokens.
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

// Mark makes the text keep what it needs to be cut back to its present length, until the next
// Mark.
func (s *Seq) Mark() {
	if s.mark > 0 {
		s.trimmed = min(s.trimmed, s.cache.First(s.mark)/BlockLen)
	}
	s.mark = len(s.tokens)
	s.state.mark()
}

// Trim releases the Recent blocks that the text needs no more.
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

// sinkFloor moves the floor as Shift moves positions: what layers with a window do not see
// before it, they do not see afterwards.
func (s *Seq) sinkFloor(keep, discard int) {
	if s.cache.window > 0 {
		s.floor = max(s.floor, len(s.tokens)-s.cache.window)
	}
	if s.floor > keep {
		s.floor = max(keep, s.floor-discard)
	}
}

// refill makes sure that there are Recent blocks for the first n positions, beginning with
// from. From position moved on, the blocks are for s alone. After an error nothing has
// changed, except that blocks may have been copied.
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
