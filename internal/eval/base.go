package eval

import (
	"context"
	"time"

	"alpaca/internal/sampler"
)

// Base is where the predictions come from that others are compared with.
type Base interface {
	// segment goes on with the window's tokens [from, to) and returns the
	// predictions at the scored positions among them, valid until the next
	// call. The segments of a window come in order, and so do the windows.
	segment(ctx context.Context, w *Window, from, to int) ([]sampler.Logprobs, error)
	// Elapsed returns the time spent in the model.
	Elapsed() time.Duration
	least() float64 // log probability up to which tokens do not count
}

// span returns the positions of w.Tokens[from:to] that predict a scored token:
// those from first on, before end.
func (w *Window) span(from, to int) (first, end int) {
	end = min(to, len(w.Tokens)-1)
	return min(max(from, w.First), end), end
}

// sessionBase is a model at work.
type sessionBase struct {
	session Session
	threads int
	save    *LogitsWriter // unless nil, gets the logits

	logits  [][]float32 // [scored positions of a segment, vocab]
	dists   []sampler.Logprobs
	encoded [rowsAtOnce][]byte
	eval    time.Duration
}

// NewBase returns a base that evaluates a model. save, unless nil, gets its
// logits.
func NewBase(s Session, threads int, save *LogitsWriter) Base {
	return &sessionBase{session: s, threads: threads, save: save}
}

func (b *sessionBase) Elapsed() time.Duration { return b.eval }
func (b *sessionBase) least() float64         { return negligible }

func (b *sessionBase) segment(ctx context.Context, w *Window, from, to int) ([]sampler.Logprobs, error) {
	if from == 0 {
		b.session.Truncate(0)
	}
	first, end := w.span(from, to)
	n := 0
	start := time.Now()
	err := b.session.EvalEach(ctx, w.Tokens[from:to], first-from, func(i int, logits []float32) error {
		if from+i < end {
			if n == len(b.logits) {
				b.logits = append(b.logits, nil)
			}
			b.logits[n] = append(b.logits[n][:0], logits...)
			n++
		}
		return nil
	})
	b.eval += time.Since(start)
	if err != nil {
		return nil, err
	}
	b.dists = append(b.dists[:0], make([]sampler.Logprobs, n)...)
	parallel(b.threads, n, func(i int) { b.dists[i] = sampler.NewLogprobs(b.logits[i]) })
	for i, d := range b.dists {
		if !d.Valid() {
			return nil, errNotNumbers(first + i)
		}
	}
	return b.dists, b.write(n)
}

// write saves the first n logits.
func (b *sessionBase) write(n int) error {
	if b.save == nil {
		return nil
	}
	for from := 0; from < n; from += rowsAtOnce {
		part := b.logits[from:min(from+rowsAtOnce, n)]
		parallel(b.threads, len(part), func(i int) { b.encoded[i] = b.save.encode(b.encoded[i], part[i]) })
		for i := range part {
			if err := b.save.write(b.encoded[i]); err != nil {
				return err
			}
		}
	}
	return nil
}

// fileBase is a logits file.
type fileBase struct {
	file  *LogitsReader
	rows  [][]float32 // [scored positions of a segment, vocab]
	dists []sampler.Logprobs
}

// NewFileBase returns a base that reads what another program, or this one,
// wrote. The windows must be the file's.
func NewFileBase(f *LogitsReader) Base { return &fileBase{file: f} }

func (b *fileBase) Elapsed() time.Duration { return 0 }

// What lies more than 16 nats below the likeliest token is stored as 16 below.
func (b *fileBase) least() float64 { return -logitsRange }

func (b *fileBase) segment(_ context.Context, w *Window, from, to int) ([]sampler.Logprobs, error) {
	first, end := w.span(from, to)
	b.dists = b.dists[:0]
	for i := range end - first {
		if i == len(b.rows) {
			b.rows = append(b.rows, make([]float32, b.file.Vocab))
		}
		if err := b.file.next(b.rows[i]); err != nil {
			return nil, err
		}
		b.dists = append(b.dists, sampler.Normalized(b.rows[i]))
	}
	return b.dists, nil
}
