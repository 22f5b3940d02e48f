// Package stats has the statistics of comparing two models by votes: win rates with
// intervals, tests, the number of votes needed to see a difference, and strengths of several
// models. The order of operations, the functions and the random numbers are fixed, so a
// report has the same digits on every machine.
package stats

import (
	"math"
	"math/big"
	"slices"

	"alpaca/internal/fmath"
	"alpaca/internal/train/random"
)

// z95 and z80 are the 97.5 % and the 80 % quantile of the standard normal distribution.
const (
	z95 = 1.959964
	z80 = 0.841621
)

// Interval is a confidence interval of a rate, between 0 and 1.
type Interval struct {
	Low  float64 `json:"low"`
	High float64 `json:"high"`
}

// Has reports whether a rate is within the interval.
func (i Interval) Has(rate float64) bool { return i.Low <= rate && rate <= i.High }

// clipped returns the interval mid ± radius, clipped to 0 and 1.
func clipped(mid, radius float64) Interval {
	return Interval{max(0, mid-radius), min(1, mid+radius)}
}

// Wilson returns the 95 % score interval of wins out of n (Wilson, 1927). Without votes, the
// interval is 0 to 1.
func Wilson(wins, n float64) Interval {
	if n <= 0 {
		return Interval{0, 1}
	}
	p, z2 := wins/n, z95*z95
	below := 1 + z2/n
	mid := (p + z2/(2*n)) / below
	radius := float64(z95*math.Sqrt(float64(p*(1-p))/n+z2/float64(4*n*n))) / below
	return clipped(mid, radius)
}

// SignTest returns the p-value of the exact two-sided binomial test: the probability that
// a fair coin, tossed a+b times, falls at least as unevenly as a times on one side.
func SignTest(a, b int) float64 {
	n, k := int64(a+b), int64(min(a, b))
	sum, term := new(big.Int), big.NewInt(1) // the sum so far, and the next binomial coefficient
	for i := int64(0); i <= k; i++ {
		sum.Add(sum, term)
		term.Mul(term, big.NewInt(n-i))
		term.Quo(term, big.NewInt(i+1))
	}
	sum.Lsh(sum, 1)
	p, _ := new(big.Rat).SetFrac(sum, new(big.Int).Lsh(big.NewInt(1), uint(n))).Float64()
	return min(1, p)
}

// Anytime returns an anytime-valid 95 % interval: it covers the true rate for all numbers of votes
// at once. So it stays valid if the voting stops when the result looks good. It is the confidence
// sequence of a mixture of normals (Waudby-Smith and others, arXiv:2103.06476). Its parameter is
// tuned to 200 votes: for that number of votes, the interval is about as narrow as possible.
func Anytime(wins, n float64) Interval {
	if n <= 0 {
		return Interval{0, 1}
	}
	const alpha = 0.05
	l := -2 * fmath.Log(alpha)
	rho2 := (l + fmath.Log(l+1)) / 200
	g := 1 + float64(n*rho2)
	return clipped(wins/n, math.Sqrt(float64(g*fmath.Log(g/(alpha*alpha)))/float64(n*n*rho2))/2)
}

// VotesNeeded returns how many decided votes a two-sided test needs to tell a true rate of p
// from 1/2. The level is 5 %, the power 80 %.
func VotesNeeded(p float64) int {
	root := (z95/2 + float64(z80*math.Sqrt(float64(p*(1-p))))) / math.Abs(p-0.5)
	return int(math.Ceil(float64(root * root)))
}

// Visible returns the smallest difference from 1/2 that a test with this number
// of decided votes can find: the smallest d with VotesNeeded(0.5+d) <= votes.
func Visible(votes int) float64 {
	low, high := 0.0, 0.5
	for range 40 {
		if mid := (low + high) / 2; mid > 0 && VotesNeeded(0.5+mid) <= votes {
			high = mid
		} else {
			low = mid
		}
	}
	return high
}

// Cluster sums up the votes on one prompt: the points of model X (1 for a win, 0.5 for a tie),
// and the number of votes.
type Cluster struct{ Sum, N float64 }

// resamples is the number of bootstrap samples.
const resamples = 10000

// forBootstrap is the second argument of random.Hash here. It keeps these random numbers apart
// from those drawn for other purposes.
const forBootstrap = 201

// Bootstrap returns the 95 % bootstrap percentile interval of the mean number of points per
// vote. It resamples whole prompts, with all their votes.
func Bootstrap(list []Cluster, seed uint64) Interval {
	if len(list) == 0 {
		return Interval{0, 1}
	}
	means := make([]float64, 0, resamples)
	for r := range resamples {
		var sum, n float64
		for i := range list {
			c := list[random.Hash(seed, forBootstrap, uint64(r), uint64(i))%uint64(len(list))]
			sum, n = sum+c.Sum, n+c.N
		}
		if n > 0 {
			means = append(means, sum/n)
		}
	}
	if len(means) == 0 {
		return Interval{0, 1}
	}
	slices.Sort(means)
	return Interval{means[len(means)*25/1000], means[len(means)*975/1000-1]}
}
