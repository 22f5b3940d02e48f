package jobs

import (
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"alpaca/internal/atomicfile"
)

// Output is where results go, a line each, as they come.
type Output struct {
	path    string
	journal *atomicfile.Journal // nil: stream is written
	stream  io.Writer

	mu    sync.Mutex  // of what follows
	timer *time.Timer // until what is written gets to disk; nil: all has
	err   error       // of that

	Done   int // results in it, those of before included
	Failed int // of them, those with errors
}

// syncInterval is how much work a crash of the whole machine may cost; one of the process
// costs none.
const syncInterval = time.Second

// NewOutput returns an output that nobody goes on with, such as a pipe.
func NewOutput(w io.Writer) *Output { return &Output{stream: w} }

// OpenOutput opens a file of results, of which src leaves out what is there already: the
// file is all that is remembered of a run. It is created where it is not there. A last line
// that is not complete is cut off. With retry results with errors are removed, so that they
// are made again.
func OpenOutput(path string, src Source, retry bool) (*Output, error) {
	journal, err := atomicfile.OpenJournal(path)
	if err != nil {
		return nil, err
	}
	o := &Output{path: path, journal: journal}
	err = o.resume(src, retry)
	if err == nil && retry && o.Failed > 0 {
		err = keep(path, func(r *Result) bool { return !r.Failed() })
		if err == nil { // the file is another one now
			o.journal, err = atomicfile.OpenJournal(path)
			journal.Close()
		}
		o.Done, o.Failed = o.Done-o.Failed, 0
	}
	if err != nil {
		if o.journal != nil {
			o.journal.Close()
		}
		return nil, err
	}
	return o, nil
}

// resume makes src leave out what there are results of.
func (o *Output) resume(src Source, retry bool) error {
	return eachResult(o.path, o.journal.Reader(), func(r *Result, _ *lines, _ []byte) error {
		id := keyOf(r.CustomID)
		if !src.Has(id) {
			return fmt.Errorf("custom_id %s is not one of the input", clip(r.CustomID))
		}
		o.Done++
		if r.Failed() {
			o.Failed++
		}
		if !r.Failed() || !retry {
			src.Skip(id)
		}
		return nil
	})
}

// eachResult reads the results of a file. each is called with the line, and with where it is.
func eachResult(path string, r io.Reader, each func(r *Result, l *lines, line []byte) error) error {
	const most = 1 << 30 // of a line: answers have no limit but the context
	l := newLines(r, most)
	for {
		line, err := l.read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		var about *lineError
		if err != nil && !errors.As(err, &about) {
			return err
		}
		if err == nil {
			var one *Result
			if one, err = ParseResult(line); err == nil {
				err = each(one, l, line)
			}
			if err != nil {
				err = &lineError{l.number, err}
			}
		}
		if err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
	}
}

// keep rewrites a file of results with those that are wanted.
func keep(path string, wanted func(*Result) bool) error {
	in, err := os.Open(path)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := atomicfile.Create(path, 0o666)
	if err != nil {
		return err
	}
	defer out.Abort()
	err = eachResult(path, in, func(r *Result, _ *lines, line []byte) error {
		if !wanted(r) {
			return nil
		}
		_, err := out.Write(append(line, '\n'))
		return err
	})
	if err != nil {
		return err
	}
	return out.Commit()
}

// Add adds a result.
func (o *Output) Add(r *Result) error {
	line, err := r.Line()
	if err != nil {
		return err
	}
	if o.journal == nil {
		_, err = o.stream.Write(line)
	} else if err = o.journal.Append(line); err == nil {
		err = o.syncLater()
	}
	if err != nil {
		return err
	}
	o.Done++
	if r.Failed() {
		o.Failed++
	}
	return nil
}

// syncLater has results brought to disk soon, while others are made. It returns why that
// went wrong before.
func (o *Output) syncLater() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.timer == nil {
		o.timer = time.AfterFunc(syncInterval, o.sync)
	}
	return o.err
}

func (o *Output) sync() {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.timer = nil; o.journal != nil {
		o.err = errors.Join(o.err, o.journal.Sync())
	}
}

// Close brings all results to disk.
func (o *Output) Close() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.journal == nil {
		return nil
	}
	err := errors.Join(o.err, o.journal.Sync(), o.journal.Close())
	o.journal = nil
	return err
}
