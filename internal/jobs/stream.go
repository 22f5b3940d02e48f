package jobs

import (
	"context"
	"io"
	"sync"
)

// Stream is an input that cannot be read twice, such as a pipe. Its lines are checked as they come,
// and answered in their order.
type Stream struct {
	start sync.Once
	items chan item
	lines *lines
	shard Shard
	skip  map[key]bool
}

// item is the next request, or an error.
type item struct {
	request *Request
	err     error
}

// NewStream returns the requests of r.
func NewStream(r io.Reader, shard Shard) *Stream {
	return &Stream{lines: newLines(r, MaxLine), shard: shard, skip: map[key]bool{}, items: make(chan item)}
}

// Total implements Source: the number is unknown.
func (s *Stream) Total() int { return 0 }

// Has implements Source: any id may come.
func (s *Stream) Has(key) bool { return true }

// Skip implements Source. It must not be called after Next.
func (s *Stream) Skip(id key) { s.skip[id] = true }

// Next implements Source.
func (s *Stream) Next(ctx context.Context) (*Request, error) {
	s.start.Do(func() { go s.read() })
	select {
	case next, ok := <-s.items:
		if !ok {
			return nil, io.EOF
		}
		return next.request, next.err
	case <-ctx.Done(): // the pipe may have no data for a long time
		return nil, ctx.Err()
	}
}

// read sends the requests of the stream to items, up to the first invalid line. It may still be
// waiting when the program ends.
func (s *Stream) read() {
	defer close(s.items)
	var check Checker
	for n := 0; ; {
		line, err := s.lines.read()
		if err == io.EOF {
			return
		}
		var r *Request
		if err == nil {
			if r, err = check.Check(line, s.lines.number); err != nil {
				err = &lineError{s.lines.number, err}
			}
		}
		if err != nil {
			s.items <- item{err: err}
			return
		}
		if n++; s.shard.has(n-1) && !s.skip[keyOf(r.CustomID)] {
			s.items <- item{request: r}
		}
	}
}
