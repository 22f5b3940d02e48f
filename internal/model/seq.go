package model

import (
	"fmt"
	"math"
	"slices"
)

// Seq is one text: its tokens, and the blocks of a Cache that hold their keys and
// values. A Seq holds its blocks until it is freed.
type Seq struct {
	model   *Model
	cache   *Cache
	tokens  []int32          // whose keys and values are in the blocks
	parts   [numParts]blocks // of the positions, in order
	exact   int              // the first position that Shift has changed; math.MaxInt where there is none
	floor   int              // the first position that layers with a window see (window.go)
	mark    int              // how many tokens can be gone back to; 0: no more than Slack allows
	trimmed int              // Recent blocks before it are released, but for the mark's
	scales  []float32        // of the model's adapters
	state   state
}

// blocks are those of a part; Recent ones that are released are nil.
type blocks struct {
	list []*Block
	data [][]byte // of the blocks
}

func (b *blocks) set(i int, block *Block) {
	if b.list[i], b.data[i] = block, nil; block != nil {
		b.data[i] = block.data
	}
}

func (b *blocks) push(block *Block) {
	b.list, b.data = append(b.list, nil), append(b.data, nil)
	b.set(len(b.list)-1, block)
}

// NewSeq returns an empty text.
func (r *Runner) NewSeq() *Seq {
	return &Seq{model: r.model, cache: r.cache, exact: math.MaxInt, scales: r.model.Scales()}
}

// SetScales sets how strongly each of the model's adapters acts on the text: 0 switches one
// off, and nil stands for the scales that the adapters have. A change empties the text.
func (s *Seq) SetScales(scales []float32) error {
	if scales == nil {
		scales = s.model.Scales()
	}
	if len(scales) != len(s.model.LoRAs) {
		return fmt.Errorf("model: scales of %d adapters, the model has %d", len(scales), len(s.model.LoRAs))
	}
	if !slices.Equal(s.scales, scales) {
		s.Free()
		s.scales = scales
	}
	return nil
}

// Scales returns how strong each of the model's adapters is in the text.
func (s *Seq) Scales() []float32 { return s.scales }

// adapted reports whether the text has adapters.
func (s *Seq) adapted() bool {
	return slices.ContainsFunc(s.scales, func(x float32) bool { return x != 0 })
}

// Len returns the number of tokens.
func (s *Seq) Len() int { return len(s.tokens) }

// Tokens returns the tokens. They must not be changed, and are valid until the
// next change of the Seq.
func (s *Seq) Tokens() []int32 { return s.tokens }

// Exact returns how many tokens, counted from the first, have the keys and values
// that evaluating these tokens gives: all of them, unless Shift moved some.
func (s *Seq) Exact() int { return min(s.exact, len(s.tokens)) }

// Block returns the Whole block of positions i*BlockLen and following.
func (s *Seq) Block(i int) *Block { return s.parts[Whole].list[i] }

// Recent returns the Recent block of the same positions, nil where there is none.
func (s *Seq) Recent(i int) *Block {
	if s.cache.window == 0 {
		return nil
	}
	return s.parts[Recent].list[i]
}

// used returns the parts that the cache has.
func (s *Seq) used() []blocks { return s.parts[:len(s.cache.kinds)] }

// Truncate forgets all but the first n tokens, or all but Reachable(n).
func (s *Seq) Truncate(n int) {
	n = s.Reachable(n)
	s.floor = s.floorAt(n)
	s.goBack(n)
	s.tokens = s.tokens[:n]
	if n <= s.exact {
		s.exact = math.MaxInt
	}
	s.cut(n)
}

// cut releases the blocks that hold nothing of the first n positions, of which all others
// are forgotten.
func (s *Seq) cut(n int) {
	keep := blocksOf(n)
	for p := range s.used() {
		b := &s.parts[p]
		for i := keep; i < len(b.list); i++ {
			s.cache.Release(b.list[i])
			b.set(i, nil)
		}
		b.list, b.data = b.list[:keep], b.data[:keep]
	}
	s.trimmed = min(s.trimmed, keep)
	if n < s.mark {
		s.mark = 0
	}
}

// blocksOf returns how many blocks n positions take.
func blocksOf(n int) int { return (n + BlockLen - 1) / BlockLen }

// Free forgets all tokens and releases the blocks. The Seq can be used again.
func (s *Seq) Free() { s.Truncate(0) }

// Fork returns a text that begins with the first n tokens of s, or Reachable(n), and
// shares their blocks.
func (s *Seq) Fork(n int) *Seq {
	n = s.Reachable(n)
	f := &Seq{model: s.model, cache: s.cache, scales: s.scales, exact: math.MaxInt, tokens: append([]int32(nil), s.tokens[:n]...)}
	if s.exact < n {
		f.exact = s.exact
	}
	f.state = s.state.at(n)
	f.floor = s.floorAt(n)
	for p := range s.used() {
		for _, b := range s.parts[p].list[:blocksOf(n)] {
			f.parts[p].push(b)
			s.cache.Retain(b)
		}
	}
	return f
}

// Adopt appends tokens whose keys and values are in b and recent, from their first position
// on: at most BlockLen of them, after a whole number of blocks. Both get a user more.
// recent may be nil for positions that the text to come does not see.
func (s *Seq) Adopt(b, recent *Block, tokens []int32) error {
	filled := b.filled
	if recent != nil {
		filled = min(filled, recent.filled)
	}
	if len(s.tokens)%BlockLen != 0 || len(tokens) == 0 || len(tokens) > filled || len(b.data) != s.cache.kinds[Whole].bytes {
		return fmt.Errorf("model: a block with %d tokens of %d cannot follow %d", len(tokens), filled, len(s.tokens))
	}
	s.cache.Retain(b)
	s.parts[Whole].push(b)
	if s.cache.window > 0 {
		s.cache.Retain(recent)
		s.parts[Recent].push(recent)
	}
	s.tokens = append(s.tokens, tokens...)
	return nil
}

// Needs returns how many blocks more of the cache n further tokens take, if no other text
// goes on first in a last block that both share: see Batch.Needs.
func (s *Seq) Needs(n int) (need Blocks) {
	if n == 0 {
		return need
	}
	for p := range s.used() {
		have := len(s.parts[p].list)
		need[p] = blocksOf(len(s.tokens)+n) - have
		if j := len(s.tokens) % BlockLen; j > 0 && s.mustCopy(Part(p), have-1, j) {
			need[p]++
		}
	}
	return need
}

// mustCopy reports whether block i must be copied before its position j is written.
func (s *Seq) mustCopy(p Part, i, j int) bool {
	b := s.parts[p].list[i]
	return b.refs > 1 && b.filled > j
}

// goesOnIn returns the last block of a part, whose end s may write without a copy unless
// another text does so first; nil where it must be copied.
func (s *Seq) goesOnIn(p Part) *Block {
	last := len(s.parts[p].list) - 1
	if s.mustCopy(p, last, len(s.tokens)%BlockLen) {
		return nil
	}
	return s.parts[p].list[last]
}

// extend makes room for n tokens more, without adding them. After an error nothing
// has changed but that blocks may have been copied.
func (s *Seq) extend(n int) error {
	pos := len(s.tokens)
	last, j := pos/BlockLen, pos%BlockLen
	for p := range s.used() {
		if j > 0 && n > 0 && s.mustCopy(Part(p), last, j) {
			if err := s.own(Part(p), last); err != nil {
				return err
			}
		}
	}
	for p := range s.used() {
		blocks := &s.parts[p]
		if j > 0 && n > 0 {
			blocks.list[last].filled = min(j+n, BlockLen)
		}
		for len(blocks.list)*BlockLen < pos+n {
			b, err := s.cache.take(Part(p))
			if err != nil {
				s.retract()
				return err
			}
			b.filled = min(BlockLen, pos+n-len(blocks.list)*BlockLen)
			blocks.push(b)
		}
	}
	return nil
}

// retract undoes extend.
func (s *Seq) retract() {
	n := len(s.tokens)
	for p := range s.used() {
		b := &s.parts[p]
		keep := min(blocksOf(n), len(b.list))
		for i := keep; i < len(b.list); i++ {
			s.cache.Release(b.list[i])
			b.set(i, nil)
		}
		b.list, b.data = b.list[:keep], b.data[:keep]
		if j := n % BlockLen; j > 0 {
			b.list[keep-1].filled = j
		}
	}
}

// own makes s the only user of its block i, by a copy if need be.
func (s *Seq) own(p Part, i int) error {
	old := s.parts[p].list[i]
	if old.refs == 1 {
		return nil
	}
	b, err := s.cache.take(p)
	if err != nil {
		return err
	}
	copy(b.data, old.data)
	b.filled = old.filled
	s.cache.Release(old)
	s.parts[p].set(i, b)
	return nil
}

// at returns a layer's part of the block that position pos is in, and the
// position's number in the block.
func (s *Seq) at(layer, pos int) (block []byte, j int) {
	return s.cache.layer(s.parts[s.cache.parts[layer]].data[pos/BlockLen], layer), pos % BlockLen
}

// Share puts b, which holds the same keys and values, in the place of the block i of its
// part.
func (s *Seq) Share(i int, b *Block) {
	s.cache.Retain(b)
	s.cache.Release(s.parts[b.part].list[i])
	s.parts[b.part].set(i, b)
}

// Replace makes s what with is, which is empty afterwards. What it holds must have been
// evaluated with the adapters of s.
func (s *Seq) Replace(with *Seq) {
	s.Free()
	with.scales = s.scales
	*s, *with = *with, Seq{model: s.model, cache: s.cache, exact: math.MaxInt, scales: s.scales}
}
