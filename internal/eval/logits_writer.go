package eval

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
)

// LogitsWriter writes a logits file.
type LogitsWriter struct {
	w     *bufio.Writer
	vocab int
	left  int // rows still to be written
}

// NewLogitsWriter writes the header of a file. tokens is the text, cut into adjacent windows.
// context is the number of tokens in a window, windows is the number of windows in the file, and
// vocab is the size of the vocabulary.
func NewLogitsWriter(w io.Writer, context, vocab int, tokens []int32, windows int) (*LogitsWriter, error) {
	if windows < 1 || windows > len(tokens)/context {
		return nil, fmt.Errorf("eval: logits file: %d windows of %d tokens do not fit the text, which has %d", windows, context, len(tokens))
	}
	le := binary.LittleEndian
	head := append([]byte(nil), logitsMagic...)
	for _, n := range []int{context, vocab, windows} {
		head = le.AppendUint32(head, uint32(n))
	}
	for _, id := range tokens[:context*windows] {
		head = le.AppendUint32(head, uint32(id))
	}
	out := &LogitsWriter{
		w: bufio.NewWriterSize(w, 1<<20), vocab: vocab,
		left: windows * (Policy{Context: context}).scored(),
	}
	if _, err := out.w.Write(head); err != nil {
		return nil, fmt.Errorf("eval: logits file: %w", err)
	}
	return out, nil
}

// scored returns the number of tokens that a window of the policy scores.
func (p Policy) scored() int { return p.Length() - 1 - p.First() }

// encode returns logits as a row. It uses dst's memory if that is large enough.
func (w *LogitsWriter) encode(dst []byte, logits []float32) []byte {
	if cap(dst) < logitsRow(len(logits)) {
		dst = make([]byte, logitsRow(len(logits)))
	}
	dst = dst[:logitsRow(len(logits))]
	encodeLogits(dst, logits)
	return dst
}

// write appends a row.
func (w *LogitsWriter) write(row []byte) error {
	if len(row) != logitsRow(w.vocab) || w.left == 0 {
		return fmt.Errorf("eval: logits file: a row of %d bytes when %d rows are missing, want %d bytes",
			len(row), w.left, logitsRow(w.vocab))
	}
	w.left--
	if _, err := w.w.Write(row); err != nil {
		return fmt.Errorf("eval: logits file: %w", err)
	}
	return nil
}

// Close flushes the file. It returns an error if rows are missing. It does not close the
// underlying writer.
func (w *LogitsWriter) Close() error {
	if w.left != 0 {
		return fmt.Errorf("eval: logits file: %d rows are missing", w.left)
	}
	if err := w.w.Flush(); err != nil {
		return fmt.Errorf("eval: logits file: %w", err)
	}
	return nil
}
