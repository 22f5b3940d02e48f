package model

import "alpaca/internal/ggml"

// Batch has rows that are evaluated together. A row is a token of a text, and a batch may have rows
// of several texts. The result of a row depends only on the tokens of its own text, bit for bit.
//
// The caller adds rows, and then Runner.Forward evaluates them. A Batch can be used again
// after Reset, which keeps its memory.
type Batch struct {
	// If Progress is not nil, it is called after each layer except the last, with the number of
	// layers that are complete.
	Progress func(layers int)

	tokens []int32
	spans  []ggml.Span // each has consecutive rows of one text
	seqs   []*Seq      // the text of each span
	wanted []int       // the rows whose logits are wanted, in ascending order
	last   []ggml.Span // the spans of the wanted rows alone, for the last layer
}

// Reset removes all rows.
func (b *Batch) Reset() {
	clear(b.spans)
	clear(b.last)
	clear(b.seqs)
	b.tokens, b.spans, b.seqs, b.wanted, b.last = b.tokens[:0], b.spans[:0], b.seqs[:0], b.wanted[:0], b.last[:0]
}

// Add adds a row for the next token of s, after the tokens of s and after its rows in the
// batch. logits says that the row's logits are wanted.
func (b *Batch) Add(s *Seq, token int32, logits bool) {
	if n := len(b.seqs); n > 0 && b.seqs[n-1] == s {
		b.spans[n-1].N++
	} else {
		pos := len(s.tokens)
		for i, other := range b.seqs {
			if other == s {
				pos += b.spans[i].N
			}
		}
		b.seqs = append(b.seqs, s)
		b.spans = append(b.spans, ggml.Span{Pos: pos, Row: len(b.tokens), N: 1})
	}
	if logits {
		b.wanted = append(b.wanted, len(b.tokens))
	}
	b.tokens = append(b.tokens, token)
}

// AddAll adds a row for each of tokens. wanted is how many rows at the end get logits.
func (b *Batch) AddAll(s *Seq, tokens []int32, wanted int) {
	for i, id := range tokens {
		b.Add(s, id, i >= len(tokens)-wanted)
	}
}

// Len returns the number of rows.
func (b *Batch) Len() int { return len(b.tokens) }

// Wanted returns how many rows' logits are wanted.
func (b *Batch) Wanted() int { return len(b.wanted) }

// again reports whether an earlier span has the same text as span i.
func (b *Batch) again(i int) bool {
	for _, s := range b.seqs[:i] {
		if s == b.seqs[i] {
			return true
		}
	}
	return false
}

// rowsOf returns how many rows of the batch belong to s.
func (b *Batch) rowsOf(s *Seq) (n int) {
	for i, other := range b.seqs {
		if other == s {
			n += b.spans[i].N
		}
	}
	return n
}

// Needs returns how many more blocks of the cache the rows need. Several texts
// may share a last block that is not full. Then the first of these texts writes
// to the free positions of the block, and each of the other texts needs a copy.
func (b *Batch) Needs() (need Blocks) {
	for i, s := range b.seqs {
		if b.again(i) {
			continue
		}
		need = need.Add(s.Needs(b.rowsOf(s)))
		if len(s.tokens)%BlockLen == 0 {
			continue
		}
		for p := range s.used() {
			if last := s.goesOnIn(Part(p)); last != nil && b.before(i, Part(p), last) {
				need[p]++
			}
		}
	}
	return need
}

// before reports whether, in the spans before span i, a
// different text writes to the free positions of last.
func (b *Batch) before(i int, p Part, last *Block) bool {
	for _, s := range b.seqs[:i] {
		if s != b.seqs[i] && len(s.tokens)%BlockLen > 0 && s.goesOnIn(p) == last {
			return true
		}
	}
	return false
}

// extend adds blocks for all rows to the texts of these rows, and sets the blocks of the
// spans. If it returns an error, nothing has changed, except that blocks may have been copied.
func (b *Batch) extend() error {
	for i, s := range b.seqs {
		if b.again(i) {
			continue
		}
		if err := s.extend(b.rowsOf(s)); err != nil {
			b.retract(i)
			return err
		}
	}
	for i, s := range b.seqs {
		b.spans[i].Blocks, b.spans[i].Recent, b.spans[i].Floor = s.parts[Whole].data, s.parts[Recent].data, s.floor
		b.spans[i].State = s.step()
	}
	b.last = b.last[:0]
	span, row := 0, -2
	for i, w := range b.wanted {
		for w >= b.spans[span].Row+b.spans[span].N {
			span, row = span+1, -2
		}
		if w == row+1 {
			b.last[len(b.last)-1].N++
		} else {
			s := &b.spans[span]
			b.last = append(b.last, ggml.Span{Blocks: s.Blocks, Recent: s.Recent, Floor: s.Floor, Pos: s.Pos + w - s.Row, Row: i, N: 1})
		}
		row = w
	}
	return nil
}

// retract undoes extend for the texts of the first n spans.
func (b *Batch) retract(n int) {
	for i, s := range b.seqs[:n] {
		if !b.again(i) {
			s.retract()
		}
	}
}

// commit makes the rows part of their texts.
func (b *Batch) commit() {
	for i, s := range b.seqs {
		span := &b.spans[i]
		s.tokens = append(s.tokens, b.tokens[span.Row:span.Row+span.N]...)
		s.state.now.len = len(s.tokens)
	}
}
