package tokenizer

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// naiveMerge joins the best pair of neighbours again and again. This is the definition of merging.
func naiveMerge(parts []string, priority func(left, right string) (uint32, bool)) []string {
	for {
		best, at := uint32(0), -1
		for i := range len(parts) - 1 {
			if p, ok := priority(parts[i], parts[i+1]); ok && (at < 0 || p < best) {
				best, at = p, i
			}
		}
		if at < 0 {
			return parts
		}
		parts[at] += parts[at+1]
		parts = append(parts[:at+1], parts[at+2:]...)
	}
}

// naiveChars splits a text into the characters with which encoders begin.
func naiveChars(text string) (parts []string) {
	for at := 0; at < len(text); {
		n := spmChar(text[at:])
		parts = append(parts, text[at:at+n])
		at += n
	}
	return parts
}

func TestSPMAgainstDefinition(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for seed := range uint64(10) {
		s := mustNew(t, smallSPM(seed)).encoder.(*spm)
		require.Equal(t, seed%2 == 1, s.cutAtSpace)
		for range 300 {
			text := randomText(rng, 1+rng.IntN(40))
			parts := naiveMerge(naiveChars(strings.ReplaceAll(text, " ", spaceMark)), func(left, right string) (uint32, bool) {
				id, ok := s.index.find(left + right)
				return uint32(1000 - s.scores[max(id, 0)]), ok
			})
			var want []int32
			for _, part := range parts {
				if id, ok := s.index.find(part); ok {
					want = append(want, id)
					continue
				}
				for _, b := range []byte(part) {
					want = append(want, 3+int32(b))
				}
			}
			require.Equal(t, want, s.encode(nil, text, false), "seed %d %q", seed, text)
		}
	}
}

func TestBPEAgainstDefinition(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for seed := range uint64(10) {
		v := smallBPE(seed)
		tok := mustNew(t, v)
		b := tok.encoder.(*bpe)
		for range 300 {
			text := randomText(rng, 1+rng.IntN(40))
			var want []int32
			valid := validUTF8(text)
			start := 0
			for _, end := range b.pre.Split(valid) {
				word := string(appendMapped(nil, valid[start:end]))
				start = end
				for _, part := range naiveMerge(naiveChars(word), func(left, right string) (uint32, bool) {
					rank, ok := b.ranks().find(left + " " + right)
					return uint32(rank), ok
				}) {
					id, _ := tok.ID(part)
					want = append(want, id)
				}
			}
			require.Equal(t, want, b.encode(nil, text, false), "seed %d %q", seed, text)
		}
	}
}

// TestMergeIsLinear counts the pairs that a merger looks up. There must be at most one for each
// pair of neighbours at the start, and two for each symbol that disappears.
func TestMergeIsLinear(t *testing.T) {
	for _, v := range []Vocab{smallSPM(0), smallSPM(1), smallBPE(0)} {
		tok := mustNew(t, v)
		for _, part := range []string{"x", "xy", "yyxxy", " ", "x "} {
			text := strings.Repeat(part, 30000/len(part))
			lookups, symbols := 0, len(text)
			count := func(m *merger) {
				pair := m.pair
				m.pair = func(text string, left, right *symbol) (uint32, int32, bool) {
					lookups++
					return pair(text, left, right)
				}
			}
			switch e := tok.encoder.(type) {
			case *spm:
				m := merger{pair: e.pair}
				count(&m)
				for i := 0; i < len(text); i++ {
					m.add(i, 1)
				}
				e.flush(nil, strings.ReplaceAll(text, " ", "y"), &m)
			case *bpe:
				w := wordEncoder{bpe: e, ranked: e.ranks()}
				w.merger.pair = w.pair
				count(&w.merger)
				w.encode(nil, text)
			}
			require.LessOrEqual(t, lookups, 3*symbols)
			require.GreaterOrEqual(t, lookups, symbols-1)
		}
	}
}

func TestQueue(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	for range 200 {
		var q queue
		var orders []uint64
		for range rng.IntN(50) {
			e := entry{order: rng.Uint64N(20), n: 7}
			q.push(e)
			orders = append(orders, e.order)
			if rng.IntN(4) == 0 {
				q.pop()
				orders = removeLeast(orders)
			}
		}
		for len(orders) > 0 {
			least := orders[0]
			for _, o := range orders {
				least = min(least, o)
			}
			require.Equal(t, least, q.pop().order)
			orders = removeLeast(orders)
		}
		require.Empty(t, q)
	}
}

func removeLeast(orders []uint64) []uint64 {
	at := 0
	for i, o := range orders {
		if o < orders[at] {
			at = i
		}
	}
	return append(orders[:at], orders[at+1:]...)
}

func TestDescending(t *testing.T) {
	scores := []float32{3e38, 2, 1, 1e-40, 0, -1e-40, -1, -2, -1e9, -3e38}
	for i := range len(scores) - 1 {
		require.Less(t, descending(scores[i]), descending(scores[i+1]), "%g", scores[i])
	}
	zero := float32(0)
	require.Equal(t, descending(zero), descending(-zero))
}
