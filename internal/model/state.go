package model

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/fnv"
	"io"

	"alpaca/internal/ggml"
	"alpaca/internal/quant"
)

// stateHeader is the header of a saved state. A saved state has these parts, all little-endian:
//
//	header  the fields of stateHeader
//	floor   uint32, in version 2: the first position that layers with a window see
//	tokens  [Tokens] int32
//	cache   for each block of positions and each layer: the used part of the block; layers
//	        with a window have only the blocks that they see
//	state   [..] float32, the recurrent state of layers with a gated delta rule
//
// Models that have layers with a window use version 2. Heads, Key and Value are those
// of layer 0. Differ is 0 if all layers have the same shape, and a checksum of all
// shapes otherwise. Differ is XORed with stateLong if keys have the frequencies for
// long contexts. Differ is XORed with stateTurned if keys or values are rotated by a
// Hadamard matrix; older versions of this program did not rotate them. The state does
// not identify its model and has no checksum. Both are in the file that contains the
// state. Load checks the shapes, so that no input leads to an access out of bounds.
type stateHeader struct {
	Magic                        uint32
	Version                      uint32
	Layers, Heads, Key, Value    uint32
	TypeK, TypeV, Tokens, Differ uint32
}

const (
	stateMagic   = 0x74737061 // "apst"
	stateVersion = 1
	stateWindows = 2
	stateLong    = 0x676e6f6c // "long"
	stateTurned  = 0x646d6168 // "hamd"
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
	if ggml.Rotated(quant.Type(h.TypeK)) || ggml.Rotated(quant.Type(h.TypeV)) {
		h.Differ ^= stateTurned
	}
	if s.widest() > 0 {
		h.Version = stateWindows
	}
	return h
}

// checksum returns a checksum of the shapes of all layers' heads. It is never 0.
func (c *Cache) checksum() uint32 {
	h := fnv.New32a()
	for _, f := range c.formats {
		binary.Write(h, binary.LittleEndian, [3]uint32{uint32(f.Heads), uint32(f.KeyDim), uint32(f.ValueDim)})
	}
	return h.Sum32() | 1
}

// widest returns the largest window of the layers, or 0 if no layer has a window.
func (s *Seq) widest() int { return s.model.Config.most(func(l *LayerConfig) int { return l.Window }) }

// firstSaved returns the number of the first block that a saved state of n tokens contains for
// layers with a window.
func (s *Seq) firstSaved(n int) int {
	return max(0, n-s.widest()+1, s.floorAt(n)) / BlockLen
}

// Save writes the state after the first Reachable(n)
// tokens, in the form that stateHeader describes.
func (s *Seq) Save(w io.Writer, n int) error {
	tokens := s.tokens[:s.Reachable(n)]
	h := s.stateHeader()
	h.Tokens = uint32(len(tokens))
	b := bufio.NewWriterSize(w, 1<<20)
	binary.Write(b, binary.LittleEndian, h) // b keeps the error
	if h.Version == stateWindows {
		binary.Write(b, binary.LittleEndian, uint32(s.floorAt(len(tokens))))
	}
	binary.Write(b, binary.LittleEndian, tokens)
	var err error
	first := s.firstSaved(len(tokens))
	for pos := 0; pos < len(tokens) && err == nil; pos += BlockLen {
		err = s.filled(pos/BlockLen, min(len(tokens)-pos, BlockLen), first, func(part []byte) error {
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

// Load restores what Save wrote. Evaluation then gives the same bits as before. Load returns an
// error if the state does not have the model's shape, or has more than ctx tokens. After an error,
// the text is empty. After Load, Exact returns 0. Memory is allocated as bytes come in, so that a
// short file cannot make Load allocate much.
func (s *Seq) Load(r io.Reader, ctx int) error {
	if err := s.load(bufio.NewReaderSize(r, 1<<20), ctx); err != nil {
		s.Free()
		return fmt.Errorf("model: loading the state: %w", err)
	}
	return nil
}

func (s *Seq) load(r io.Reader, ctx int) error {
	s.Free()
	n, floor, err := s.loadHeader(r, ctx)
	if err != nil {
		return err
	}
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
	s.floor = floor
	first := s.firstSaved(n)
	for i := range blocksOf(n) {
		filled := min(BlockLen, n-i*BlockLen)
		for p := range s.used() {
			var b *Block
			if Part(p) == Whole || i >= first {
				if b, err = s.cache.take(Part(p)); err != nil {
					return err
				}
				b.filled = filled
			}
			s.parts[p].push(b)
		}
		if err := s.filled(i, filled, first, func(part []byte) error {
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

// loadHeader reads the header and the floor. It returns the number of tokens and the floor.
func (s *Seq) loadHeader(r io.Reader, ctx int) (tokens, floor int, err error) {
	var h stateHeader
	if err := binary.Read(r, binary.LittleEndian, &h); err != nil {
		return 0, 0, err
	}
	want := s.stateHeader()
	if want.Tokens = h.Tokens; h != want {
		return 0, 0, errors.New("it is of another version, model or type of cache")
	}
	if int64(h.Tokens) > int64(ctx) {
		return 0, 0, fmt.Errorf("its %d tokens do not fit the context of %d", h.Tokens, ctx)
	}
	if h.Version != stateWindows {
		return int(h.Tokens), 0, nil
	}
	var low uint32
	if err := binary.Read(r, binary.LittleEndian, &low); err != nil {
		return 0, 0, err
	}
	if low > h.Tokens {
		return 0, 0, fmt.Errorf("the windows begin at position %d, but there are %d tokens", low, h.Tokens)
	}
	return int(h.Tokens), int(low), nil
}

// filled calls each(part) for all parts of block i that hold its first n positions. It
// skips layers with a window if i is below first.
func (s *Seq) filled(i, n, first int, each func(part []byte) error) error {
	for layer := range s.cache.formats {
		if i < first && s.model.Config.Layers[layer].Window > 0 {
			continue
		}
		block := s.cache.layer(s.parts[s.cache.parts[layer]].data[i], layer)
		if err := s.cache.formats[layer].Used(block, n, each); err != nil {
			return err
		}
	}
	return nil
}
