// Package logits makes probabilities of what a model puts out for a position: a
// logit, an unnormalized log probability, for each token of the vocabulary. Its
// results have the same bits on every machine. Logarithms are natural ones.
package logits

import "alpaca/internal/fmath"

// Logprobs is the model's own distribution, before any sampler.
type Logprobs struct {
	logits []float32
	norm   float64 // log Σ fmath.Exp(logit)
}

// TokenLogprob is a token and the natural logarithm of its probability.
type TokenLogprob struct {
	ID      int32   `json:"id"`
	Logprob float64 `json:"logprob"`
}

// NewLogprobs returns the distribution of logits [vocab], which it refers to:
// use it before they change.
func NewLogprobs(logits []float32) Logprobs {
	return Logprobs{logits: logits, norm: LogSumExp(logits)}
}

// Normalized returns the distribution of logarithms of probabilities, which it
// refers to.
func Normalized(logprobs []float32) Logprobs { return Logprobs{logits: logprobs} }

// Len returns the number of tokens.
func (l Logprobs) Len() int { return len(l.logits) }

// Of returns the logarithm of token id's probability.
func (l Logprobs) Of(id int32) float64 { return float64(l.logits[id]) - l.norm }

// Prob returns token id's probability.
func (l Logprobs) Prob(id int32) float64 { return fmath.Exp(l.Of(id)) }

// Valid reports whether the logits were numbers.
func (l Logprobs) Valid() bool { return l.norm-l.norm == 0 }

// Rank returns how many tokens are likelier than id, plus one; of equals the
// one with the lower id is.
func (l Logprobs) Rank(id int32) int {
	rank := 1
	for i, logit := range l.logits {
		if logit > l.logits[id] || logit == l.logits[id] && int32(i) < id {
			rank++
		}
	}
	return rank
}

// Best returns the likeliest token, the lowest id among equals.
func (l Logprobs) Best() int32 {
	best := 0
	for i, logit := range l.logits {
		if logit > l.logits[best] {
			best = i
		}
	}
	return int32(best)
}

// Top appends the n likeliest tokens to dst, the likeliest first, lower ids
// first among equals.
func (l Logprobs) Top(dst []TokenLogprob, n int) []TokenLogprob {
	start := len(dst)
	for i, logit := range l.logits {
		if got := dst[start:]; len(got) == n {
			// NaN compares false everywhere and stays out.
			if n == 0 || !(float64(logit)-l.norm > got[n-1].Logprob) {
				continue
			}
			dst = dst[:len(dst)-1]
		}
		dst = append(dst, TokenLogprob{int32(i), float64(logit) - l.norm})
		for j := len(dst) - 1; j > start && dst[j].Logprob > dst[j-1].Logprob; j-- {
			dst[j], dst[j-1] = dst[j-1], dst[j]
		}
	}
	return dst
}

// negligible is a gap to the largest logit below which an exponential, e^-50 =
// 2e-22, cannot be seen in a float64 sum even a vocabulary of times over.
const negligible = -50

// LogSumExp returns log Σ fmath.Exp(logit), the same bits on every machine; NaN
// where a logit is NaN.
func LogSumExp(logits []float32) float64 {
	if len(logits) == 0 {
		return fmath.Log(0)
	}
	top := logits[0]
	for _, l := range logits {
		top = max(top, l) // NaN if any is
	}
	sum := 0.0
	for _, l := range logits {
		if d := float64(l) - float64(top); d > negligible {
			sum += fmath.Exp(d)
		}
	}
	return float64(top) + fmath.Log(sum)
}
