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

// Source returns the requests of an input one after the other.
type Source interface {
	// Next returns the next request, or io.EOF after the last. Calls must not overlap.
	Next(ctx context.Context) (*Request, error)
	// Total returns the number of requests, or 0 if it is unknown.
	Total() int
	// Has reports whether the input has, or may have, a request with this id.
	Has(id key) bool
	// Skip makes Next leave out the request with this id.
	Skip(id key)
}

// Input is a checked file of requests. In memory, it
// keeps the positions of the lines, not their text.
type Input struct {
	SHA256 string // digest of the file, in hexadecimal

	file    *os.File
	lines   []inputLine
	index   map[key]int // index in lines, by id
	grouped bool        // lines with a common prefix of their prompts are together
	next    int
}

// inputLine describes a line of the file.
type inputLine struct {
	at     int64
	size   int32
	number int32 // from 1
	done   bool
	id     key
	begins []uint64 // hashes of the prompt's prefixes: see Request.begins
}

// OpenInput opens a file and checks each line. It calls the function bad for each invalid line, and
// returns an error after the last line if any was invalid.
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

// check reads and checks the file, and sets the fields of the Input.
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
		return fmt.Errorf("%d of %d lines cannot be used", wrong, all)
	case all == 0:
		return errors.New("it has no requests")
	}
	in.SHA256 = hex.EncodeToString(sum.Sum(nil))
	if shard != All {
		in.lines, in.grouped = shard.of(in.lines), true
	}
	in.number()
	return nil
}

// number sets index to the positions of the lines in in.lines.
func (in *Input) number() {
	for i, l := range in.lines {
		in.index[l.id] = i
	}
}

// Close closes the file.
func (in *Input) Close() error { return in.file.Close() }

// ByPrefix sorts the lines so that prompts with a common prefix follow each other, and the engine
// evaluates the prefix once. Groups are in the order of their first lines.
func (in *Input) ByPrefix() {
	if in.grouped { // the lines of a shard are already in this order
		return
	}
	in.grouped = true
	byPrefix(in.lines)
	in.number()
}

// Total implements Source.
func (in *Input) Total() int { return len(in.lines) }

// Has implements Source.
func (in *Input) Has(id key) bool { _, ok := in.index[id]; return ok }

// Skip implements Source.
func (in *Input) Skip(id key) {
	if i, ok := in.index[id]; ok {
		in.lines[i].done = true
	}
}

// Next implements Source.
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

// read reads the request of a line again. It is an error if the line has changed.
func (in *Input) read(l inputLine) (*Request, error) {
	line := make([]byte, l.size)
	_, err := in.file.ReadAt(line, l.at)
	var r *Request
	if err == nil {
		r, err = ParseRequest(line)
	}
	if err == nil && keyOf(r.CustomID) != l.id {
		err = errors.New("its custom_id has changed")
	}
	if err != nil {
		return nil, fmt.Errorf("%s was changed while it was answered: line %d: %w", in.file.Name(), l.number, err)
	}
	return r, nil
}

// ids returns the ids of all requests in the order of the file.
func (in *Input) ids() []key {
	sorted := slices.Clone(in.lines)
	slices.SortFunc(sorted, func(a, b inputLine) int { return int(a.number - b.number) })
	list := make([]key, len(sorted))
	for i, l := range sorted {
		list[i] = l.id
	}
	return list
}
