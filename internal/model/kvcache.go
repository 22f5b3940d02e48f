package model

import (
	"fmt"

	"alpaca/internal/ggml"
	"alpaca/internal/quant"
)

// kvCache holds the keys and values of the tokens evaluated so far, in blocks of
// ggml.BlockLen positions that are allocated when they are first needed: a short
// chat costs little whatever the context, and growing copies nothing.
type kvCache struct {
	formats []ggml.KVFormat // of each layer
	offsets []int           // of each layer's part of a block, and the size of a block
	blocks  [][]byte
}

// newKVCache returns an empty cache for a model of c's shape.
func newKVCache(c *Config, typeK, typeV quant.Type) (kvCache, error) {
	k := kvCache{formats: make([]ggml.KVFormat, len(c.Layers)), offsets: make([]int, len(c.Layers)+1)}
	for i, l := range c.Layers {
		k.formats[i] = ggml.KVFormat{TypeK: typeK, TypeV: typeV, Heads: l.NumKVHeads, KeyDim: l.KeyDim, ValueDim: l.ValueDim}
		if err := k.formats[i].Check(); err != nil {
			return k, fmt.Errorf("model: %w", err)
		}
		k.offsets[i+1] = k.offsets[i] + k.formats[i].BlockBytes()
	}
	return k, nil
}

// layers returns the number of layers.
func (c *kvCache) layers() int { return len(c.formats) }

// blockBytes returns the size of a block of all layers.
func (c *kvCache) blockBytes() int { return c.offsets[c.layers()] }

// grow makes room for that many positions.
func (c *kvCache) grow(positions int) {
	for len(c.blocks)*ggml.BlockLen < positions {
		c.blocks = append(c.blocks, make([]byte, c.blockBytes()))
	}
}

// bytes returns the memory in use.
func (c *kvCache) bytes() int64 {
	return int64(len(c.blocks)) * int64(c.blockBytes())
}

// at returns a layer's part of the block that position pos is in, and the
// position's number in the block.
func (c *kvCache) at(layer, pos int) (block []byte, j int) {
	return c.blocks[pos/ggml.BlockLen][c.offsets[layer]:c.offsets[layer+1]], pos % ggml.BlockLen
}

// shift moves positions from from+by to end-1 down by by, in place: values as
// they are, keys turned back to where rope puts them for their new positions.
func (c *kvCache) shift(rope *ggml.Rope, from, by, end int) {
	cos, sin := make([]float32, rope.Pairs()), make([]float32, rope.Pairs())
	rope.ShiftAngles(cos, sin, -by)
	for layer := range c.formats {
		f := &c.formats[layer]
		key, row := make([]float32, f.KeyDim), make([]byte, 4*f.KeyDim)
		for pos := from; pos+by < end; pos++ {
			src, i := c.at(layer, pos+by)
			dst, j := c.at(layer, pos)
			for h := range f.Heads {
				f.Key(key, f.Keys(src, h), i)
				rope.Apply(key, cos, sin)
				f.PutKey(f.Keys(dst, h), j, key, row)
				copy(f.Value(f.Values(dst, h), j), f.Value(f.Values(src, h), i))
			}
		}
	}
}
