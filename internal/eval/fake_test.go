package eval

import (
	"context"
	"math"
	"testing"

	"github.com/stretchr/testify/require"
)

// fakeSession predicts by a fixed rule: the logits depend only on the last two tokens.
type fakeSession struct {
	vocab  int
	scale  float32 // the range of the logits; 0: all tokens have the same probability
	noise  float32 // the range of a second term, which is added to each logit
	tokens []int32
	read   int // tokens evaluated so far
	err    error
	broken int // position whose logits are NaN; 0: none
}

func (s *fakeSession) Truncate(n int) int {
	s.tokens = s.tokens[:n]
	return n
}

func (s *fakeSession) EvalEach(ctx context.Context, tokens []int32, from int, each func(int, []float32) error) error {
	if s.err != nil {
		return s.err
	}
	logits := make([]float32, s.vocab) // the buffer is used again, so a caller must copy rows
	for i, id := range tokens {
		s.tokens = append(s.tokens, id)
		s.read++
		if i < from {
			continue
		}
		last := uint32(7)
		if n := len(s.tokens); n > 1 {
			last = uint32(s.tokens[n-2])
		}
		for j := range logits {
			h := (uint32(id)*2654435761 ^ last*40503 ^ uint32(j)*2246822519) * 3266489917
			logits[j] = s.scale*float32(h>>16)/65536 + s.noise*float32(h&0xffff)/65536
		}
		if s.broken > 0 && len(s.tokens)-1 == s.broken {
			logits[1] = float32(math.NaN())
		}
		if err := each(i, logits); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// fakeText returns n tokens below vocab.
func fakeText(n, vocab int) []int32 {
	tokens := make([]int32, n)
	x := uint32(12345)
	for i := range tokens {
		x = x*1664525 + 1013904223
		tokens[i] = int32(x >> 8 % uint32(vocab))
	}
	return tokens
}

// windowsOf divides a text into windows as the policy p says. The text must fill at least one.
func windowsOf(t testing.TB, p Policy, tokens []int32) []Window {
	t.Helper()
	windows, err := p.Windows(tokens)
	require.NoError(t, err)
	return windows
}

// always returns an Opener whose sessions are all s.
func always(s Session) Opener {
	return func() (Session, error) { return s, nil }
}

// openers returns an Opener for each session.
func openers(sessions ...Session) []Opener {
	var list []Opener
	for _, s := range sessions {
		list = append(list, always(s))
	}
	return list
}
