package plan

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestPlan(t *testing.T) {
	p := Plan{Seed: 1, BatchRows: 2, MaxLength: 10, Packing: true, Epochs: 2, Lengths: []int{4, 4, 4, 9, 2, 10, 1}}
	for epoch := range 2 {
		seen := map[int]int{}
		for _, row := range p.rowsOf(epoch) {
			n := 0
			for _, d := range row {
				n += p.Lengths[d]
				seen[d]++
			}
			require.LessOrEqual(t, n, 10)
		}
		require.Equal(t, map[int]int{0: 1, 1: 1, 2: 1, 3: 1, 4: 1, 5: 1, 6: 1}, seen)
	}
	require.NotEqual(t, p.rowsOf(0), p.rowsOf(1))
	require.Equal(t, 68, p.Totals().Tokens)
	p.Packing = false
	require.Equal(t, Totals{Updates: 8, Rows: 14, Tokens: 68}, p.Totals())
	p.Updates = 3
	require.Equal(t, 3, p.Totals().Updates)
	p.Updates, p.Epochs, p.Tokens = 0, 0, 100
	require.GreaterOrEqual(t, p.Totals().Tokens, 100)
}

func TestSchedules(t *testing.T) {
	for _, test := range []struct {
		kind string
		want []float64
	}{
		{"cosine", []float64{0.5, 1, 0.1 + 0.9*0.75, 0.1 + 0.9*0.25, 0.1}},
		{"linear", []float64{0.5, 1, 0.1 + 0.9*2/3, 0.1 + 0.9/3, 0.1}},
		{"constant", []float64{0.5, 1, 1, 1, 1}},
		{"hf-cosine", []float64{0, 0.5, 1, 0.75, 0.25}},
		{"hf-linear", []float64{0, 0.5, 1, 2. / 3, 1. / 3}},
	} {
		s := Schedule{Kind: test.kind, Peak: 1, Min: 0.1, Updates: 5, Warmup: 2}
		for u, want := range test.want {
			require.InDelta(t, want, s.Rate(u), 1e-12, "%s %d", test.kind, u)
		}
	}
	require.NoError(t, CheckSchedule("linear"))
	require.EqualError(t, CheckSchedule("poly"), `unknown schedule "poly", must be cosine, linear, constant, hf-cosine, hf-linear`)
}
