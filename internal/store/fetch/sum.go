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

// sum is the digest of a file's beginning. That of git is of the length and the content, so
// that it exists only where the length is known.
type sum struct {
	mu   sync.Mutex
	n    int64 // bytes seen
	sha  hash.Hash
	git  hash.Hash // nil: not asked for
	size int64
}

// newSum returns the digest of nothing. size is the file's, -1 if it is not known.
func newSum(git bool, size int64) *sum {
	s := &sum{sha: sha256.New(), size: size}
	if git && size >= 0 {
		s.git = sha1.New()
		fmt.Fprintf(s.git, "blob %d\x00", size)
	}
	return s
}

// Write takes the bytes that follow.
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

// seen returns the number of bytes that are in the digest.
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

// save returns the digest as bytes, with the number of those it has seen. Small files have
// git's digest, and are read again instead.
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

// restore goes on from what save returned. Bytes that are no digest leave it at nothing:
// what they stand for is read again.
func (s *sum) restore(n int64, state []byte) {
	if n == 0 || s.git != nil {
		return
	}
	h := sha256.New()
	if h.(encoding.BinaryUnmarshaler).UnmarshalBinary(state) == nil {
		s.sha, s.n = h, n
	}
}
