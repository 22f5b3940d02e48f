package jobs

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
)

// Source gives the requests of an input one after the other.
type Source interface {
	// Next returns the next request, or io.EOF. It is for one goroutine at a time.
	Next(ctx context.Context) (*Request, error)
	// Total returns how many there are in all, 0 where that is not known.
	Total() int
	// Has reports whether an id is, or may be, one of the input's.
	Has(id key) bool
	// Skip makes Next leave out a request.
	Skip(id key)
}

// Input is a file that has been checked. In memory is where its lines are, not what they
// say.
type Input struct {
	SHA256 string // of the file, in hexadecimal

	file    *os.File
	lines   []inputLine
	index   map[key]int // of lines
	grouped bool        // lines that begin alike are together
	next    int
}

// inputLine is where a line is.
type inputLine struct {
	at     int64
	size   int32
	number int32 // from 1
	done   bool
	id     key
	begins []uint64 // how its prompt begins
}

// OpenInput reads a file and checks each line. bad is called for those that cannot be
// taken; then there is an error in the end.
func OpenInput(path string, shard Shard, bad func(line int, err error)) (*Input, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	in := &Input{file: f, index: map[key]int{}}
	if err := in.check(shard, bad); err != nil {
		f.Close()
		return nil, err
	}
	return in, nil
}

// check reads the file.
func (in *Input) check(shard Shard, bad func(line int, err error)) error {
	sum := sha256.New()
	l := newLines(io.TeeReader(in.file, sum), MaxLine)
	var check Checker
	all, wrong := 0, 0
	for ; ; all++ {
		line, err := l.read()
		if errors.Is(err, io.EOF) {
			break
		}
		var r *Request
		var about *lineError
		if err == nil {
			r, err = check.Check(line, l.number)
		} else if !errors.As(err, &about) {
			return err
		} else {
			err = about.error
		}
		if err != nil {
			wrong++
			bad(l.number, err)
		} else {
			id := keyOf(r.CustomID)
			in.lines = append(in.lines, inputLine{at: l.at, size: int32(len(line)), number: int32(l.number), id: id, begins: r.begins()})
		}
	}
	switch {
	case wrong > 0:
		return fmt.Errorf("%d of %d lines cannot be taken", wrong, all)
	case all == 0:
		return errors.New("there are no requests in it")
	}
	in.SHA256 = hex.EncodeToString(sum.Sum(nil))
	if shard != All {
		in.lines, in.grouped = shard.of(in.lines), true
	}
	in.number()
	return nil
}

// number notes where each line is in the order of the lines.
func (in *Input) number() {
	for i, l := range in.lines {
		in.index[l.id] = i
	}
}

// Close closes the file.
func (in *Input) Close() error { return in.file.Close() }

// ByPrefix puts lines whose prompts begin alike one after the other, so that what they
// share is evaluated once. Groups come in the order of their first lines.
func (in *Input) ByPrefix() {
	if in.grouped { // a shard is a stretch of lines in that order
		return
	}
	in.grouped = true
	byPrefix(in.lines)
	in.number()
}

// Total is Source's.
func (in *Input) Total() int { return len(in.lines) }

// Has is Source's.
func (in *Input) Has(id key) bool { _, ok := in.index[id]; return ok }

// Skip is Source's.
func (in *Input) Skip(id key) {
	if i, ok := in.index[id]; ok {
		in.lines[i].done = true
	}
}

// Next is Source's.
func (in *Input) Next(ctx context.Context) (*Request, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	for ; in.next < len(in.lines); in.next++ {
		if l := in.lines[in.next]; !l.done {
			in.next++
			return in.read(l)
		}
	}
	return nil, io.EOF
}

// read returns the request of a line, which must be as it was.
func (in *Input) read(l inputLine) (*Request, error) {
	line := make([]byte, l.size)
	_, err := in.file.ReadAt(line, l.at)
	var r *Request
	if err == nil {
		r, err = ParseRequest(line)
	}
	if err == nil && keyOf(r.CustomID) != l.id {
		err = errors.New("its custom_id is another than before")
	}
	if err != nil {
		return nil, fmt.Errorf("%s was changed while it was answered: line %d: %w", in.file.Name(), l.number, err)
	}
	return r, nil
}

// ids returns the ids in the order of the file.
func (in *Input) ids() []key {
	sorted := slices.Clone(in.lines)
	slices.SortFunc(sorted, func(a, b inputLine) int { return int(a.number - b.number) })
	list := make([]key, len(sorted))
	for i, l := range sorted {
		list[i] = l.id
	}
	return list
}
