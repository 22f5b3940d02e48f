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

// Cache holds keys and values of many texts, in blocks of BlockLen positions that
// are allocated when they are first needed: a short text costs little whatever its
// context, and growing copies nothing. A block is shared by all texts that begin
// with the same tokens, and counts its users; the last to release it makes it free
// for others. A Cache is not for use by several goroutines at once.
type Cache struct {
	formats []ggml.KVFormat // of each layer
	offsets []int           // of each layer's part of a block, and the size of a block
	ropes   ropes           // by which the keys are turned to their positions
	budget  int             // blocks at most; 0: no limit
	made    int             // blocks allocated
	free    []*Block
}

// Block is keys and values of BlockLen consecutive positions, in all layers.
//
// Positions below filled never change while the block is shared. So a text whose
// last block is not full may write behind what others see of that block; once
// something stands there, whoever wants to go on from an earlier position does so
// in a copy.
type Block struct {
	data   []byte
	refs   int // users
	filled int // positions written
}

// newCache returns an empty cache for a model of c's shape; nil types are F16. It
// fails for types that the model's heads cannot have.
func newCache(c *Config, typeK, typeV *quant.Type, budget int) (*Cache, error) {
	k := &Cache{formats: make([]ggml.KVFormat, len(c.Layers)), offsets: make([]int, len(c.Layers)+1), budget: budget}
	for i, l := range c.Layers {
		k.formats[i] = ggml.KVFormat{
			TypeK: cacheType(typeK), TypeV: cacheType(typeV),
			Heads: l.NumKVHeads, KeyDim: l.KeyDim, ValueDim: l.ValueDim,
		}
		if l.Taps > 0 { // what its convolution goes over
			k.formats[i] = ggml.KVFormat{TypeK: quant.F32, TypeV: quant.F32, Heads: 1, ValueDim: c.Dim}
		} else if l.Delta { // its state is the text's (Seq.state)
			k.formats[i] = ggml.KVFormat{TypeK: quant.F32, TypeV: quant.F32}
		} else if err := k.formats[i].Check(); err != nil {
			return nil, fmt.Errorf("model: %w", err)
		}
		k.offsets[i+1] = k.offsets[i] + k.formats[i].BlockBytes()
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

// part returns a layer's part of a block.
func (c *Cache) part(block []byte, layer int) []byte {
	return block[c.offsets[layer]:c.offsets[layer+1]]
}

// take returns an unused block that has one user.
func (c *Cache) take() (*Block, error) {
	if n := len(c.free); n > 0 {
		b := c.free[n-1]
		c.free = c.free[:n-1]
		b.refs, b.filled = 1, 0
		return b, nil
	}
	if c.budget > 0 && c.made == c.budget {
		return nil, ErrNoBlocks
	}
	if machine.Limited() {
		if err := machine.Reserve(int64(c.BlockBytes())); err != nil {
			return nil, fmt.Errorf("model: %d tokens more in the cache: %w", BlockLen, err)
		}
	}
	c.made++
	return &Block{data: make([]byte, c.BlockBytes()), refs: 1}, nil
}

// Retain adds a user to b.
func (c *Cache) Retain(b *Block) { b.refs++ }

// Release takes a user from b.
func (c *Cache) Release(b *Block) {
	if b.refs--; b.refs == 0 {
		c.free = append(c.free, b)
	}
}

// Users returns how many texts and others use the block.
func (b *Block) Users() int { return b.refs }

// Budget returns how many blocks there can be, 0 where there is no limit.
func (c *Cache) Budget() int { return c.budget }

// Used returns how many blocks have users.
func (c *Cache) Used() int { return c.made - len(c.free) }

// BlockBytes returns the memory of a block.
func (c *Cache) BlockBytes() int { return c.offsets[c.layers()] }

// Bytes returns the memory in use, free blocks included.
func (c *Cache) Bytes() int64 { return int64(c.made) * int64(c.BlockBytes()) }
