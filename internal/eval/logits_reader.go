package eval

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"math"
)

// LogitsReader reads a logits file sequentially.
type LogitsReader struct {
	Context int // tokens in a window
	Vocab   int
	Windows int
	Tokens  []int32 // [Windows*Context] the text, before BOS replaces any token

	r   *bufio.Reader
	row []byte
}

// IsLogitsFile reports whether a file that begins with head is a logits file.
func IsLogitsFile(head []byte) bool {
	return len(head) >= len(logitsMagic) && string(head[:len(logitsMagic)]) == logitsMagic
}

// NewLogitsReader reads the header and the tokens of a logits file of size bytes. Before
// it allocates anything, it checks that the file is as large as the header demands.
func NewLogitsReader(r io.Reader, size int64) (*LogitsReader, error) {
	head := make([]byte, logitsHeader)
	if _, err := io.ReadFull(r, head); err != nil {
		return nil, fmt.Errorf("eval: logits file: header: %w", err)
	}
	if !IsLogitsFile(head) {
		return nil, fmt.Errorf("eval: not a logits file: it begins with %q, want %q", head[:8], logitsMagic)
	}
	le := binary.LittleEndian
	context, vocab, windows := le.Uint32(head[8:]), le.Uint32(head[12:]), le.Uint32(head[16:])
	if context < 4 || context > 1<<24 || vocab < 1 || vocab > 1<<24 || windows < 1 || windows > 1<<24 {
		return nil, fmt.Errorf("eval: logits file: the header is damaged: %d windows of %d tokens, a vocabulary of %d", windows, context, vocab)
	}
	f := &LogitsReader{Context: int(context), Vocab: int(vocab), Windows: int(windows), r: bufio.NewReaderSize(r, 1<<20)}
	// The size of a window fits in 50 bits, but the size of all windows
	// may not fit in 63. So the check divides, and does not multiply.
	perWindow := 4*int64(context) + int64(logitsRow(f.Vocab))*int64(f.Policy().scored())
	if (size-logitsHeader)/perWindow < int64(windows) {
		return nil, fmt.Errorf("eval: logits file: %d bytes, but %d windows of %d tokens need %d each",
			size, windows, context, perWindow)
	}
	if 4*int64(context)*int64(windows) > math.MaxInt {
		return nil, fmt.Errorf("eval: logits file: %d tokens are more than this machine can address", int64(context)*int64(windows))
	}
	return f, f.readTokens()
}

// readTokens reads the tokens of the text.
func (f *LogitsReader) readTokens() error {
	raw := make([]byte, 4*f.Context*f.Windows)
	if _, err := io.ReadFull(f.r, raw); err != nil {
		return fmt.Errorf("eval: logits file: tokens: %w", err)
	}
	f.Tokens = make([]int32, f.Context*f.Windows)
	for i := range f.Tokens {
		id := binary.LittleEndian.Uint32(raw[4*i:])
		if id >= uint32(f.Vocab) {
			return fmt.Errorf("eval: logits file: token %d is %d, not in the vocabulary of %d", i, id, f.Vocab)
		}
		f.Tokens[i] = int32(id)
	}
	return nil
}

// Policy returns the policy of the file. BOS is false, because the file does not say whether BOS
// replaces the windows' first tokens.
func (f *LogitsReader) Policy() Policy { return Policy{Context: f.Context} }

// next sets logprobs [Vocab] to the log probabilities at the next scored position.
func (f *LogitsReader) next(logprobs []float32) error {
	if f.row == nil {
		f.row = make([]byte, logitsRow(f.Vocab))
	}
	if _, err := io.ReadFull(f.r, f.row); err != nil {
		return fmt.Errorf("eval: logits file: %w", err)
	}
	decodeLogits(logprobs, f.row)
	for i, l := range logprobs[:min(len(logprobs), 2)] {
		if math.IsNaN(float64(l)) || math.IsInf(float64(l), 0) {
			return fmt.Errorf("eval: logits file: log probability %d is %v", i, l)
		}
	}
	return nil
}
