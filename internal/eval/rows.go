package eval

import (
	"time"

	"alpaca/internal/pool"
)

// rowsAtOnce is the number of rows of logits that are collected before all threads score
// them. It is enough to keep the threads busy, and needs 8 MB for a vocabulary of 32000.
const rowsAtOnce = 64

// rows collects logits from a session, one position after the other, and scores many at
// once on all threads.
type rows struct {
	threads int
	score   func(row int, logits []float32) // called once for each row, from any goroutine
	flushed func(first, count int) error    // if not nil, called after the rows first to first+count-1 were scored
	first   int                             // row number of logits[0]
	count   int
	logits  [][]float32   // [rowsAtOnce, vocab]
	spent   time.Duration // time in add and flush
}

// newRows returns an empty collection.
func newRows(threads int, score func(row int, logits []float32)) *rows {
	return &rows{threads: max(threads, 1), score: score}
}

// add appends a copy of the next row.
func (r *rows) add(logits []float32) error {
	start := time.Now()
	if r.count == len(r.logits) {
		r.logits = append(r.logits, nil)
	}
	r.logits[r.count] = append(r.logits[r.count][:0], logits...)
	r.count++
	r.spent += time.Since(start)
	if r.count == rowsAtOnce {
		return r.flush()
	}
	return nil
}

// flush scores the collected rows.
func (r *rows) flush() error {
	start := time.Now()
	err := pool.EachWith(r.threads, r.count, func() func(int) error {
		return func(i int) error {
			r.score(r.first+i, r.logits[i])
			return nil
		}
	})
	first, count := r.first, r.count
	r.first, r.count = first+count, 0
	if err == nil && r.flushed != nil && count > 0 {
		err = r.flushed(first, count)
	}
	r.spent += time.Since(start)
	return err
}

// restart drops the collected rows and numbers the next ones from 0 again.
func (r *rows) restart() { r.first, r.count = 0, 0 }
