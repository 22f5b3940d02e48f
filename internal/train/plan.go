package train

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

	lengths []int // of the documents
}

// position is where a training run is in its data.
type position struct {
	epoch, row int     // the next row
	rows       [][]int // of the epoch: documents
}

// rowsOf returns the rows of an epoch as lists of documents, in the order of training.
func (p *Plan) rowsOf(epoch int) [][]int {
	var list [][]int
	used := 0
	for _, d := range shuffle(len(p.lengths), p.Seed, uint64(epoch)) {
		n := p.lengths[d]
		if len(list) == 0 || !p.Packing || used+n > p.MaxLength {
			list, used = append(list, nil), 0
		}
		list[len(list)-1] = append(list[len(list)-1], d)
		used += n
	}
	return list
}

// next returns the rows of the next update as lists of documents, and the index in its
// epoch of the first. ok is false where the data end.
func (p *Plan) next(at *position) (rows [][]int, first int, ok bool) {
	if at.rows != nil && at.row == len(at.rows) {
		at.epoch, at.row, at.rows = at.epoch+1, 0, nil
	}
	if len(p.lengths) == 0 || p.Epochs > 0 && at.epoch >= p.Epochs {
		return nil, 0, false
	}
	if at.rows == nil {
		at.rows = p.rowsOf(at.epoch)
	}
	first = at.row
	at.row = min(first+p.BatchRows, len(at.rows))
	return at.rows[first:at.row], first, true
}

// Totals is what a plan comes to.
type Totals struct {
	Updates, Rows, Tokens int
}

// Totals counts all updates.
func (p *Plan) Totals() Totals {
	var t Totals
	var at position
	for p.Updates == 0 || t.Updates < p.Updates {
		if p.Tokens > 0 && t.Tokens >= p.Tokens {
			break
		}
		rows, _, ok := p.next(&at)
		if !ok {
			break
		}
		t.Updates++
		t.Rows += len(rows)
		for _, row := range rows {
			for _, d := range row {
				t.Tokens += p.lengths[d]
			}
		}
	}
	return t
}

// skip moves to where the data are after that many updates.
func (p *Plan) skip(updates int) (at position) {
	for range updates {
		p.next(&at)
	}
	return at
}

// HeldOut returns which k of n examples are kept from training to measure it with.
func HeldOut(n, k int, seed uint64) []int { return shuffle(n, hash(seed, forHeldOut), 0)[:k] }
