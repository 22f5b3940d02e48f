package eval

import (
	"encoding/binary"
	"fmt"
	"math"
	"os"
	"sync"

	"alpaca/internal/logits"
	"alpaca/internal/machine"
	"alpaca/internal/sampler"
)

// keptBytes is the largest number of bytes of a window's logits in memory. It is enough for a
// window of 1024 tokens, half of them scored, with a vocabulary of 32000.
const keptBytes = 64 << 20

// kept holds a base's predictions of one window while one model after the other is
// compared with them. The first rows are in memory, the others in a temporary file.
// Because predictions are kept, only one model needs a session at a time. Because most rows of
// a long window are in the file, such a window needs little more memory than that session.
type kept struct {
	folder     string // folder of the file; "": the system's folder
	inMemory   int    // the largest number of bytes of logits in memory
	normalized bool   // put gets log probabilities, not logits

	vocab   int
	count   int               // rows of the window
	logits  [][]float32       // [rows in memory, vocab]
	dists   []logits.Logprobs // the distributions of logits
	file    *os.File          // the other rows, in their order, as float32
	buffers sync.Pool         // *keptRow
}

// keptRow is a buffer for a row that is written to or read from the file.
type keptRow struct {
	raw    []byte    // [4*vocab]
	logits []float32 // [vocab]
}

// newKept returns a store with at most inMemory bytes of logits in memory. 0 stands for
// keptBytes. normalized says that put gets log probabilities instead of logits.
func newKept(folder string, inMemory int, normalized bool) *kept {
	if inMemory == 0 {
		inMemory = keptBytes
	}
	return &kept{folder: folder, inMemory: inMemory, normalized: normalized}
}

// begin drops the previous window, and makes room for a window of count rows.
func (k *kept) begin(count, vocab int) error {
	if vocab != k.vocab {
		k.vocab, k.logits = vocab, nil
		k.buffers = sync.Pool{New: func() any {
			return &keptRow{raw: make([]byte, 4*vocab), logits: make([]float32, vocab)}
		}}
	}
	k.count = count
	want := min(count, k.inMemory/(4*vocab))
	if missing := want - len(k.logits); missing > 0 && machine.Limited() {
		// Reserve twice the size, because rows (rows.go) keeps copies of some
		// of these logits, too.
		if err := machine.Reserve(2 * 4 * int64(missing) * int64(vocab)); err != nil {
			return fmt.Errorf("eval: the predictions of a window: %w", err)
		}
	}
	for len(k.logits) < want {
		k.logits = append(k.logits, make([]float32, vocab))
	}
	k.dists = make([]logits.Logprobs, len(k.logits))
	if count <= len(k.logits) || k.file != nil {
		return nil
	}
	f, err := os.CreateTemp(k.folder, "alpaca-compare-")
	if err != nil {
		return fmt.Errorf("eval: cannot create a file for the predictions of a window: %w", err)
	}
	k.file = f
	// Remove the name now, so that no file is left even after a crash. On Windows this fails, and
	// close removes the file.
	os.Remove(f.Name())
	return nil
}

// close frees the memory and removes the file.
func (k *kept) close() {
	if k.file != nil {
		k.file.Close()
		os.Remove(k.file.Name())
	}
	*k = kept{}
}

// dist returns the distribution of a row of logits. The distribution refers to raw.
func (k *kept) dist(raw []float32) logits.Logprobs {
	if k.normalized {
		return logits.Normalized(raw)
	}
	return logits.NewLogprobs(raw)
}

// offset returns the position of a row in the file.
func (k *kept) offset(row int) int64 { return int64(row-len(k.logits)) * int64(4*k.vocab) }

// put stores a row. Several goroutines may put different rows at once.
func (k *kept) put(row int, logits []float32) error {
	if row < len(k.logits) {
		copy(k.logits[row], logits)
		k.dists[row] = k.dist(k.logits[row])
		if !k.dists[row].Valid() {
			return sampler.ErrNotNumbers
		}
		return nil
	}
	if !k.dist(logits).Valid() {
		return sampler.ErrNotNumbers
	}
	b := k.buffers.Get().(*keptRow)
	defer k.buffers.Put(b)
	for i, l := range logits {
		binary.LittleEndian.PutUint32(b.raw[4*i:], math.Float32bits(l))
	}
	if _, err := k.file.WriteAt(b.raw, k.offset(row)); err != nil {
		return fmt.Errorf("eval: keeping the predictions of a window: %w", err)
	}
	return nil
}

// The method with passes the distribution of a row to use. Several goroutines may call the method
// at once.
func (k *kept) with(row int, use func(logits.Logprobs)) error {
	if row < len(k.logits) {
		use(k.dists[row])
		return nil
	}
	b := k.buffers.Get().(*keptRow)
	defer k.buffers.Put(b)
	if _, err := k.file.ReadAt(b.raw, k.offset(row)); err != nil {
		return fmt.Errorf("eval: reading the predictions of a window: %w", err)
	}
	for i := range b.logits {
		b.logits[i] = math.Float32frombits(binary.LittleEndian.Uint32(b.raw[4*i:]))
	}
	use(k.dist(b.logits))
	return nil
}
