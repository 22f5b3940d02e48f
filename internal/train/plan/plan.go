// Package plan says what a training run does when: which rows of the data each update sees,
// and at which learning rate. It follows from the lengths of the documents, the seed and a
// few numbers alone, so that a run may go on at any update.
package plan

import "alpaca/internal/train/random"

// Plan says which rows each update sees. It follows from the lengths of the documents and
// the numbers here alone.
type Plan struct {
	Seed      uint64
	BatchRows int  // rows of an update
	MaxLength int  // tokens of a row
	Packing   bool // a row is as many documents as fit, else one
	Epochs    int  // at most; 0: as many as the other bounds allow
	Updates   int  // at most; 0: no bound
	Tokens    int  // an update that begins at or after as many is not made; 0: no bound

	Lengths []int // of the documents, in tokens
}

// Position is where a training run is in its data.
type Position struct {
	Epoch, Row int     // the next row
	Rows       [][]int // of the epoch: documents
}

// rowsOf returns the rows of an epoch as lists of documents, in the order of training.
func (p *Plan) rowsOf(epoch int) [][]int {
	var list [][]int
	used := 0
	for _, d := range shuffle(len(p.Lengths), p.Seed, uint64(epoch)) {
		n := p.Lengths[d]
		if len(list) == 0 || !p.Packing || used+n > p.MaxLength {
			list, used = append(list, nil), 0
		}
		list[len(list)-1] = append(list[len(list)-1], d)
		used += n
	}
	return list
}

// Next returns the rows of the next update as lists of documents, and the index in its
// epoch of the first. ok is false where the data end.
func (p *Plan) Next(at *Position) (rows [][]int, first int, ok bool) {
	if at.Rows != nil && at.Row == len(at.Rows) {
		at.Epoch, at.Row, at.Rows = at.Epoch+1, 0, nil
	}
	if len(p.Lengths) == 0 || p.Epochs > 0 && at.Epoch >= p.Epochs {
		return nil, 0, false
	}
	if at.Rows == nil {
		at.Rows = p.rowsOf(at.Epoch)
	}
	first = at.Row
	at.Row = min(first+p.BatchRows, len(at.Rows))
	return at.Rows[first:at.Row], first, true
}

// Totals is what a plan comes to.
type Totals struct {
	Updates, Rows, Tokens int
}

// Totals counts all updates.
func (p *Plan) Totals() Totals {
	var t Totals
	var at Position
	for p.Updates == 0 || t.Updates < p.Updates {
		if p.Tokens > 0 && t.Tokens >= p.Tokens {
			break
		}
		rows, _, ok := p.Next(&at)
		if !ok {
			break
		}
		t.Updates++
		t.Rows += len(rows)
		for _, row := range rows {
			for _, d := range row {
				t.Tokens += p.Lengths[d]
			}
		}
	}
	return t
}

// Skip moves to where the data are after that many updates.
func (p *Plan) Skip(updates int) (at Position) {
	for range updates {
		p.Next(&at)
	}
	return at
}

// HeldOut returns which k of n examples are kept from training to measure it with.
func HeldOut(n, k int, seed uint64) []int {
	return shuffle(n, random.Hash(seed, random.ForHeldOut), 0)[:k]
}

// shuffle returns the numbers 0 to n-1 in the order of an epoch (Fisher and Yates).
func shuffle(n int, seed, epoch uint64) []int {
	order := make([]int, n)
	for i := range order {
		order[i] = i
	}
	for i := n - 1; i > 0; i-- {
		j := int(random.Hash(seed, random.ForOrder, epoch, uint64(i)) % uint64(i+1))
		order[i], order[j] = order[j], order[i]
	}
	return order
}
