// Package dataset reads files of training data: Stanford Alpaca's instructions, chats,
// prompts with completions, and plain text, as JSON, JSON lines or text. A record that
// cannot be used is reported with its line and the reason, never silently dropped. A
// damaged file is an error.
package dataset

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"unicode/utf8"
)

// Message is one message of a conversation.
type Message struct {
	Role    string // "system", "user" or "assistant"
	Content string
	Input   string // the input of an instruction, or "" if the instruction has none
}

// Record is one example: a text, or a conversation whose last message is from the assistant.
type Record struct {
	Line     int // in the file, from 1
	Messages []Message
	Text     string // the text, if there are no messages

	preferred bool // the record is the better answer of a preference pair
}

// Problem is the reason why a record cannot be used.
type Problem struct {
	Line   int
	Reason string
}

// Problems are the records of a file that cannot be used, in order.
type Problems []Problem

// Counts returns the different reasons, in the order in which they first occur in the
// file.
func (p Problems) Counts() (list []Count) {
	at := map[string]int{}
	for _, x := range p {
		i, ok := at[x.Reason]
		if !ok {
			i = len(list)
			at[x.Reason] = i
			list = append(list, Count{Reason: x.Reason, First: x.Line})
		}
		list[i].Records++
	}
	return list
}

// Count is a reason, with the number of records that it concerns and the line of the first of them.
type Count struct {
	Reason         string
	Records, First int
}

// maxLine bounds the size of a line of JSON, and of a text file, in bytes.
const maxLine = 1 << 30

// File is the content of a file.
type File struct {
	Path    string
	SHA256  string
	Records []Record
	Bad     Problems
	Pairs   int // number of records that come from preference pairs
}

// Read reads the file at path. The file holds JSON lines, a JSON array of objects, or one
// text. A file whose name ends with .txt or .md is a text, and one whose name ends with .json
// or .jsonl is JSON. Any other file is JSON if it begins with [ or {, and otherwise a text.
func Read(path string) (*File, error) {
	in, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("dataset: %w", err)
	}
	defer in.Close()
	return ReadFrom(in, path)
}

// ReadFrom does what Read does, but reads the file's contents
// from a Reader. It uses path only as the file's name.
func ReadFrom(in io.Reader, path string) (*File, error) {
	sum := sha256.New()
	r := &reader{in: bufio.NewReaderSize(io.TeeReader(in, sum), 1<<16), line: 1}
	if err := r.read(path); err != nil {
		return nil, fmt.Errorf("dataset: %s: %w", path, err)
	}
	if _, err := io.Copy(io.Discard, r.in); err != nil {
		return nil, fmt.Errorf("dataset: %s: %w", path, err)
	}
	return &File{Path: path, SHA256: hex.EncodeToString(sum.Sum(nil)), Records: r.records, Bad: r.bad, Pairs: r.pairs}, nil
}

// reader reads records and counts lines.
type reader struct {
	in      *bufio.Reader
	line    int
	records []Record
	bad     Problems
	pairs   int
}

func (r *reader) read(path string) error {
	if start, _ := r.in.Peek(3); bytes.Equal(start, []byte("\xef\xbb\xbf")) {
		r.in.Discard(3) // a byte order mark
	}
	first, err := r.skipSpace()
	switch {
	case err == io.EOF:
		return errors.New("is empty")
	case err != nil:
		return err
	}
	ext := strings.ToLower(filepath.Ext(path))
	switch {
	case ext == ".txt" || ext == ".md":
		return r.text()
	case first == '[':
		return r.array()
	case first == '{':
		return r.lines()
	case ext == ".json" || ext == ".jsonl":
		return fmt.Errorf("line %d: begins with %q, but JSON objects begin with {", r.line, first)
	}
	return r.text()
}

// skipSpace moves to the next byte that is not white space, and returns it.
func (r *reader) skipSpace() (byte, error) {
	for {
		b, err := r.in.ReadByte()
		if err != nil {
			return 0, err
		}
		switch b {
		case '\n':
			r.line++
		case ' ', '\t', '\r':
		default:
			return b, r.in.UnreadByte()
		}
	}
}

// text makes the rest of the file one record.
func (r *reader) text() error {
	all, err := io.ReadAll(io.LimitReader(r.in, maxLine+1))
	switch {
	case err != nil:
		return err
	case len(all) > maxLine:
		return fmt.Errorf("more than %d bytes of text", maxLine)
	case !utf8.Valid(all):
		return errors.New("is not UTF-8 text")
	}
	r.records = append(r.records, Record{Line: r.line, Text: string(all)})
	return nil
}

// lines reads JSON lines.
func (r *reader) lines() error {
	for {
		line, err := readLine(r.in)
		if err != nil && err != io.EOF {
			return fmt.Errorf("line %d: %w", r.line, err)
		}
		if text := bytes.TrimSpace(line); len(text) > 0 {
			if broken := r.add(r.line, text); broken != nil {
				return broken
			}
		}
		if err == io.EOF {
			return nil
		}
		r.line++
	}
}

// readLine returns the next line, with its line feed.
func readLine(in *bufio.Reader) ([]byte, error) {
	var line []byte
	for {
		part, err := in.ReadSlice('\n')
		line = append(line, part...)
		if len(line) > maxLine {
			return nil, fmt.Errorf("more than %d bytes", maxLine)
		}
		if err != bufio.ErrBufferFull {
			return line, err
		}
	}
}

// array reads the objects of an array.
func (r *reader) array() error {
	c := &counter{in: r.in, line: r.line}
	dec := json.NewDecoder(c)
	if _, err := dec.Token(); err != nil { // the bracket
		return c.fail(err)
	}
	for dec.More() {
		var raw json.RawMessage
		if err := dec.Decode(&raw); err != nil {
			return c.fail(err)
		}
		line := c.lineAt(dec.InputOffset() - int64(len(raw)))
		if err := r.add(line, raw); err != nil {
			return err
		}
		c.forget(dec.InputOffset())
	}
	if _, err := dec.Token(); err != nil {
		return c.fail(err)
	}
	if _, err := dec.Token(); err != io.EOF {
		return fmt.Errorf("line %d: something follows the array", c.lineAt(dec.InputOffset()))
	}
	return nil
}

// fail returns an error that says where and how the JSON is broken.
func (c *counter) fail(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("line %d: the JSON ends in the middle: the file was cut", c.lineAt(c.offset))
	}
	offset := c.offset
	if e, ok := errors.AsType[*json.SyntaxError](err); ok {
		offset = e.Offset
	}
	return fmt.Errorf("line %d: broken JSON: %w", c.lineAt(offset), err)
}

// counter counts the lines of the data that is read through it.
type counter struct {
	in     io.Reader
	line   int     // number of the line that ends at ends[0]
	offset int64   // number of bytes read
	ends   []int64 // offsets of the line feeds, without those that forget has dropped
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.in.Read(p)
	for i, b := range p[:n] {
		if b == '\n' {
			c.ends = append(c.ends, c.offset+int64(i))
		}
	}
	c.offset += int64(n)
	return n, err
}

// lineAt returns the line of an offset. forget must not have dropped that line.
func (c *counter) lineAt(offset int64) int {
	line := c.line
	for _, end := range c.ends {
		if end >= offset {
			break
		}
		line++
	}
	return line
}

// forget drops the lines before an offset.
func (c *counter) forget(offset int64) {
	n := c.lineAt(offset) - c.line
	c.line += n
	c.ends = c.ends[n:]
}
