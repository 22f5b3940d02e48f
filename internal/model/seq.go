package model

import (
	"fmt"
	"math"
)

// Seq is one text: its tokens, and the blocks of a Cache that hold their keys and
// values. A Seq holds its blocks until it is freed.
type Seq struct {
	model  *Model
	cache  *Cache
	tokens []int32  // whose keys and values are in the blocks
	blocks []*Block // of the positions, in order
	data   [][]byte // of the blocks
	exact  int      // the first position that Shift has changed; math.MaxInt where there is none
	state  state
}

// NewSeq returns an empty text.
func (r *Runner) NewSeq() *Seq {
	return &Seq{model: r.model, cache: r.cache, exact: math.MaxInt}
}

// Len returns the number of tokens.
func (s *Seq) Len() int { return len(s.tokens) }

// Tokens returns the tokens. They must not be changed, and are valid until the
// next change of the Seq.
func (s *Seq) Tokens() []int32 { return s.tokens }

// Exact returns how many tokens, counted from the first, have the keys and values
// that evaluating these tokens gives: all of them, unless Shift moved some.
func (s *Seq) Exact() int { return min(s.exact, len(s.tokens)) }

// Block returns the block of positions i*BlockLen and following.
func (s *Seq) Block(i int) *Block { return s.blocks[i] }

// Truncate forgets all but the first n tokens, or all but Reachable(n).
func (s *Seq) Truncate(n int) {
	n = s.Reachable(n)
	s.goBack(n)
	s.tokens = s.tokens[:n]
	if n <= s.exact {
		s.exact = math.MaxInt
	}
	s.cut(n)
}

// cut releases the blocks that hold nothing of the first n positions.
func (s *Seq) cut(n int) {
	keep := blocksOf(n)
	for i := keep; i < len(s.blocks); i++ {
		s.cache.Release(s.blocks[i])
		s.blocks[i], s.data[i] = nil, nil
	}
	s.blocks, s.data = s.blocks[:keep], s.data[:keep]
}

// blocksOf returns how many blocks n positions take.
func blocksOf(n int) int { return (n + BlockLen - 1) / BlockLen }

// Free forgets all tokens and releases the blocks. The Seq can be used again.
func (s *Seq) Free() { s.Truncate(0) }

// Fork returns a text that begins with the first n tokens of s and shares their
// blocks.
func (s *Seq) Fork(n int) *Seq {
	n = s.Reachable(n)
	f := &Seq{model: s.model, cache: s.cache, exact: math.MaxInt, tokens: append([]int32(nil), s.tokens[:n]...)}
	if s.exact < n {
		f.exact = s.exact
	}
	f.state = s.state.at(n)
	for _, b := range s.blocks[:blocksOf(n)] {
		f.push(b)
		s.cache.Retain(b)
	}
	return f
}

// push adds a block at the end.
func (s *Seq) push(b *Block) {
	s.blocks, s.data = append(s.blocks, b), append(s.data, b.data)
}

// Adopt appends tokens whose keys and values are in b, from its first position on:
// at most BlockLen of them, after a whole number of blocks. b gets a user more.
func (s *Seq) Adopt(b *Block, tokens []int32) error {
	if len(s.tokens)%BlockLen != 0 || len(tokens) == 0 || len(tokens) > b.filled || len(b.data) != s.cache.BlockBytes() {
		return fmt.Errorf("model: a block with %d tokens of %d cannot follow %d", len(tokens), b.filled, len(s.tokens))
	}
	s.cache.Retain(b)
	s.push(b)
	s.tokens = append(s.tokens, tokens...)
	return nil
}

// Needs returns how many blocks more of the cache n further tokens take. Where
// several texts share a last block that is not full, one of them may need one more
// than this says.
func (s *Seq) Needs(n int) int {
	if n == 0 {
		return 0
	}
	need := blocksOf(len(s.tokens)+n) - len(s.blocks)
	if j := len(s.tokens) % BlockLen; j > 0 && s.mustCopy(len(s.blocks)-1, j) {
		need++
	}
	return need
}

// mustCopy reports whether block i must be copied before its position j is written.
func (s *Seq) mustCopy(i, j int) bool { return s.blocks[i].refs > 1 && s.blocks[i].filled > j }

// extend makes room for n tokens more, without adding them. After an error nothing
// has changed but that blocks may have been copied.
func (s *Seq) extend(n int) error {
	pos := len(s.tokens)
	if j := pos % BlockLen; j > 0 && n > 0 {
		i := pos / BlockLen
		if s.mustCopy(i, j) {
			if err := s.own(i); err != nil {
				return err
			}
		}
		s.blocks[i].filled = min(j+n, BlockLen)
	}
	for len(s.blocks)*BlockLen < pos+n {
		b, err := s.cache.take()
		if err != nil {
			s.retract()
			return err
		}
		b.filled = min(BlockLen, pos+n-len(s.blocks)*BlockLen)
		s.push(b)
	}
	return nil
}

// retract undoes extend.
func (s *Seq) retract() {
	s.cut(len(s.tokens))
	if j := len(s.tokens) % BlockLen; j > 0 {
		s.blocks[len(s.blocks)-1].filled = j
	}
}

// own makes s the only user of its block i, by a copy if need be.
func (s *Seq) own(i int) error {
	old := s.blocks[i]
	if old.refs == 1 {
		return nil
	}
	b, err := s.cache.take()
	if err != nil {
		return err
	}
	copy(b.data, old.data)
	b.filled = old.filled
	s.cache.Release(old)
	s.blocks[i], s.data[i] = b, b.data
	return nil
}

// Shift makes room in a full context: it forgets tokens keep to keep+discard-1
// and moves those after them down. Their keys are turned to their new positions
// and rounded to the cache's type again; what they took from forgotten tokens
// stays in them. With ErrNoBlocks nothing has changed.
func (s *Seq) Shift(keep, discard int) error {
	end := len(s.tokens)
	if keep < 0 || discard < 0 || keep+discard > end {
		return fmt.Errorf("model: shift: tokens %d to %d of %d", keep, keep+discard, end)
	}
	if discard == 0 {
		return nil
	}
	if s.model.Config.Recurrent() {
		return fmt.Errorf("model: shift: %w", ErrNoShift)
	}
	if keep+discard < end {
		for i := keep / BlockLen; i < blocksOf(end-discard); i++ {
			if err := s.own(i); err != nil {
				return err
			}
		}
		s.move(keep, discard)
	}
	s.tokens = append(s.tokens[:keep], s.tokens[keep+discard:]...)
	if len(s.tokens) > keep {
		s.exact = min(s.exact, keep)
	}
	s.Truncate(len(s.tokens))
	return nil
}

// move moves positions from from+by on down by by, in place: values as they are,
// keys turned back to where rope puts them for their new positions.
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
		turn := s.model.Config.Layers[layer].Turn
		rope, cos, sin := s.cache.ropes[turn], back[turn].cos, back[turn].sin
		key, row := make([]float32, f.KeyDim), make([]byte, 4*f.KeyDim)
		for pos := from; pos+by < len(s.tokens); pos++ {
			src, i := s.at(layer, pos+by)
			dst, j := s.at(layer, pos)
			for h := range f.Heads {
				f.Key(key, f.Keys(src, h), i)
				if rope != nil {
					rope.Apply(key, cos, sin)
				}
				f.PutKey(f.Keys(dst, h), j, key, row)
				copy(f.Value(f.Values(dst, h), j), f.Value(f.Values(src, h), i))
			}
		}
	}
}

// at returns a layer's part of the block that position pos is in, and the
// position's number in the block.
func (s *Seq) at(layer, pos int) (block []byte, j int) {
	return s.cache.part(s.data[pos/BlockLen], layer), pos % BlockLen
}

// Share puts b, which holds the same keys and values, in the place of block i.
func (s *Seq) Share(i int, b *Block) {
	s.cache.Retain(b)
	s.cache.Release(s.blocks[i])
	s.blocks[i], s.data[i] = b, b.data
}

// Replace makes s what with is, which is empty afterwards.
func (s *Seq) Replace(with *Seq) {
	s.Free()
	*s, *with = *with, Seq{model: s.model, cache: s.cache, exact: math.MaxInt}
}
