package ggml

import (
	"alpaca/internal/ggml/vec"
	"alpaca/internal/pool"
)

// StoreKV rotates the queries and keys of rows to their positions, and stores keys and values
// in the cache. In a layer, it comes after the first matrix products and before Attention.
type StoreKV struct {
	rows [][]byte // [workers][KeyDim*4] scratch

	Store // arguments of the current Run
	items []storeItem
}

// Store has the arguments of StoreKV.Run.
type Store struct {
	KVLayer
	Spans    []Span
	Rope     *Rope     // the position embedding of Q and K; if nil, they are not rotated
	Cos, Sin []float32 // [rows, Pairs] cosines and sines of the rows' positions
	QScale   []float32 // [rows] factors of the queries; nil means that there are none
	Q        []float32 // [rows, Heads*KeyDim]
	K        []float32 // [rows, Format.Heads*KeyDim]; if nil, only Q is rotated, and nothing is stored
	V        []float32 // [rows, Format.Heads*ValueDim]
}

// storeItem is a key head in a block of a span. One worker stores a whole item, so no two
// workers write to the same cache line.
type storeItem struct {
	span  *Span
	block int
	head  int
}

// Reserve allocates the memory for a number of workers and for keys of up to keyDim elements.
func (s *StoreKV) Reserve(workers, keyDim int) {
	s.rows = make([][]byte, workers)
	for i := range s.rows {
		s.rows[i] = make([]byte, 4*keyDim)
	}
}

// Run stores the rows of the spans.
func (s *StoreKV) Run(p *pool.Pool, call Store) error {
	s.Store, s.items = call, s.items[:0]
	rows := 0
	for i := range call.Spans {
		span := &call.Spans[i]
		rows += span.N
		for b := span.Pos / BlockLen; b*BlockLen < span.Pos+span.N; b++ {
			for head := range s.Format.Heads {
				s.items = append(s.items, storeItem{span, b, head})
			}
		}
	}
	if rows == 0 {
		return nil
	}
	const minElems = 1 << 12
	elems := rows * (s.Heads + 2*s.Format.Heads) * s.Format.KeyDim
	return p.Run(s, len(s.items), minElems*len(s.items)/elems+1)
}

// Do implements Task.
func (s *StoreKV) Do(worker, lo, hi int) {
	for _, it := range s.items[lo:hi] {
		first := max(it.span.Pos, it.block*BlockLen)
		last := min(it.span.Pos+it.span.N, (it.block+1)*BlockLen)
		for pos := first; pos < last; pos++ {
			s.store(it, pos, s.rows[worker])
		}
	}
}

// store rotates and stores one key head, and rotates the query heads that share it, at one
// position.
func (s *StoreKV) store(it storeItem, pos int, scratch []byte) {
	f := s.Format
	row := it.span.Row + pos - it.span.Pos
	shared := s.Heads / f.Heads
	q := s.Q[(row*s.Heads+it.head*shared)*f.KeyDim:][:shared*f.KeyDim]
	var k []float32
	if s.K != nil {
		k = s.K[(row*f.Heads+it.head)*f.KeyDim:][:f.KeyDim]
	}
	if s.Rope != nil {
		pairs := s.Rope.Pairs()
		cos, sin := s.Cos[row*pairs:(row+1)*pairs], s.Sin[row*pairs:(row+1)*pairs]
		for h := range shared {
			s.Rope.Apply(q[h*f.KeyDim:][:f.KeyDim], cos, sin)
		}
		if k != nil {
			s.Rope.Apply(k, cos, sin)
		}
	}
	if s.QScale != nil {
		vec.Scale(q, s.QScale[row])
	}

	if k == nil {
		return
	}
	block := s.block(it.span, it.block)
	f.PutKey(f.Keys(block, it.head), pos%BlockLen, k, scratch)
	f.PutValue(f.Values(block, it.head), pos%BlockLen, s.V[(row*f.Heads+it.head)*f.ValueDim:][:f.ValueDim])
}
