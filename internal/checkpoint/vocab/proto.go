package vocab

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"unicode/utf8"

	"alpaca/internal/gguf"
)

// proto has the fields of a SentencePiece model that are used here. The file is a
// protocol buffers message:
// https://github.com/google/sentencepiece/blob/master/src/sentencepiece_model.proto.
type proto struct {
	pieces                  []protoPiece
	bpe                     bool // false: a unigram, word or character model
	unk, bos, eos, pad      int  // token ids; -1: none
	normalizer              string
	dummyPrefix, fewSpaces  bool
	hasNormalizerCharacters bool
}

// protoPiece is a token. The types of tokens have the same numbers in GGUF.
type protoPiece struct {
	text  string
	score float32
	typ   int32
}

var errProto = errors.New("not a SentencePiece model")

// field is a field of a message. number is a varint; raw is any other value.
type field struct {
	id     int
	number uint64
	raw    []byte
}

// next returns the first field of a message, and the rest of the message.
func next(b []byte) (f field, rest []byte, err error) {
	tag, n := binary.Uvarint(b)
	if n <= 0 || tag>>3 > math.MaxInt32 {
		return f, nil, errProto
	}
	f.id, b = int(tag>>3), b[n:]
	size := 0
	switch tag & 7 {
	case 0:
		f.number, size = binary.Uvarint(b)
		if size <= 0 {
			return f, nil, errProto
		}
		return f, b[size:], nil
	case 1:
		size = 8
	case 2:
		length, n := binary.Uvarint(b)
		if n <= 0 || length > uint64(len(b)-n) {
			return f, nil, errProto
		}
		b, size = b[n:], int(length)
	case 5:
		size = 4
	default:
		return f, nil, errProto
	}
	if size > len(b) {
		return f, nil, errProto
	}
	f.raw = b[:size]
	return f, b[size:], nil
}

// each calls do with every field of a message.
func each(b []byte, do func(f field) error) error {
	for len(b) > 0 {
		f, rest, err := next(b)
		if err == nil {
			err = do(f)
		}
		if err != nil {
			return err
		}
		b = rest
	}
	return nil
}

// parseProto parses a SentencePiece model. Missing fields have the defaults that the definition of
// the message gives.
func parseProto(raw []byte) (*proto, error) {
	p := &proto{unk: 0, bos: 1, eos: 2, pad: -1, dummyPrefix: true, fewSpaces: true}
	err := each(raw, func(f field) error {
		switch f.id {
		case 1:
			return p.piece(f.raw)
		case 2:
			return each(f.raw, p.trainer)
		case 3:
			return each(f.raw, p.normal)
		}
		return nil
	})
	if err == nil && len(p.pieces) == 0 {
		err = errProto
	}
	return p, err
}

// piece parses a token.
func (p *proto) piece(raw []byte) error {
	x := protoPiece{typ: gguf.TokenNormal}
	err := each(raw, func(f field) error {
		switch f.id {
		case 1:
			x.text = string(f.raw)
		case 2:
			if len(f.raw) != 4 {
				return errProto
			}
			x.score = math.Float32frombits(binary.LittleEndian.Uint32(f.raw))
		case 3:
			x.typ = int32(min(f.number, 100))
		}
		return nil
	})
	switch {
	case err != nil:
		return err
	case x.typ < gguf.TokenNormal || x.typ > gguf.TokenByte:
		return fmt.Errorf("piece %d has type %d, want 1 to 6", len(p.pieces), x.typ)
	case !utf8.ValidString(x.text):
		return fmt.Errorf("piece %d is not valid UTF-8", len(p.pieces))
	case len(p.pieces) >= maxVocab:
		return fmt.Errorf("more than %d pieces", maxVocab)
	}
	p.pieces = append(p.pieces, x)
	return nil
}

// trainer stores a field of the trainer's settings.
func (p *proto) trainer(f field) error {
	switch f.id {
	case 3:
		p.bpe = f.number == 2
	case 40:
		p.unk = int(int32(f.number))
	case 41:
		p.bos = int(int32(f.number))
	case 42:
		p.eos = int(int32(f.number))
	case 43:
		p.pad = int(int32(f.number))
	}
	return nil
}

// normal stores a field of the normalizer's settings.
func (p *proto) normal(f field) error {
	switch f.id {
	case 1:
		p.normalizer = string(f.raw)
	case 2:
		p.hasNormalizerCharacters = len(f.raw) > 0
	case 3:
		p.dummyPrefix = f.number != 0
	case 4:
		p.fewSpaces = f.number != 0
	}
	return nil
}
