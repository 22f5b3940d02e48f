package model

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/fnv"
	"io"

	"alpaca/internal/ggml"
)

// A saved state is, little-endian:
//
//	header  the fields of stateHeader
//	tokens  [Tokens] int32
//	cache   for each block of positions and each layer, what is used of the block
//
// Heads, Key and Value are those of layer 0; Differ is 0 where all layers have the
// same, else a checksum of all. The state says nothing of which model it belongs to,
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
)

func (s *Session) stateHeader() stateHeader {
	f := &s.cache.formats[0]
	h := stateHeader{
		Magic: stateMagic, Version: stateVersion,
		Layers: uint32(s.cache.layers()), Heads: uint32(f.Heads), Key: uint32(f.KeyDim), Value: uint32(f.ValueDim),
		TypeK: uint32(f.TypeK), TypeV: uint32(f.TypeV),
	}
	for i := range s.cache.formats {
		if s.cache.formats[i] != *f {
			h.Differ = s.cache.checksum()
		}
	}
	return h
}

// checksum returns a number that caches with other heads in some layer hardly have.
func (c *kvCache) checksum() uint32 {
	h := fnv.New32a()
	for _, f := range c.formats {
		binary.Write(h, binary.LittleEndian, [3]uint32{uint32(f.Heads), uint32(f.KeyDim), uint32(f.ValueDim)})
	}
	return h.Sum32() | 1
}

// SaveState writes the first n of the tokens evaluated so far with their keys and
// values; all of them where they are fewer.
func (s *Session) SaveState(w io.Writer, n int) error {
	tokens := s.tokens[:min(n, len(s.tokens))]
	h := s.stateHeader()
	h.Tokens = uint32(len(tokens))
	b := bufio.NewWriterSize(w, 1<<20)
	binary.Write(b, binary.LittleEndian, h) // b keeps the error
	binary.Write(b, binary.LittleEndian, tokens)
	err := s.eachUsed(len(tokens), func(part []byte) error {
		_, err := b.Write(part)
		return err
	})
	if err == nil {
		err = b.Flush()
	}
	if err != nil {
		return fmt.Errorf("model: saving the state: %w", err)
	}
	return nil
}

// LoadState makes the session go on from what SaveState wrote; evaluation then
// gives the same bits as it would have. A state of another shape, or one that
// does not fit the context, is an error. After an error the session is empty.
// Memory is allocated as bytes come in: a short state cannot ask for much.
func (s *Session) LoadState(r io.Reader) error {
	if err := s.loadState(bufio.NewReaderSize(r, 1<<20)); err != nil {
		s.tokens = s.tokens[:0]
		return fmt.Errorf("model: loading the state: %w", err)
	}
	return nil
}

func (s *Session) loadState(r io.Reader) error {
	s.tokens = s.tokens[:0]
	var h stateHeader
	if err := binary.Read(r, binary.LittleEndian, &h); err != nil {
		return err
	}
	want := s.stateHeader()
	if want.Tokens = h.Tokens; h != want {
		return errors.New("it is of another version, model or type of cache")
	}
	if int64(h.Tokens) > int64(s.ctx) {
		return fmt.Errorf("its %d tokens do not fit the context of %d", h.Tokens, s.ctx)
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
	return s.eachUsed(n, func(part []byte) error {
		_, err := io.ReadFull(r, part)
		return err
	})
}

// eachUsed calls each with all parts of the cache that hold the first n
// positions, after making room for them.
func (s *Session) eachUsed(n int, each func(part []byte) error) error {
	at := s.cache.offsets
	for pos := 0; pos < n; pos += ggml.BlockLen {
		s.cache.grow(pos + 1)
		block := s.cache.blocks[pos/ggml.BlockLen]
		for layer := range s.cache.formats {
			used := min(n-pos, ggml.BlockLen)
			if err := s.cache.formats[layer].Used(block[at[layer]:at[layer+1]], used, each); err != nil {
				return err
			}
		}
	}
	return nil
}
