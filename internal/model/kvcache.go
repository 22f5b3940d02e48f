package model

import (
	"errors"

	"alpaca/internal/ggml"
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
	format ggml.KVFormat
	layers int
	budget int // blocks at most; 0: no limit
	made   int // blocks allocated
	free   []*Block
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

// blockBytes returns the size of a block.
func (c *Cache) blockBytes() int { return c.layers * c.format.BlockBytes() }

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
	c.made++
	return &Block{data: make([]byte, c.blockBytes()), refs: 1}, nil
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
func (c *Cache) BlockBytes() int { return c.blockBytes() }

// Bytes returns the memory in use, free blocks included.
func (c *Cache) Bytes() int64 { return int64(c.made) * int64(c.blockBytes()) }

// offset returns where in each block a layer's part is.
func (c *Cache) offset(layer int) int { return layer * c.format.BlockBytes() }
