// Package plan is the schedule of a training run: the rows of the data for each
// update, and the learning rate. Both depend only on the lengths of the
// documents, the seed and a few other numbers, so a run can resume at any update.
package plan

import "alpaca/internal/train/random"

// Plan says which rows each update sees.
type Plan struct {
	Seed      uint64
	BatchRows int  // rows of an update
	MaxLength int  // the largest number of tokens in a row
	Packing   bool // true: a row has as many successive documents as fit in MaxLength; false: a row has one document
	Epochs    int  // the largest number of epochs; 0: no limit
	Updates   int  // the largest number of updates; 0: no limit
	Tokens    int  // no update begins after this many tokens; 0: no limit

	Lengths []int // lengths of the documents, in tokens
}

// Position is the position of a training run in its data.
type Position struct {
	Epoch, Row int     // the next row
	Rows       [][]int // the epoch's rows as lists of documents; nil before the epoch's first update
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

// Next returns the rows of the next update as lists of documents, and the index of the first row
// in its epoch. It moves at, the position, past these rows. ok is false at the end of the data.
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

// Totals are the numbers of updates, rows and tokens of a whole plan.
type Totals struct {
	Updates, Rows, Tokens int
}

// Totals counts the updates of p, with their rows and tokens.
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

// Skip returns the position after the given number of updates.
func (p *Plan) Skip(updates int) (at Position) {
	for range updates {
		p.Next(&at)
	}
	return at
}

// HeldOut returns the indices of k examples out of n, which are held out to measure the loss.
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
