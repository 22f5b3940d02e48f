package sampler

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"alpaca/internal/fmath"
)

// TestLoadTop compares two ways to choose the first k tokens, for logits with many ties: without a
// list of the vocabulary, and by sorting the list.
func TestLoadTop(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	taken := 0
	for range 2000 {
		n := 2 + r.IntN(300)
		k := 1 + r.IntN(n-1)
		logits := make([]float32, n)
		for i := range logits {
			if logits[i] = float32(r.NormFloat64() * 3); r.IntN(2) == 0 {
				logits[i] = float32(r.IntN(5) - 2)
			}
		}
		bad := r.IntN(4) == 0
		if bad {
			logits[r.IntN(n)] = []float32{float32(math.Inf(-1)), float32(math.Inf(1)), float32(math.NaN())}[r.IntN(3)]
		}
		var got, want candidates
		done := got.loadTop(logits, k)
		require.Equal(t, !bad, done, "loadTop must refuse logits that are not finite")
		if !done {
			continue
		}
		taken++
		require.NoError(t, want.load(logits))
		want.sort()
		require.Equal(t, want.list[:k], got.list)
		require.True(t, got.sorted && !got.dense)
	}
	require.Positive(t, taken)
	require.False(t, new(candidates).loadTop(make([]float32, 5000), heapMax+1))
	require.False(t, new(candidates).loadTop(make([]float32, 50), 50))
}

// TestTopFirst checks a chain that begins with top-k, and the greedy choice. With a bias, even one
// without effect, they need the list of the whole vocabulary. The results must be equal.
func TestTopFirst(t *testing.T) {
	for k, temp := range map[int]float32{40: 0.8, 1: 0} {
		t.Run(fmt.Sprint(k), func(t *testing.T) { testTopFirst(t, k, temp) })
	}
}

func testTopFirst(t *testing.T, k int, temp float32) {
	const n = 3000
	direct := DefaultParams()
	direct.Seed, direct.TopK, direct.Temp = 5, 40, temp
	listed := direct
	listed.LogitBias = map[int32]float32{7: 0}
	a, err := New(direct, Vocab{N: n})
	require.NoError(t, err)
	b, err := New(listed, Vocab{N: n})
	require.NoError(t, err)
	require.Equal(t, k, a.topFirst)
	require.Zero(t, b.topFirst)
	for i := range 500 {
		logits := noise(n, uint64(i))
		switch i % 5 {
		case 1:
			for j := range logits { // fewer than k tokens are left
				if j%100 != 3 {
					logits[j] = float32(math.Inf(-1))
				}
			}
		case 2:
			logits[i] = float32(math.Inf(-1))
		case 3:
			for j := range logits { // many have the same logit
				logits[j] = min(logits[j], 1)
			}
		}
		x, err := a.Sample(logits)
		require.NoError(t, err)
		y, err := b.Sample(logits)
		require.NoError(t, err)
		require.Equal(t, y, x)
		_, wantTop := b.Chosen(10)
		_, top := a.Chosen(10)
		require.Equal(t, wantTop, top)
	}
	bad := noise(n, 1)
	bad[n-1] = float32(math.NaN())
	_, err = a.Sample(bad)
	require.ErrorIs(t, err, ErrNotNumbers)
}

// TestSoftmaxIsASum compares the probabilities with their definition: powers of e and a sum of
// float32 from the likeliest token to the least likely one. The sizes of the lists are around those
// at which softmax and sort change their method.
func TestSoftmaxIsASum(t *testing.T) {
	for _, n := range []int{1, 2, 3, 5, 255, 256, 257, 511, 513, radixMin - 1, radixMin, 5000} {
		logits := noise(n, uint64(n))
		var c candidates
		require.NoError(t, c.load(logits))
		c.softmax()
		want := slices.Clone(logits)
		slices.Sort(want)
		slices.Reverse(want)
		var sum float32
		for _, l := range want {
			sum += float32(fmath.Exp(float64(l - want[0])))
		}
		for i, l := range want {
			require.Equal(t, l, c.list[i].logit)
			require.Equal(t, float32(fmath.Exp(float64(l-want[0])))/sum, c.list[i].p, "%d of %d", i, n)
		}
	}
}
