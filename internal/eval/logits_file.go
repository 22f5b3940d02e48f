package eval

import (
	"encoding/binary"
	"math"

	"alpaca/internal/logits"
)

// A logits file is a file that llama-perplexity writes with --kl-divergence-base. It has a text and
// a base model's log probabilities for the text. Other models are compared with this base. The
// file's layout is
//
//	offset  size                  what
//	0       8                     "_logits_"
//	8       4                     tokens in a window, C (all numbers little-endian)
//	12      4                     size of the vocabulary, V
//	16      4                     windows, W
//	20      4*W*C                 the text's tokens, before BOS replaces any
//	…       2*N*(C-1-C/2)*W       a row for each scored token, N = 4 + V rounded up to even
//
// A row has log probabilities in 16 bits:
//
//	0       4                     scale, float32
//	4       4                     minimum, float32
//	8       2*V                   q; the log probability is scale*q + minimum
//
// If a log probability is more than 16 nats below that of the most likely token, the
// row says that it is 16 nats below. This makes a base's perplexity a little too low.
const (
	logitsMagic  = "_logits_"
	logitsHeader = 20
	logitsRange  = 16 // the largest range of q in nats
)

// logitsRow returns the number of bytes of a row for vocab tokens.
func logitsRow(vocab int) int { return 2 * (4 + (vocab+1)/2*2) }

// encodeLogits encodes a position's raw logits as a row in dst, which has
// logitsRow(len(raw)) bytes.
func encodeLogits(dst []byte, raw []float32) {
	low, high := raw[0], raw[0]
	for _, l := range raw {
		low, high = min(low, l), max(high, l)
	}
	low = max(low, high-logitsRange)
	// norm is float32, as readers of the file expect.
	norm := float32(logits.LogSumExp(raw) - float64(high))
	scale := (high - low) / math.MaxUint16
	le := binary.LittleEndian
	le.PutUint32(dst, math.Float32bits(scale))
	le.PutUint32(dst[4:], math.Float32bits(low-high-norm))
	clear(dst[8:])
	if scale == 0 {
		return
	}
	steps := 1 / scale
	for i, l := range raw {
		if l > low {
			q := math.RoundToEven(float64(float32(steps * (l - low))))
			le.PutUint16(dst[8+2*i:], uint16(min(q, math.MaxUint16)))
		}
	}
}

// decodeLogits decodes a row to logprobs [vocab].
func decodeLogits(logprobs []float32, row []byte) {
	le := binary.LittleEndian
	scale, minimum := math.Float32frombits(le.Uint32(row)), math.Float32frombits(le.Uint32(row[4:]))
	for i := range logprobs {
		logprobs[i] = float32(scale*float32(le.Uint16(row[8+2*i:]))) + minimum
	}
}
