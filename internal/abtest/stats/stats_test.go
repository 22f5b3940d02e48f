package stats

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"alpaca/internal/train/random"
)

// TestKnown compares results with published values.
func TestKnown(t *testing.T) {
	w := Wilson(90, 179)
	require.InDelta(t, 0.4303, w.Low, 5e-5)
	require.InDelta(t, 0.5752, w.High, 5e-5)
	require.Equal(t, Interval{0, 1}, Wilson(0, 0))
	require.InDelta(t, 0.0, Wilson(0, 10).Low, 1e-12)
	require.InDelta(t, 0.2775, Wilson(0, 10).High, 5e-5)
	require.Equal(t, 1.0, SignTest(90, 89))
	require.InDelta(t, 0.0569, SignTest(60, 40), 5e-5)
	require.InDelta(t, 0.0569, SignTest(40, 60), 5e-5)
	require.Equal(t, 1.0, SignTest(0, 0))
	require.Equal(t, 0.5, SignTest(0, 2))
	require.Less(t, SignTest(900, 4000), 1e-300)
	for p, n := range map[float64]int{0.55: 783, 0.60: 194, 0.65: 85, 0.70: 47, 0.30: 47} {
		require.Equal(t, n, VotesNeeded(p), "%v", p)
	}
	require.InDelta(t, 0.14, Visible(100), 0.002)
	require.InDelta(t, 0.10, Visible(194), 0.0005)
	require.Equal(t, 0.5, Visible(1))
}

// TestBradleyTerry checks that the strengths of two models differ by the logit of the win rate,
// which includes the added tie.
func TestBradleyTerry(t *testing.T) {
	theta := BradleyTerry([][]float64{{0, 70}, {30, 0}})
	require.InDelta(t, math.Log(70.25/30.25), theta[0]-theta[1], 1e-9)
	require.InDelta(t, 0, theta[0]+theta[1], 1e-9)
	// A model that never lost has a finite strength.
	theta = BradleyTerry([][]float64{{0, 5, 5}, {0, 0, 5}, {0, 0, 0}})
	require.Greater(t, theta[0], theta[1])
	require.Greater(t, theta[1], theta[2])
	require.Less(t, theta[0], 10.0)
	require.InDelta(t, 1000, (Elo(theta[0])+Elo(theta[1])+Elo(theta[2]))/3, 1e-6)
	require.Equal(t, []float64{0}, BradleyTerry([][]float64{{0}}))
}

// TestCoverage simulates sessions of two equal models. 95 % of the intervals contain 1/2. With
// Anytime, 95 % of the sessions have intervals that contain 1/2 after every vote.
func TestCoverage(t *testing.T) {
	const sessions, votes = 10000, 179
	held, always := 0, 0
	for s := range sessions {
		wins, good := 0, true
		for v := range votes {
			wins += int(random.Hash(7, uint64(s), uint64(v)) >> 63)
			good = good && Anytime(float64(wins), float64(v+1)).Has(0.5)
		}
		if Wilson(float64(wins), votes).Has(0.5) {
			held++
		}
		if good {
			always++
		}
	}
	require.InDelta(t, 0.95, float64(held)/sessions, 0.01)
	require.GreaterOrEqual(t, float64(always)/sessions, 0.95)
}

func TestBootstrap(t *testing.T) {
	var list []Cluster
	for i := range 100 {
		list = append(list, Cluster{Sum: float64(i % 2), N: 1})
	}
	got := Bootstrap(list, 1)
	require.Equal(t, got, Bootstrap(list, 1))
	w := Wilson(50, 100)
	require.InDelta(t, w.Low, got.Low, 0.02)
	require.InDelta(t, w.High, got.High, 0.02)
	require.Equal(t, Interval{1, 1}, Bootstrap([]Cluster{{1, 1}, {2, 2}}, 1))
	require.Equal(t, Interval{0, 1}, Bootstrap(nil, 1))
}

// TestAtEqualLength checks that votes that depend only on length give
// 1/2, and that votes that do not depend on length keep their win rate.
func TestAtEqualLength(t *testing.T) {
	var byLength, without []Compared
	for i := range 400 {
		longer := float64(i%7) - 2 // on average the first model's answers are longer
		byLength = append(byLength, Compared{Won: random.Uniform(random.Hash(3, uint64(i))) < sigmoid(longer), Longer: longer})
		without = append(without, Compared{Won: i%4 != 0, Longer: float64(i%3 - 1)})
	}
	won := 0
	for _, c := range byLength {
		if c.Won {
			won++
		}
	}
	require.Greater(t, won, 230)
	require.InDelta(t, 0.5, AtEqualLength(byLength), 0.06)
	require.InDelta(t, 0.75, AtEqualLength(without), 0.01)
	require.Equal(t, 0.5, AtEqualLength(nil))
	require.Greater(t, AtEqualLength([]Compared{{true, 0}, {true, 0}}), 0.9)
}

// TestAlpha computes the example with nominal data in Krippendorff's "Computing Krippendorff's
// Alpha-Reliability".
func TestAlpha(t *testing.T) {
	// Four observers; 0 means no value.
	rows := [][]int{
		{1, 2, 3, 3, 2, 1, 4, 1, 2, 0, 0, 0},
		{1, 2, 3, 3, 2, 2, 4, 1, 2, 5, 0, 3},
		{0, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, 0},
		{1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, 0},
	}
	var units [][]int
	for c := range rows[0] {
		var u []int
		for _, r := range rows {
			if r[c] != 0 {
				u = append(u, r[c])
			}
		}
		units = append(units, u)
	}
	a, ok := Alpha(units)
	require.True(t, ok)
	require.InDelta(t, 0.743, a, 0.0005)
	_, ok = Alpha([][]int{{1}, {2}})
	require.False(t, ok)
	_, ok = Alpha([][]int{{1, 1}, {1, 1}})
	require.False(t, ok)
}
