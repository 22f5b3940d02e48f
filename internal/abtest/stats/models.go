package stats

import (
	"math"

	"alpaca/internal/fmath"
)

// BradleyTerry returns the strengths θ of models: i beats j with the probability
// 1/(1+e^(θj−θi)). wins[i][j] counts the wins of i against j; a tie is half a win for each.
// Half a tie is added to every pair, because a model that never lost would have no finite
// strength. The mean of the strengths is 0. The algorithm is minorization–maximization
// (Hunter, 2004).
func BradleyTerry(wins [][]float64) []float64 {
	n := len(wins)
	p := make([]float64, n)
	for i := range p {
		p[i] = 1
	}
	const tie = 0.25 // half a tie per pair is a quarter of a win for each model
	for range 10000 {
		moved := 0.0
		next := make([]float64, n)
		logs := 0.0
		for i := range p {
			won, below := 0.0, 0.0
			for j := range p {
				if i == j {
					continue
				}
				won += wins[i][j] + tie
				below += (wins[i][j] + wins[j][i] + 2*tie) / (p[i] + p[j])
			}
			if below > 0 {
				next[i] = won / below
			} else {
				next[i] = 1
			}
			logs += fmath.Log(next[i])
		}
		scale := fmath.Exp(-logs / float64(n))
		for i := range p {
			next[i] = float64(next[i] * scale)
			moved = max(moved, math.Abs(next[i]-p[i])/p[i])
		}
		p = next
		if moved < 1e-13 {
			break
		}
	}
	for i := range p {
		p[i] = fmath.Log(p[i])
	}
	return p
}

// Elo converts a strength to the scale of Elo ratings, with the mean 1000.
func Elo(theta float64) float64 { return float64(400*theta)/math.Ln10 + 1000 }

// Compared is a decided vote. It says whether the first model won,
// and how much longer the first model's answer is, in any unit.
type Compared struct {
	Won    bool
	Longer float64
}

// AtEqualLength returns the expected win rate at equal lengths, in the sense of AlpacaEval
// 2's length-controlled rate. It is the prediction of a logistic regression of the votes on
// tanh(d), where d is the difference of lengths in standard deviations.
func AtEqualLength(list []Compared) float64 {
	if len(list) == 0 {
		return 0.5
	}
	square := 0.0
	for _, c := range list {
		square += float64(c.Longer * c.Longer)
	}
	// The deviation is from 0, not from the mean, so that equal lengths give x = 0.
	deviation := math.Sqrt(square / float64(len(list)))
	x := make([]float64, len(list))
	for i, c := range list {
		if deviation > 0 {
			x[i] = tanh(c.Longer / deviation)
		}
	}
	// This is Newton's method on the likelihood of sigmoid(a
	// + b*x), with a prior that keeps a and b finite.
	const prior = 1e-3
	var a, b float64
	for range 100 {
		ga, gb := float64(-prior*a), float64(-prior*b)
		haa, hab, hbb := prior, 0.0, prior
		for i, c := range list {
			p := sigmoid(a + float64(b*x[i]))
			y := 0.0
			if c.Won {
				y = 1
			}
			w := float64(p * (1 - p))
			ga += y - p
			gb += float64((y - p) * x[i])
			haa += w
			hab += float64(w * x[i])
			hbb += float64(float64(w*x[i]) * x[i])
		}
		det := float64(haa*hbb) - float64(hab*hab)
		if det <= 0 {
			break
		}
		da := (float64(ga*hbb) - float64(gb*hab)) / det
		db := (float64(gb*haa) - float64(ga*hab)) / det
		// Steps are limited, because the likelihood is flat far from its maximum.
		da, db = max(-2, min(2, da)), max(-2, min(2, db))
		a, b = a+da, b+db
		if math.Abs(da)+math.Abs(db) < 1e-12 {
			break
		}
	}
	return sigmoid(a)
}

func sigmoid(x float64) float64 {
	if x >= 0 {
		return 1 / (1 + fmath.Exp(-x))
	}
	e := fmath.Exp(x)
	return e / (1 + e)
}

func tanh(x float64) float64 {
	if x > 20 {
		return 1
	}
	if x < -20 {
		return -1
	}
	return float64(2*sigmoid(2*x)) - 1
}

// Alpha returns Krippendorff's α of nominal values, which measures how far judges agree beyond
// chance. It is 1 if they always agree. Each unit has the judges' values for one item; a unit with
// fewer than two values does not count. ok is false if no unit counts, or all values are the same.
func Alpha(units [][]int) (alpha float64, ok bool) {
	totals := map[int]float64{}
	var n, disagreed float64
	for _, u := range units {
		if len(u) < 2 {
			continue
		}
		counts := map[int]float64{}
		for _, v := range u {
			counts[v]++
			totals[v]++
		}
		m := float64(len(u))
		n += m
		same := 0.0
		for _, c := range counts {
			same += c * (c - 1) // these are integers, so the order of the sum does not matter
		}
		disagreed += (m*(m-1) - same) / (m - 1)
	}
	if n == 0 {
		return 0, false
	}
	expected := n * n
	for _, c := range totals {
		expected -= c * c
	}
	if expected == 0 {
		return 1, false
	}
	return 1 - float64((n-1)*disagreed)/expected, true
}
