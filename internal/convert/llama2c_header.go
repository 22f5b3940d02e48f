package convert

import (
	"encoding/binary"
	"fmt"
)

// llama2.c (github.com/karpathy/llama2.c, export.py) writes
//
//	version 0:  7 numbers │ float32 tensors
//	version 1:  "ak42" version, 7 numbers, shared, zeros to 256 │ float32 tensors
//	version 2:  the same, group size after shared               │ float32 norms, int8 tensors with scales
//
// All numbers are little-endian. A tensor has the weights of all layers, one after
// the other. Version 0 has another order of tensors than the other versions.
const (
	llama2cMagic  = 0x616b3432
	llama2cHeader = 256 // in bytes, for versions 1 and 2
	llama2cEps    = 1e-5
)

// llama2cFile is a checkpoint's header.
type llama2cFile struct {
	version int
	dim     int
	hidden  int
	layers  int
	heads   int
	kvHeads int
	vocab   int
	ctx     int
	shared  bool // the token embedding is also the output matrix
	group   int  // version 2: number of weights that share a scale
	start   int64
}

// readLlama2CHeader parses head, the beginning of a file of size bytes. It returns an
// error if the size does not match the header.
func readLlama2CHeader(head []byte, size int64) (*llama2cFile, error) {
	le := binary.LittleEndian
	if len(head) < 28 {
		return nil, fmt.Errorf("%d bytes are too few for a llama2.c checkpoint", size)
	}
	c := &llama2cFile{start: 28}
	if le.Uint32(head) == llama2cMagic {
		if len(head) < llama2cHeader {
			return nil, fmt.Errorf("%d bytes are too few for a llama2.c checkpoint", size)
		}
		c.version, c.start = int(le.Uint32(head[4:])), llama2cHeader
		if c.version != 1 && c.version != 2 {
			return nil, fmt.Errorf("llama2.c version %d: the known versions are 0 to 2", c.version)
		}
		head = head[8:]
		c.shared = head[28] != 0
		if c.version == 2 {
			c.group = int(int32(le.Uint32(head[29:])))
		}
	}
	for i, field := range []*int{&c.dim, &c.hidden, &c.layers, &c.heads, &c.kvHeads, &c.vocab, &c.ctx} {
		*field = int(int32(le.Uint32(head[4*i:])))
	}
	if c.version == 0 {
		c.shared = c.vocab > 0 // negative: not shared
		if c.vocab < 0 {
			c.vocab = -c.vocab
		}
	}
	if err := c.check(); err != nil {
		return nil, err
	}
	if want := c.size(); want != size {
		return nil, fmt.Errorf("%d bytes, but a llama2.c checkpoint of these dimensions has %d", size, want)
	}
	return c, nil
}

// check returns an error for impossible dimensions.
func (c *llama2cFile) check() error {
	for _, x := range []struct {
		name       string
		value, max int
	}{
		{"width", c.dim, 1 << 17}, {"hidden width", c.hidden, 1 << 20}, {"number of layers", c.layers, 1 << 10},
		{"number of heads", c.heads, 1 << 12}, {"number of key heads", c.kvHeads, 1 << 12},
		{"vocabulary size", c.vocab, maxVocab}, {"context length", c.ctx, 1 << 24},
	} {
		if x.value < 1 || x.value > x.max {
			return fmt.Errorf("%s %d, want 1 to %d", x.name, x.value, x.max)
		}
	}
	switch {
	case c.dim%c.heads != 0:
		return fmt.Errorf("%d heads do not divide the width %d", c.heads, c.dim)
	case c.heads%c.kvHeads != 0:
		return fmt.Errorf("%d key heads do not divide the %d heads", c.kvHeads, c.heads)
	case c.version == 2 && (c.group < 1 || c.dim%c.group != 0):
		return fmt.Errorf("groups of %d do not divide the width %d", c.group, c.dim)
	}
	return nil
}
