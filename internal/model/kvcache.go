package model

import (
	"fmt"

	"alpaca/internal/ggml"
	"alpaca/internal/machine"
)

// kvCache holds the keys and values of the tokens evaluated so far, in blocks of
// ggml.BlockLen positions that are allocated when they are first needed: a short
// chat costs little whatever the context, and growing copies nothing.
type kvCache struct {
	format ggml.KVFormat
	layers int
	blocks [][]byte // each: for every layer format.BlockBytes
}

// grow makes room for that many positions. It fails only where memory is limited.
func (c *kvCache) grow(positions int) error {
	blocks := (positions + ggml.BlockLen - 1) / ggml.BlockLen
	size := c.layers * c.format.BlockBytes()
	if missing := blocks - len(c.blocks); missing > 0 && machine.Limited() {
		if err := machine.Reserve(int64(missing) * int64(size)); err != nil {
			return fmt.Errorf("model: the cache for %d tokens: %w", positions, err)
		}
	}
	for len(c.blocks) < blocks {
		c.blocks = append(c.blocks, make([]byte, size))
	}
	return nil
}

// bytes returns the memory in use.
func (c *kvCache) bytes() int64 {
	return int64(len(c.blocks)) * int64(c.layers) * int64(c.format.BlockBytes())
}

// offset returns where in each block a layer's part is.
func (c *kvCache) offset(layer int) int { return layer * c.format.BlockBytes() }

// at returns a layer's part of the block that position pos is in, and the
// position's number in the block.
func (c *kvCache) at(layer, pos int) (block []byte, j int) {
	n := c.format.BlockBytes()
	return c.blocks[pos/ggml.BlockLen][layer*n : (layer+1)*n], pos % ggml.BlockLen
}

// shift moves positions from from+by to end-1 down by by, in place: values as
// they are, keys turned back to where rope puts them for their new positions.
func (c *kvCache) shift(rope *ggml.Rope, from, by, end int) {
	cos, sin := make([]float32, rope.Pairs()), make([]float32, rope.Pairs())
	rope.ShiftAngles(cos, sin, -by)
	key := make([]float32, c.format.KeyDim)
	row := make([]byte, 4*c.format.KeyDim)
	for layer := range c.layers {
		for pos := from; pos+by < end; pos++ {
			src, i := c.at(layer, pos+by)
			dst, j := c.at(layer, pos)
			for h := range c.format.Heads {
				c.format.Key(key, c.format.Keys(src, h), i)
				rope.Apply(key, cos, sin)
				c.format.PutKey(c.format.Keys(dst, h), j, key, row)
				copy(c.format.Value(c.format.Values(dst, h), j), c.format.Value(c.format.Values(src, h), i))
			}
		}
	}
}
