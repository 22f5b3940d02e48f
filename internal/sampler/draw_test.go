package sampler

import (
	"testing"

	"github.com/stretchr/testify/require"

	"alpaca/internal/fmath"
)

// TestDraw compares draws with those of GCC 14's libstdc++.
func TestDraw(t *testing.T) {
	hyperbola := make([]float32, 50)
	for i := range hyperbola {
		hyperbola[i] = 1 / float32(1+i)
	}
	tests := []struct {
		name string
		seed uint32
		p    []float32
		want []int
	}{
		{"halves", 42, []float32{0.5, 0.25, 0.125, 0.0625, 0.0625},
			[]int{2, 0, 2, 1, 0, 0, 0, 0, 0, 1, 0, 1, 4, 0, 4, 1, 1, 0, 0, 1}},
		{"unnormalized", 123, hyperbola,
			[]int{13, 3, 12, 13, 4, 18, 3, 7, 0, 2, 8, 1, 1, 12, 7, 9, 3, 0, 13, 3}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			g := fmath.NewMT19937(tt.seed)
			for i, want := range tt.want {
				require.Equal(t, want, draw(g, withP(tt.p...)), "draw %d", i)
			}
		})
	}
}

// withP returns candidates of the given probabilities.
func withP(p ...float32) []candidate {
	list := make([]candidate, len(p))
	for i := range p {
		list[i] = candidate{id: int32(i), p: p[i]}
	}
	return list
}

func TestDrawOfOneCostsNoRandomNumber(t *testing.T) {
	g := fmath.NewMT19937(42)
	require.Equal(t, 0, draw(g, withP(1)))
	require.Equal(t, 0, draw(g, withP(1, 0, 0)))
	require.Equal(t, uint32(1608637542), g.Uint32())
}

func TestDrawNeverTakesTheImpossible(t *testing.T) {
	g := fmath.NewMT19937(3)
	for range 10_000 {
		require.Less(t, draw(g, withP(0.1, 0.1, 0.1, 0, 0)), 3)
	}
}
