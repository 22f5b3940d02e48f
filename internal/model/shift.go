package model

import (
	"fmt"
	"math"
)

// Shift makes room in a full context. It removes tokens keep to keep+discard-1 and moves the
// tokens after them down. It rotates the keys of moved tokens to their new positions, and rounds
// them to the cache's type again. The keys and values of moved tokens still depend on the removed
// tokens. Shift returns ErrNoShift for a recurrent model. After ErrNoBlocks, nothing has changed.
func (s *Seq) Shift(keep, discard int) error {
	end := len(s.tokens)
	if keep < 0 || discard < 0 || keep+discard > end {
		return fmt.Errorf("model: cannot remove tokens %d to %d of a text of %d", keep, keep+discard-1, end)
	}
	if discard == 0 {
		return nil
	}
	if s.model.Config.Recurrent() {
		return fmt.Errorf("model: shift: %w", ErrNoShift)
	}
	floor := s.floor
	s.sinkFloor(keep, discard)
	if keep+discard < end {
		for i := keep / BlockLen; i < blocksOf(end-discard); i++ {
			if err := s.own(Whole, i); err != nil {
				s.floor = floor
				return err
			}
		}
	}
	if s.cache.window > 0 {
		if err := s.refill(s.floor, keep, end-discard); err != nil {
			s.floor = floor
			return err
		}
	}
	s.move(keep, discard)
	s.tokens = append(s.tokens[:keep], s.tokens[keep+discard:]...)
	if len(s.tokens) > keep {
		s.exact = min(s.exact, keep)
	}
	if s.mark = 0; len(s.tokens) <= s.exact {
		s.exact = math.MaxInt
	}
	s.cut(len(s.tokens))
	return nil
}

// move moves keys and values down: from position pos+by to pos, for each pos ≥ from. It
// rotates the keys to their new positions.
func (s *Seq) move(from, by int) {
	var back [TurnNone + 1]angles
	for turn, rope := range s.cache.ropes {
		if rope != nil {
			back[turn] = angles{make([]float32, rope.Pairs()), make([]float32, rope.Pairs())}
			rope.ShiftAngles(back[turn].cos, back[turn].sin, -by)
		}
	}
	for layer := range s.cache.layers() {
		f := &s.cache.formats[layer]
		from := from
		if s.cache.parts[layer] == Recent {
			from = max(from, s.floor)
			s.blank(layer, from)
		}
		turn := s.model.Config.Layers[layer].Turn
		rope, cos, sin := s.cache.ropes[turn], back[turn].cos, back[turn].sin
		key, row := make([]float32, f.KeyDim), make([]byte, 4*f.KeyDim)
		for pos := from; pos+by < len(s.tokens); pos++ {
			src, i := s.at(layer, pos+by)
			dst, j := s.at(layer, pos)
			for h := range f.Heads {
				f.Key(key, f.Keys(src, h), i, row)
				if rope != nil {
					rope.Apply(key, cos, sin)
				}
				f.PutKey(f.Keys(dst, h), j, key, row)
				copy(f.Value(f.Values(dst, h), j), f.Value(f.Values(src, h), i))
			}
		}
	}
}

// blank sets keys and values of a layer to zero, from the beginning of pos's block up to pos. It
// does nothing if the floor is below pos. No evaluation reads these positions, but Save writes
// them.
func (s *Seq) blank(layer, pos int) {
	f := &s.cache.formats[layer]
	zero, row := make([]float32, max(f.KeyDim, f.ValueDim)), make([]byte, 4*f.KeyDim)
	for p := pos &^ (BlockLen - 1); p < pos && s.floor >= pos; p++ {
		block, j := s.at(layer, p)
		for h := range f.Heads {
			f.PutKey(f.Keys(block, h), j, zero[:f.KeyDim], row)
			f.PutValue(f.Values(block, h), j, zero[:f.ValueDim])
		}
	}
}
