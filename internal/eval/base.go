package eval

import (
	"context"
	"io"
	"runtime"
	"time"

	"alpaca/internal/sampler"
)

// Base is the source of the predictions that models are compared with.
type Base interface {
	// window puts the predictions at w's scored positions into k. Compare passes the windows in
	// order.
	window(ctx context.Context, w *Window, k *kept) error
	// Elapsed returns the time spent in the model.
	Elapsed() time.Duration
	minLogprob() float64 // a divergence leaves out tokens whose log probability is at most this
	normalized() bool    // the predictions are log probabilities, not logits
}

// Opener starts a session with a model. If the session has a
// method Close, that method is called after the session's window.
type Opener func() (Session, error)

// withSession opens and uses a session. It frees the session's memory before it returns,
// because the next session needs as much.
func withSession(open Opener, use func(Session) error) error {
	err := useSession(open, use)
	runtime.GC() // useSession cannot do this, because its stack frame still refers to the session
	return err
}

// useSession opens, uses and closes a session.
func useSession(open Opener, use func(Session) error) error {
	s, err := open()
	if err != nil {
		return err
	}
	if closer, ok := s.(io.Closer); ok {
		defer closer.Close()
	}
	return use(s)
}

// sessionBase is a base that evaluates a model.
type sessionBase struct {
	open    Opener
	threads int
	save    *LogitsWriter // if not nil, gets the logits at the scored positions

	encoded [rowsAtOnce][]byte // rows of the logits file, by row number modulo rowsAtOnce
	eval    time.Duration
}

// NewBase returns a base that evaluates a model. If save is not nil, it gets the model's logits at
// the scored positions.
func NewBase(open Opener, threads int, save *LogitsWriter) Base {
	return &sessionBase{open: open, threads: threads, save: save}
}

func (b *sessionBase) Elapsed() time.Duration { return b.eval }
func (b *sessionBase) minLogprob() float64    { return negligible }
func (b *sessionBase) normalized() bool       { return false }

func (b *sessionBase) window(ctx context.Context, w *Window, k *kept) error {
	return withSession(b.open, func(s Session) error { return b.evaluate(ctx, s, w, k) })
}

// evaluate evaluates a window and puts its predictions into k.
func (b *sessionBase) evaluate(ctx context.Context, s Session, w *Window, k *kept) error {
	errs := make([]error, w.Scored())
	rows := newRows(b.threads, func(row int, logits []float32) {
		if errs[row] = k.put(row, logits); errs[row] == nil && b.save != nil {
			slot := &b.encoded[row%rowsAtOnce]
			*slot = b.save.encode(*slot, logits)
		}
	})
	rows.flushed = func(first, count int) error {
		for row := first; row < first+count; row++ {
			if err := atPosition(errs[row], w.First+row); err != nil {
				return err
			}
			if b.save == nil {
				continue
			}
			if err := b.save.write(b.encoded[row%rowsAtOnce]); err != nil {
				return err
			}
		}
		return nil
	}
	start := time.Now()
	err := evalScored(ctx, s, w, w.First, func(row int, logits []float32) error {
		if row == 0 {
			if err := k.begin(w.Scored(), len(logits)); err != nil {
				return err
			}
		}
		return rows.add(logits)
	})
	if err == nil {
		err = rows.flush()
	}
	b.eval += time.Since(start) - rows.spent
	return err
}

// evalScored evaluates a window in an empty session. The session computes logits from
// the position from on. evalScored calls the function each with the logits at every
// scored position. The parameter row of each counts these positions from 0.
func evalScored(ctx context.Context, s Session, w *Window, from int, each func(row int, logits []float32) error) error {
	s.Truncate(0)
	return s.EvalEach(ctx, w.Tokens, from, func(i int, logits []float32) error {
		if i < w.First || i == len(w.Tokens)-1 {
			return nil // the policy skips the first positions, and no token follows the last one
		}
		return each(i-w.First, logits)
	})
}

// fileBase is a base that reads a logits file.
type fileBase struct {
	file *LogitsReader
	row  []float32 // [vocab]
}

// NewFileBase returns a base that reads the logits file f. The windows of the comparison must be
// those of the file.
func NewFileBase(f *LogitsReader) Base { return &fileBase{file: f, row: make([]float32, f.Vocab)} }

func (b *fileBase) Elapsed() time.Duration { return 0 }

// minLogprob is the bottom of the file's range. If a log probability is more than 16
// nats below that of the most likely token, the file says that it is 16 nats below.
func (b *fileBase) minLogprob() float64 { return -logitsRange }
func (b *fileBase) normalized() bool    { return true }

func (b *fileBase) window(ctx context.Context, w *Window, k *kept) error {
	if err := k.begin(w.Scored(), b.file.Vocab); err != nil {
		return err
	}
	for row := range w.Scored() {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := b.file.next(b.row); err != nil {
			return err
		}
		if err := atPosition(k.put(row, b.row), w.First+row); err != nil {
			return err
		}
	}
	return nil
}

// atPosition adds the position to err if err is sampler.ErrNotNumbers.
func atPosition(err error, pos int) error {
	if err == sampler.ErrNotNumbers {
		return errNotNumbers(pos)
	}
	return err
}
