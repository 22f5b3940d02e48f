package fetch

import (
	"crypto/sha1"
	"crypto/sha256"
	"encoding"
	"encoding/hex"
	"fmt"
	"hash"
	"sync"
)

// sum is the digest of the first bytes of a file. Git's digest covers the length too, so it
// needs a known length.
type sum struct {
	mu   sync.Mutex
	n    int64 // number of bytes that the digest covers
	sha  hash.Hash
	git  hash.Hash // nil: not needed
	size int64
}

// newSum returns the digest of no bytes. size is the file's size, -1 if not known.
func newSum(git bool, size int64) *sum {
	s := &sum{sha: sha256.New(), size: size}
	if git && size >= 0 {
		s.git = sha1.New()
		fmt.Fprintf(s.git, "blob %d\x00", size)
	}
	return s
}

// Write adds the next bytes of the file.
func (s *sum) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sha.Write(p)
	if s.git != nil {
		s.git.Write(p)
	}
	s.n += int64(len(p))
	return len(p), nil
}

// seen returns the number of bytes in the digest.
func (s *sum) seen() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.n
}

func (s *sum) sha256() string { return hex.EncodeToString(s.sha.Sum(nil)) }

func (s *sum) gitSHA1() string {
	if s.git == nil {
		return ""
	}
	return hex.EncodeToString(s.git.Sum(nil))
}

// save returns the state of the digest, and the number of bytes it has seen. For a file
// with git's digest, save returns nothing: such a file is small, and is read again.
func (s *sum) save() (n int64, state []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.git != nil {
		return 0, nil
	}
	state, err := s.sha.(encoding.BinaryMarshaler).MarshalBinary()
	if err != nil {
		return 0, nil
	}
	return s.n, state
}

// restore continues with the state that save returned. If state is
// invalid, the digest stays empty, and the bytes are read again.
func (s *sum) restore(n int64, state []byte) {
	if n == 0 || s.git != nil {
		return
	}
	h := sha256.New()
	if h.(encoding.BinaryUnmarshaler).UnmarshalBinary(state) == nil {
		s.sha, s.n = h, n
	}
}
