package ggml

import (
	"encoding/binary"
	"math"

	"alpaca/internal/pool"
)

// ShortConv is a gated convolution over the last positions of a text. Each row of In has
// three parts b, c and x. For each channel
//
//	u[t]   = b[t] * x[t]
//	v[t]   = sum over j < L of Taps[j] * u[t-L+1+j], the oldest first
//	Out[t] = c[t] * v[t]
//
// All operations round to float32. Positions before the text's beginning, or before
// the span's Floor, are omitted. The cache has u of each position instead of values.
type ShortConv struct {
	Conv
}

// Conv has the arguments of ShortConv.Run.
type Conv struct {
	KVLayer           // one head of Dim values in F32, without keys
	Spans   []Span    // the rows
	Taps    []float32 // [Dim, L]; the last tap of a channel is for the row itself
	In      []float32 // [rows, 3*Dim]
	Out     []float32 // [rows, Dim]
}

// convRun is the number of channels in an item. So many channels take whole cache lines.
const convRun = 64

// Run computes the rows of all spans, and stores their u in the cache.
func (s *ShortConv) Run(p *pool.Pool, call Conv) error {
	s.Conv = call
	rows := 0
	for i := range call.Spans {
		rows += call.Spans[i].N
	}
	if rows == 0 {
		return nil
	}
	const minElems = 1 << 13 // the smallest number of elements that is worth a worker
	items := (s.Format.ValueDim + convRun - 1) / convRun
	return p.Run(s, items, minElems/(rows*convRun)+1)
}

// Do implements Task.
func (s *ShortConv) Do(_, lo, hi int) {
	first, last := lo*convRun, min(hi*convRun, s.Format.ValueDim)
	for i := range s.Spans {
		for row := range s.Spans[i].N {
			s.row(&s.Spans[i], row, first, last)
		}
	}
}

// row computes channels lo to hi-1 of a span's row.
func (s *ShortConv) row(span *Span, row, lo, hi int) {
	dim, pos := s.Format.ValueDim, span.Pos+row
	in, out := s.In[(span.Row+row)*3*dim:][:3*dim], s.Out[(span.Row+row)*dim:][:dim]
	b, c, x := in[:dim], in[dim:2*dim], in[2*dim:]
	now := s.at(span, pos)
	for d := lo; d < hi; d++ {
		binary.LittleEndian.PutUint32(now[4*d:], math.Float32bits(b[d]*x[d]))
	}
	clear(out[lo:hi])
	taps := len(s.Taps) / dim
	for j := max(0, taps-1-(pos-span.Floor)); j < taps; j++ {
		u := s.at(span, pos-taps+1+j)
		for d := lo; d < hi; d++ {
			out[d] += float32(s.Taps[d*taps+j] * math.Float32frombits(binary.LittleEndian.Uint32(u[4*d:])))
		}
	}
	for d := lo; d < hi; d++ {
		out[d] *= c[d]
	}
}

// at returns the bytes of u in the cache, for one position.
func (s *ShortConv) at(span *Span, pos int) []byte {
	return s.Format.Value(s.Format.Values(s.block(span, pos/BlockLen), 0), pos%BlockLen)
}
