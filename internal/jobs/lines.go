package jobs

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
)

// lines reads the lines of a file one after the other.
type lines struct {
	r      *bufio.Reader
	max    int // largest size of a line in bytes
	number int // number of the line read last
	at     int64
	next   int64 // offset of the next line
	buf    []byte
}

func newLines(r io.Reader, limit int) *lines {
	return &lines{r: bufio.NewReaderSize(r, 256<<10), max: limit}
}

// read returns the next line without its newline, or io.EOF after the last. The line is valid
// until the next call. The field number counts blank lines, but read does not return them.
func (l *lines) read() ([]byte, error) {
	for {
		line, err := l.one()
		if err != nil || len(bytes.TrimSpace(line)) > 0 {
			return line, err
		}
	}
}

// one returns the next line, even if it is blank.
func (l *lines) one() ([]byte, error) {
	l.buf, l.at = l.buf[:0], l.next
	for {
		part, err := l.r.ReadSlice('\n')
		l.next += int64(len(part))
		if len(l.buf) <= l.max { // the rest of a line that is too long is only counted
			l.buf = append(l.buf, part...)
		}
		if errors.Is(err, bufio.ErrBufferFull) {
			continue
		}
		if err != nil && (!errors.Is(err, io.EOF) || l.next == l.at) {
			return nil, err
		}
		l.number++
		line := bytes.TrimSuffix(l.buf, []byte("\n"))
		if len(line) > l.max {
			return nil, &lineError{l.number, fmt.Errorf("it has more than %d bytes", l.max)}
		}
		if mark := []byte("\ufeff"); l.number == 1 && bytes.HasPrefix(line, mark) { // some editors write a byte order mark
			line, l.at = line[len(mark):], l.at+int64(len(mark))
		}
		return line, nil
	}
}

// lineError is an error in a line.
type lineError struct {
	number int
	error
}

func (e *lineError) Error() string { return fmt.Sprintf("line %d: %v", e.number, e.error) }
func (e *lineError) Unwrap() error { return e.error }
