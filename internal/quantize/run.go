package quantize

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"alpaca/internal/gguf"
	"alpaca/internal/machine"
	"alpaca/internal/quant"
)

// chunkWeights is the number of weights in a chunk, unless a single row
// is longer. As float32, this many weights fit the cache of a core.
const chunkWeights = 1 << 17

// chunksPerThread limits the chunks that are in memory at once. It is large
// enough that no worker has to wait while the oldest chunk is written.
const chunksPerThread = 4

// A chunk is some rows of a tensor, on their way to the output.
type chunk struct {
	step     int
	row      int  // first row
	rows     int  // number of rows
	last     bool // the chunk is the last of its tensor
	out      []byte
	err      error
	stats    quant.Error
	finished chan struct{}
}

// runner carries out a plan. Workers encode chunks, and write writes them in order.
type runner struct {
	plan    *Plan
	opt     RunOptions
	writers []*gguf.Writer
}

// run writes all tensors.
func (r *runner) run(ctx context.Context) ([]TensorResult, error) {
	threads := max(1, r.opt.Threads)
	if err := r.reserve(threads); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	work := make(chan *chunk)                           // chunks for the workers
	queue := make(chan *chunk, threads*chunksPerThread) // the same chunks, in order, for the writer
	var workers sync.WaitGroup
	defer workers.Wait()
	defer cancel() // this runs before workers.Wait, and makes the workers end

	spare := sync.Pool{New: func() any { return new([]byte) }}
	for range threads {
		workers.Go(func() {
			var w worker
			for c := range work {
				c.out = *spare.Get().(*[]byte)
				// The file may be truncated while it is read, see gguf.Guard.
				if err := gguf.Guard(func() error { return w.encode(r, c) }); err != nil {
					c.err = err
				}
				close(c.finished)
			}
		})
	}
	workers.Go(func() {
		defer close(work)
		defer close(queue)
		r.cut(func(c *chunk) bool {
			select {
			case queue <- c:
			case <-ctx.Done():
				return false
			}
			select {
			case work <- c:
				return true
			case <-ctx.Done():
				return false
			}
		})
	})
	return r.write(ctx, queue, func(b []byte) { spare.Put(&b) })
}

// reserve returns an error if memory does not suffice for the chunks of threads workers.
func (r *runner) reserve(threads int) error {
	largest := 0 // largest number of weights in a chunk
	for i := range r.plan.Steps {
		largest = max(largest, chunkWeights, r.plan.Steps[i].Tensor.Cols())
	}
	// This is the largest memory for one weight, in bytes. A worker holds the
	// input, float32 and the decoded result. A chunk that waits holds the output.
	const worker, waiting = 4 + 4 + 4, 4
	n := int64(threads) * int64(largest) * (worker + waiting*(chunksPerThread+1))
	if err := machine.Reserve(n); err != nil {
		return fmt.Errorf("quantize: %d threads with %d weights each: %w", threads, largest, err)
	}
	return nil
}

// cut calls yield with all chunks in order, until yield returns false.
func (r *runner) cut(yield func(*chunk) bool) {
	for i := range r.plan.Steps {
		t := r.plan.Steps[i].Tensor
		rows, step := t.Rows(), max(1, chunkWeights/max(1, t.Cols()))
		for row := 0; row < max(1, rows); row += step { // an empty tensor has one empty chunk
			n := min(step, rows-row)
			c := &chunk{step: i, row: row, rows: n, last: row+n == rows, finished: make(chan struct{})}
			if !yield(c) {
				return
			}
		}
	}
}

// write writes the chunks of queue in order, and passes their memory to the function free.
func (r *runner) write(ctx context.Context, queue <-chan *chunk, free func([]byte)) ([]TensorResult, error) {
	var results []TensorResult
	done, total := int64(0), r.plan.InputBytes()
	for {
		var c *chunk
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case next, ok := <-queue:
			if !ok {
				return results, ctx.Err()
			}
			c = next
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-c.finished:
		}
		s := &r.plan.Steps[c.step]
		if c.err != nil {
			return nil, fmt.Errorf("quantize: tensor %q: %w", s.Tensor.Name, c.err)
		}
		w := r.writers[s.part]
		if c.row == 0 {
			if err := w.Begin(s.Tensor.Name); err != nil {
				return nil, err
			}
			results = append(results, TensorResult{Step: s})
			if r.opt.Stats && !s.Copied() {
				results[len(results)-1].Error = new(quant.Error)
			}
		}
		if _, err := w.Write(c.out); err != nil {
			return nil, err
		}
		if e := results[len(results)-1].Error; e != nil {
			e.Add(c.stats)
		}
		done += int64(c.rows) * int64(s.Tensor.Type.RowBytes(s.Tensor.Cols()))
		if r.opt.Progress != nil {
			r.opt.Progress(s.Tensor.Name, done, total)
		}
		free(c.out)
	}
}

// A worker has the memory for the weights of its current chunk.
type worker struct {
	in   []byte
	x    []float32
	back []float32 // the decoded result, only used for statistics
}

// encode reads and checks a chunk, and sets c.out to the bytes to write.
func (w *worker) encode(r *runner, c *chunk) error {
	s := &r.plan.Steps[c.step]
	t, cols := s.Tensor, s.Tensor.Cols()
	inBytes := c.rows * t.Type.RowBytes(cols)
	w.in = slices.Grow(w.in[:0], inBytes)[:inBytes]
	if err := t.Read(w.in, c.row, c.row+c.rows); err != nil {
		return err
	}
	if s.Copied() {
		w.in, c.out = c.out, w.in
		return w.checkCopy(t, c)
	}
	weights := c.rows * cols
	w.x = slices.Grow(w.x[:0], weights)[:weights]
	quant.Decode(t.Type, w.x, w.in)
	if s.change != nil {
		s.change(w.x, c.row)
	}
	if i := quant.FirstNotFinite(w.x); i >= 0 {
		return fmt.Errorf("row %d, column %d is %v: %w", c.row+i/cols, i%cols, w.x[i], ErrNotFinite)
	}
	n := s.To.RowBytes(cols)
	c.out = slices.Grow(c.out[:0], c.rows*n)[:c.rows*n]
	for row := 0; row < c.rows; {
		// In a tensor of experts, each matrix has its own importance.
		count, importance := s.sameImportance(c.row+row, c.rows-row)
		quant.Encode(s.To, c.out[row*n:(row+count)*n], w.x[row*cols:(row+count)*cols], cols, importance)
		row += count
	}
	if !quant.FiniteScales(s.To, c.out) {
		return w.overflow(s, c)
	}
	if r.opt.Stats {
		w.back = slices.Grow(w.back[:0], weights)[:weights]
		quant.Decode(s.To, w.back, c.out)
		c.stats = quant.MeasureError(w.x, w.back)
	}
	return nil
}

// sameImportance returns the importance of each column for the row with the number row.
// count is the number of rows with this importance, beginning with that row, but at most n.
func (s *Step) sameImportance(row, n int) (count int, importance []float32) {
	if s.importance == nil {
		return n, nil
	}
	t, cols := s.Tensor, s.Tensor.Cols()
	rows := 1
	if len(t.Shape) > 1 {
		rows = t.Shape[len(t.Shape)-2]
	}
	matrix := row / rows
	at := matrix * cols % len(s.importance)
	return min(n, (matrix+1)*rows-row), s.importance[at : at+cols]
}
