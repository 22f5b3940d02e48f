package model

import (
	"errors"
	"fmt"

	"alpaca/internal/ggml"
	"alpaca/internal/machine"
	"alpaca/internal/quant"
)

// ErrNoBlocks says that a Cache has no block left within its budget.
var ErrNoBlocks = errors.New("model: the KV cache is full")

// BlockLen is the number of positions in a block of a Cache.
const BlockLen = ggml.BlockLen

// Part is one of the two kinds of blocks of a Cache.
type Part int

const (
	Whole  Part = iota // blocks of layers that see all positions; a text keeps all of them
	Recent             // blocks of layers with a window; a text keeps only the last of them
	numParts
)

// Cache holds the keys and values of many texts, in blocks of BlockLen positions. A block is
// allocated when it is first needed. So a short text takes little memory even in a long context,
// and nothing is copied when a text grows. Texts with a common prefix share blocks. A block counts
// its users, and is free once the last user releases it. A Cache is not safe for concurrent use.
//
// If some layers have a window shorter than the context, all layers with a window use Recent
// blocks (window.go).
type Cache struct {
	formats []ggml.KVFormat // the format of each layer
	parts   []Part          // the part of each layer
	offsets []int           // where each layer's bytes begin in a block of its part
	ropes   ropes           // the position embeddings of the keys
	window  int             // the largest number of positions that a layer with Recent blocks sees; 0: no such layer
	kinds   []kind          // indexed by Part; if there are no Recent blocks, it has only Whole
}

// kind manages the blocks of one part.
type kind struct {
	bytes  int // size of a block
	budget int // the largest number of blocks; 0: no limit
	made   int // how many blocks are allocated
	free   []*Block
}

// Block has the keys and values of BlockLen consecutive positions, for all layers of a part.
//
// Positions below filled never change while the block is shared. So one of the texts that share
// the block may write the positions from filled on. After that, another text that continues from
// an earlier position needs a copy of the block.
type Block struct {
	part   Part
	data   []byte
	refs   int // number of users
	filled int // number of positions written
}

// newCache returns an empty cache for texts of up to ctx tokens and a model of c's shape. It
// returns an error if the cache types in opt do not fit the size of the model's heads.
func newCache(c *Config, ctx int, opt RunnerOptions) (*Cache, error) {
	k := &Cache{
		formats: make([]ggml.KVFormat, len(c.Layers)), parts: make([]Part, len(c.Layers)), offsets: make([]int, len(c.Layers)),
		window: c.window(ctx), kinds: []kind{{budget: opt.Blocks}},
	}
	if k.window > 0 {
		k.kinds = append(k.kinds, kind{budget: opt.Recent})
	}
	for i, l := range c.Layers {
		k.formats[i] = ggml.KVFormat{
			TypeK: cacheType(opt.CacheK), TypeV: cacheType(opt.CacheV),
			Heads: l.NumKVHeads, KeyDim: l.KeyDim, ValueDim: l.ValueDim,
		}
		if l.Taps > 0 { // a convolution: the cache has its inputs instead of values
			k.formats[i] = ggml.KVFormat{TypeK: quant.F32, TypeV: quant.F32, Heads: 1, ValueDim: c.Dim}
		} else if l.Delta || l.KVOf > 0 { // the layer has a state in Seq.state, or it uses another layer's keys
			k.formats[i] = ggml.KVFormat{TypeK: quant.F32, TypeV: quant.F32}
		} else if err := k.formats[i].Check(); err != nil {
			return nil, fmt.Errorf("model: %w", err)
		}
		if k.window > 0 && l.Window > 0 {
			k.parts[i] = Recent
		}
		kind := &k.kinds[k.parts[i]]
		k.offsets[i] = kind.bytes
		kind.bytes += k.formats[i].BlockBytes()
	}
	return k, nil
}

func cacheType(t *quant.Type) quant.Type {
	if t == nil {
		return quant.F16
	}
	return *t
}

// layers returns the number of layers.
func (c *Cache) layers() int { return len(c.formats) }

// layer returns the bytes of one layer in block, the data of a Block.
func (c *Cache) layer(block []byte, layer int) []byte {
	at := c.offsets[layer]
	return block[at : at+c.formats[layer].BlockBytes()]
}

// take returns a free or new block, which then has one user. If the budget is used up, it
// returns ErrNoBlocks.
func (c *Cache) take(part Part) (*Block, error) {
	k := &c.kinds[part]
	if n := len(k.free); n > 0 {
		b := k.free[n-1]
		k.free = k.free[:n-1]
		b.refs, b.filled = 1, 0
		return b, nil
	}
	if k.budget > 0 && k.made == k.budget {
		return nil, ErrNoBlocks
	}
	if machine.Limited() {
		if err := machine.Reserve(int64(k.bytes)); err != nil {
			return nil, fmt.Errorf("model: the cache for %d more tokens: %w", BlockLen, err)
		}
	}
	k.made++
	return &Block{part: part, data: make([]byte, k.bytes), refs: 1}, nil
}

// Retain adds a user to b. It does nothing if b is nil.
func (c *Cache) Retain(b *Block) {
	if b != nil {
		b.refs++
	}
}

// Release removes a user from b. A block without users is free. Release does nothing if b is
// nil.
func (c *Cache) Release(b *Block) {
	if b == nil {
		return
	}
	if b.refs--; b.refs == 0 {
		k := &c.kinds[b.part]
		k.free = append(k.free, b)
	}
}

// Users returns the number of users of the block: texts, and nodes of a prefix cache.
func (b *Block) Users() int { return b.refs }

// Budget returns the largest number of Whole blocks that the cache can have; 0 means no limit.
func (c *Cache) Budget() int { return c.kinds[Whole].budget }

// Used returns how many Whole blocks have users.
func (c *Cache) Used() int { return c.kinds[Whole].used() }

func (k *kind) used() int { return k.made - len(k.free) }

// Lacks returns how many blocks of each part must be freed before the blocks in need can be taken.
func (c *Cache) Lacks(need Blocks) (missing Blocks) {
	for p := range c.kinds {
		if k := &c.kinds[p]; k.budget > 0 {
			missing[p] = max(0, need[p]-(k.budget-k.used()))
		}
	}
	return missing
}

// Blocks has a number of blocks for each Part.
type Blocks [numParts]int

// Add returns the sum of b and c.
func (b Blocks) Add(c Blocks) Blocks { return Blocks{b[Whole] + c[Whole], b[Recent] + c[Recent]} }

// BlockBytes returns the bytes that BlockLen tokens of a text take in the cache of a Runner
// with the options opt.
func (m *Model) BlockBytes(opt RunnerOptions) (int, error) {
	ctx, _, err := m.Context(opt.Ctx)
	if err != nil {
		return 0, err
	}
	c, err := newCache(&m.Config, ctx, opt)
	if err != nil {
		return 0, err
	}
	return c.BlockBytes(), nil
}

// BlockBytes returns the size of one block of each part, in bytes.
func (c *Cache) BlockBytes() int {
	n := 0
	for i := range c.kinds {
		n += c.kinds[i].bytes
	}
	return n
}

// Bytes returns the size of all allocated blocks, including free ones.
func (c *Cache) Bytes() (n int64) {
	for i := range c.kinds {
		n += int64(c.kinds[i].made) * int64(c.kinds[i].bytes)
	}
	return n
}
