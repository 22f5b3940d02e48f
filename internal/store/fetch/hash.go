package fetch

import (
	"fmt"
	"slices"
)

// fedChunks is the largest number of chunks that wait in memory for the digest. All other bytes
// are read back from the file.
const fedChunks = 4

// chunk is a piece of the file that has just been written.
type chunk struct {
	at int64
	p  []byte
}

// feed queues a chunk for the digest if there is room, and returns a buffer for the next bytes.
// The caller holds the lock.
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

// next waits for bytes after the first n. If they are in memory, it returns them as p.
// Otherwise p is nil, and the caller must read them from the file. The second result, to, is
// the offset at which these bytes end. When there are no more bytes, next returns nil and n.
func (t *transfer) next(n int64) (p []byte, to int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for t.front == n && !t.ended {
		t.moved.Wait()
	}
	for len(t.fed) > 0 && t.fed[0].at < n { // already read from the file
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

// drop removes the first chunk from fed. The caller holds the lock.
func (t *transfer) drop() {
	t.spare = append(t.spare, t.fed[0].p[:bufferSize])
	t.fed = slices.Delete(t.fed, 0, 1)
}

// hash computes the digest while the workers write, until it has all bytes or the workers have
// ended.
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

// checkMagic returns an error if a file that begins with p
// cannot be a GGUF file. p may be shorter than GGUF's magic.
func checkMagic(p []byte) error {
	const magic = "GGUF"
	if n := min(len(p), len(magic)); string(p[:n]) != magic[:n] {
		return &notModel{slices.Clone(p[:min(len(p), 32)])}
	}
	return nil
}
