package fetch

import (
	"fmt"
	"slices"
)

// fedChunks is how many pieces of the file wait for the digest in memory. It reads back from
// the file what comes beyond.
const fedChunks = 4

// chunk is a piece of the file that has just been written.
type chunk struct {
	at int64
	p  []byte
}

// feed gives a chunk to the digest, if there is room, and returns a buffer for what comes next.
// The lock is held.
func (t *transfer) feed(c chunk, buf []byte) []byte {
	if len(t.fed) == fedChunks {
		return buf
	}
	t.fed = append(t.fed, c)
	if n := len(t.spare); n > 0 {
		buf, t.spare = t.spare[n-1], t.spare[:n-1]
		return buf
	}
	return make([]byte, bufferSize)
}

// next waits until there is something for a digest that has seen n bytes. It returns the
// memory that has it, or nil and how far to read in the file; n where all has ended.
func (t *transfer) next(n int64) (p []byte, to int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for t.front == n && !t.ended {
		t.moved.Wait()
	}
	for len(t.fed) > 0 && t.fed[0].at < n { // read from the file meanwhile
		t.drop()
	}
	if len(t.fed) == 0 {
		return nil, t.front
	}
	if c := t.fed[0]; c.at == n {
		return c.p, n + int64(len(c.p))
	}
	return nil, t.fed[0].at
}

// drop takes the first chunk away. The lock is held.
func (t *transfer) drop() {
	t.spare = append(t.spare, t.fed[0].p[:bufferSize])
	t.fed = slices.Delete(t.fed, 0, 1)
}

// hash computes the digest behind those who write, until all is seen or nobody writes.
func (t *transfer) hash() error {
	buf := make([]byte, bufferSize)
	for n := t.sum.seen(); ; {
		p, to := t.next(n)
		if to == n {
			return nil
		}
		fed := p != nil
		for n < to {
			if !fed {
				p = buf[:min(int64(len(buf)), to-n)]
				if _, err := t.file.ReadAt(p, n); err != nil {
					return localError{fmt.Errorf("reading back what was written: %w", err)}
				}
			}
			if n == 0 && t.job.Model {
				if err := checkMagic(p); err != nil {
					return err
				}
			}
			t.sum.Write(p)
			n += int64(len(p))
		}
		if fed {
			t.mu.Lock()
			t.drop()
			t.mu.Unlock()
		}
	}
}

// checkMagic returns an error unless a file begins as GGUF files do. A beginning too short
// to say passes.
func checkMagic(p []byte) error {
	const magic = "GGUF"
	if n := min(len(p), len(magic)); string(p[:n]) != magic[:n] {
		return &notModel{slices.Clone(p[:min(len(p), 32)])}
	}
	return nil
}
