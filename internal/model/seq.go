package model

import (
	"fmt"
	"math"
	"slices"
)

// Seq is one text: its tokens, and the blocks of a Cache that hold their keys and
// values. A Seq keeps its blocks until Free.
type Seq struct {
	model   *Model
	cache   *Cache
	tokens  []int32          // tokens that have been evaluated
	parts   [numParts]blocks // the blocks of each part, in the order of positions
	exact   int              // the first position that Shift or Load has changed; math.MaxInt: none
	floor   int              // the first position that layers with a window can see (window.go)
	mark    int              // the length of the text at the last Mark; 0: none
	trimmed int              // Trim has released the first trimmed Recent blocks, except those that the mark needs
	scales  []float32        // the scales of the model's adapters
	state   state
}

// blocks are a text's blocks of one part. Released Recent blocks are nil.
type blocks struct {
	list []*Block
	data [][]byte // Block.data of each
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

// SetScales sets the scale of each of the model's adapters for the text. 0 switches an adapter off.
// A nil scales stands for the model's default scales. If the scales change, the text becomes empty.
func (s *Seq) SetScales(scales []float32) error {
	if scales == nil {
		scales = s.model.Scales()
	}
	if len(scales) != len(s.model.LoRAs) {
		return fmt.Errorf("model: scales of %d adapters, but the model has %d", len(scales), len(s.model.LoRAs))
	}
	if !slices.Equal(s.scales, scales) {
		s.Free()
		s.scales = scales
	}
	return nil
}

// Scales returns the scale of each of the model's adapters in the text.
func (s *Seq) Scales() []float32 { return s.scales }

// adapted reports whether any adapter acts on the text.
func (s *Seq) adapted() bool {
	return slices.ContainsFunc(s.scales, func(x float32) bool { return x != 0 })
}

// Len returns the number of tokens.
func (s *Seq) Len() int { return len(s.tokens) }

// Tokens returns the tokens. The caller must not change them. They are valid until the next
// change of the Seq.
func (s *Seq) Tokens() []int32 { return s.tokens }

// Exact returns how many tokens at the beginning have exact keys and values: the bits
// that an evaluation of these tokens gives. Before Shift or Load, these are all tokens.
func (s *Seq) Exact() int { return min(s.exact, len(s.tokens)) }

// Block returns Whole block i, with the positions from i*BlockLen on.
func (s *Seq) Block(i int) *Block { return s.parts[Whole].list[i] }

// Recent returns Recent block i, with the positions from i*BlockLen on. It returns nil if the
// text does not have the block.
func (s *Seq) Recent(i int) *Block {
	if s.cache.window == 0 {
		return nil
	}
	return s.parts[Recent].list[i]
}

// used returns the text's blocks of the parts that the cache has.
func (s *Seq) used() []blocks { return s.parts[:len(s.cache.kinds)] }

// Truncate removes all tokens except the first Reachable(n).
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

// cut releases the blocks after the first n positions. The text must already have only n tokens.
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

// blocksOf returns how many blocks n positions need.
func blocksOf(n int) int { return (n + BlockLen - 1) / BlockLen }

// Free removes all tokens and releases the blocks. The Seq can be used again.
func (s *Seq) Free() { s.Truncate(0) }

// Fork returns a text with the first Reachable(n) tokens of s. It shares their blocks.
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

// Adopt appends at most BlockLen tokens, whose keys and values are at the first positions of
// b and recent. The text's length must be a multiple of BlockLen. The text becomes a user of
// both blocks. recent may be nil if no later token sees these positions through its window.
func (s *Seq) Adopt(b, recent *Block, tokens []int32) error {
	filled := b.filled
	if recent != nil {
		filled = min(filled, recent.filled)
	}
	if len(s.tokens)%BlockLen != 0 || len(tokens) == 0 || len(tokens) > filled || len(b.data) != s.cache.kinds[Whole].bytes {
		return fmt.Errorf("model: cannot append %d tokens from a block of %d to a text of %d", len(tokens), filled, len(s.tokens))
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

// Needs returns how many more blocks of the cache n further tokens need. It assumes that s
// is the first text that writes to a shared last block. Batch.Needs does not assume this.
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

// goesOnIn returns the last block of a part if s can write to its free positions without a copy.
// It returns nil if the block must be copied. The answer changes once another text writes there.
func (s *Seq) goesOnIn(p Part) *Block {
	last := len(s.parts[p].list) - 1
	if s.mustCopy(p, last, len(s.tokens)%BlockLen) {
		return nil
	}
	return s.parts[p].list[last]
}

// extend adds the blocks for n more tokens, but not the tokens. After an error, nothing has
// changed, except that blocks may have been copied.
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

// own makes s the only user of its block i. It copies the block if others use it.
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

// at returns a layer's bytes in the block that has position pos, and the index of pos in the
// block.
func (s *Seq) at(layer, pos int) (block []byte, j int) {
	return s.cache.layer(s.parts[s.cache.parts[layer]].data[pos/BlockLen], layer), pos % BlockLen
}

// Share puts b in the place of block i of s, in b's part. Both blocks must hold the same keys
// and values.
func (s *Seq) Share(i int, b *Block) {
	s.cache.Retain(b)
	s.cache.Release(s.parts[b.part].list[i])
	s.parts[b.part].set(i, b)
}

// Replace moves the content of another Seq to s. The other Seq must
// have been evaluated with the adapters of s, and is empty afterwards.
func (s *Seq) Replace(with *Seq) {
	s.Free()
	with.scales = s.scales
	*s, *with = *with, Seq{model: s.model, cache: s.cache, exact: math.MaxInt, scales: s.scales}
}
