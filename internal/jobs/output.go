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

// Output receives results, and writes each as a line.
type Output struct {
	path    string
	journal *atomicfile.Journal // nil: results go to stream
	stream  io.Writer

	mu    sync.Mutex  // guards timer, err and, in Close, journal
	timer *time.Timer // runs until results are synced to disk; nil: nothing to sync
	err   error       // error of syncing

	Done   int // number of results, including those of earlier runs
	Failed int // number of results with errors
}

// syncInterval is how long a result may wait before it is synced to disk. A crash of the machine
// loses results that are not synced; a crash of the process loses none.
const syncInterval = time.Second

// NewOutput returns an output that cannot be resumed, such as a pipe.
func NewOutput(w io.Writer) *Output { return &Output{stream: w} }

// OpenOutput opens the file of results at path, or creates the file. The file is
// the only record of earlier runs: OpenOutput makes src skip the requests that
// have a result in the file. An incomplete last line is cut off. If retry is set,
// results with errors are removed, so that their requests are answered again.
func OpenOutput(path string, src Source, retry bool) (*Output, error) {
	journal, err := atomicfile.OpenJournal(path)
	if err != nil {
		return nil, err
	}
	o := &Output{path: path, journal: journal}
	err = o.resume(src, retry)
	if err == nil && retry && o.Failed > 0 {
		err = keep(path, func(r *Result) bool { return !r.Failed() })
		if err == nil { // keep has replaced the file
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

// resume counts the results in the file, and makes src skip their requests.
func (o *Output) resume(src Source, retry bool) error {
	return eachResult(o.path, o.journal.Reader(), func(r *Result, _ *lines, _ []byte) error {
		id := keyOf(r.CustomID)
		if !src.Has(id) {
			return fmt.Errorf("custom_id %s is not in the input", clip(r.CustomID))
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

// eachResult reads the results of a file. It calls the function named each for every result. l has
// the number and the offset of the result's line.
func eachResult(path string, r io.Reader, each func(r *Result, l *lines, line []byte) error) error {
	const limit = 1 << 30 // largest size of a line in bytes: an answer is limited only by the context
	l := newLines(r, limit)
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

// keep removes all results from a file except the wanted ones.
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

// Add writes a result.
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

// syncLater starts the timer that syncs results to disk. It returns the error of earlier syncs.
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

// Close syncs all results to disk and closes the file.
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
