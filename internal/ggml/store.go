package ggml

import "alpaca/internal/pool"

// StoreKV turns the queries and keys of some tokens to their positions and puts
// keys and values into the cache. It is what happens between the first matrix
// products of a layer and its Attention, whose fields say where.
type StoreKV struct {
	Rope     *Rope
	Cos, Sin []float32 // [tokens, Pairs] of the tokens' positions
	K        []float32 // [tokens, Format.Heads*KeyDim]
	V        []float32 // [tokens, Format.Heads*ValueDim]
	At       *Attention

	rows [][]byte // [workers][KeyDim*4] scratch
}

// Reserve allocates the memory for that many workers.
func (s *StoreKV) Reserve(workers int) {
	s.rows = make([][]byte, workers)
	for i := range s.rows {
		s.rows[i] = make([]byte, 4*s.At.Format.KeyDim)
	}
}

// Run stores the tokens that s.At describes.
func (s *StoreKV) Run(p *pool.Pool) error {
	a := s.At
	blocks := (a.Pos+a.Tokens-1)/BlockLen - a.Pos/BlockLen + 1
	// An item is a key head in a block: two workers never write to one line.
	const minElems = 1 << 12
	elems := min(a.Tokens, BlockLen) * (a.Heads/a.Format.Heads + 2) * a.Format.KeyDim
	return p.Run(s, blocks*a.Format.Heads, minElems/elems+1)
}

// Do implements Task.
func (s *StoreKV) Do(worker, lo, hi int) {
	a := s.At
	for i := lo; i < hi; i++ {
		b, head := a.Pos/BlockLen+i/a.Format.Heads, i%a.Format.Heads
		first, last := max(a.Pos, b*BlockLen), min(a.Pos+a.Tokens, (b+1)*BlockLen)
		for pos := first; pos < last; pos++ {
			s.item(worker, pos, head)
		}
	}
}

// item does one key head, and the query heads that share it, at one position.
func (s *StoreKV) item(worker, pos, head int) {
	a, f, t := s.At, s.At.Format, pos-s.At.Pos
	pairs := s.Rope.Pairs()
	cos, sin := s.Cos[t*pairs:(t+1)*pairs], s.Sin[t*pairs:(t+1)*pairs]

	shared := a.Heads / f.Heads
	for h := head * shared; h < (head+1)*shared; h++ {
		s.Rope.Apply(a.Q[(t*a.Heads+h)*f.KeyDim:][:f.KeyDim], cos, sin)
	}
	k := s.K[(t*f.Heads+head)*f.KeyDim:][:f.KeyDim]
	s.Rope.Apply(k, cos, sin)

	block := a.Blocks[pos/BlockLen][a.Offset : a.Offset+f.BlockBytes()]
	f.PutKey(f.Keys(block, head), pos%BlockLen, k, s.rows[worker])
	f.PutValue(f.Values(block, head), pos%BlockLen, s.V[(t*f.Heads+head)*f.ValueDim:][:f.ValueDim])
}
