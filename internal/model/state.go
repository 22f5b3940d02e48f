package model

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
)

// A saved state is, little-endian:
//
//	header  the fields of stateHeader
//	tokens  [Tokens] int32
//	cache   for each block of positions and each layer, what is used of the block
//	state   [..] float32, of layers with a gated delta rule
//
// Heads, Key and Value are those of layer 0; Differ is 0 where all layers have the
// same, else a checksum of all; the bits of stateLong are turned over where the keys
// stand at their places by the frequencies for long contexts. The state says nothing of which model it belongs to,
// and has no checksum of its own: that is up to the file it is part of. The shapes are
// checked, so that whatever is read back, nothing is out of bounds.
type stateHeader struct {
	Magic                        uint32
	Version                      uint32
	Layers, Heads, Key, Value    uint32
	TypeK, TypeV, Tokens, Differ uint32
}

const (
	stateMagic   = 0x74737061 // "apst"
	stateVersion = 1
	stateLong    = 0x676e6f6c // "long"
)

func (s *Seq) stateHeader() stateHeader {
	f := &s.cache.formats[0]
	h := stateHeader{
		Magic: stateMagic, Version: stateVersion,
		Layers: uint32(s.cache.layers()), Heads: uint32(f.Heads), Key: uint32(f.KeyDim), Value: uint32(f.ValueDim),
		TypeK: uint32(f.TypeK), TypeV: uint32(f.TypeV),
	}
	for i := range s.cache.formats {
		if l := &s.cache.formats[i]; l.KeyDim > 0 { // attention, not a convolution
			h.TypeK, h.TypeV = uint32(l.TypeK), uint32(l.TypeV)
		}
		if s.cache.formats[i] != *f {
			h.Differ = s.cache.checksum()
		}
	}
	if s.cache.ropes != s.model.ropes {
		h.Differ ^= stateLong
	}
	return h
}

// checksum returns a number that caches with other heads in some layer hardly have.
func (c *Cache) checksum() uint32 {
	h := fnv.New32a()
	for _, f := range c.formats {
		binary.Write(h, binary.LittleEndian, [3]uint32{uint32(f.Heads), uint32(f.KeyDim), uint32(f.ValueDim)})
	}
	return h.Sum32() | 1
}

// Save writes the first n of the tokens with their keys and values, or Reachable(n).
func (s *Seq) Save(w io.Writer, n int) error {
	tokens := s.tokens[:s.Reachable(n)]
	h := s.stateHeader()
	h.Tokens = uint32(len(tokens))
	b := bufio.NewWriterSize(w, 1<<20)
	binary.Write(b, binary.LittleEndian, h) // b keeps the error
	binary.Write(b, binary.LittleEndian, tokens)
	var err error
	for pos := 0; pos < len(tokens) && err == nil; pos += BlockLen {
		err = s.used(pos/BlockLen, min(len(tokens)-pos, BlockLen), func(part []byte) error {
			_, err := b.Write(part)
			return err
		})
	}
	if state := s.state.at(len(tokens)); err == nil && state.now.data != nil && len(tokens) > 0 {
		err = binary.Write(b, binary.LittleEndian, state.now.data)
	}
	if err == nil {
		err = b.Flush()
	}
	if err != nil {
		return fmt.Errorf("model: saving the state: %w", err)
	}
	return nil
}

// Load makes the text what Save wrote; evaluation then gives the same bits as it
// would have. A state of another shape, or one of more tokens than ctx, is an error.
// After an error the text is empty. What a file says is not taken to be exact (Exact).
// Memory is allocated as bytes come in: a short state cannot ask for much.
func (s *Seq) Load(r io.Reader, ctx int) error {
	if err := s.load(bufio.NewReaderSize(r, 1<<20), ctx); err != nil {
		s.Free()
		return fmt.Errorf("model: loading the state: %w", err)
	}
	return nil
}

func (s *Seq) load(r io.Reader, ctx int) error {
	s.Free()
	var h stateHeader
	if err := binary.Read(r, binary.LittleEndian, &h); err != nil {
		return err
	}
	want := s.stateHeader()
	if want.Tokens = h.Tokens; h != want {
		return errors.New("it is of another version, model or type of cache")
	}
	if int64(h.Tokens) > int64(ctx) {
		return fmt.Errorf("its %d tokens do not fit the context of %d", h.Tokens, ctx)
	}
	n := int(h.Tokens)
	for len(s.tokens) < n {
		var part [256]int32
		p := part[:min(len(part), n-len(s.tokens))]
		if err := binary.Read(r, binary.LittleEndian, p); err != nil {
			return err
		}
		for _, id := range p {
			if id < 0 || int(id) >= s.model.Config.VocabSize {
				return fmt.Errorf("token %d is not in the vocabulary of %d", id, s.model.Config.VocabSize)
			}
		}
		s.tokens = append(s.tokens, p...)
	}
	if n > 0 {
		s.exact = 0
	}
	for len(s.blocks)*BlockLen < n {
		b, err := s.cache.take()
		if err != nil {
			return err
		}
		s.push(b)
		b.filled = min(BlockLen, n-(len(s.blocks)-1)*BlockLen)
		if err := s.used(len(s.blocks)-1, b.filled, func(part []byte) error {
			_, err := io.ReadFull(r, part)
			return err
		}); err != nil {
			return err
		}
	}
	if n > 0 && s.model.Config.Recurrent() {
		if err := binary.Read(r, binary.LittleEndian, s.step()); err != nil {
			return err
		}
		s.state.now.len = n
	}
	return nil
}

// used calls each with all parts of block i that hold its first n positions.
func (s *Seq) used(i, n int, each func(part []byte) error) error {
	for layer := range s.cache.formats {
		if err := s.cache.formats[layer].Used(s.cache.part(s.data[i], layer), n, each); err != nil {
			return err
		}
	}
	return nil
}
