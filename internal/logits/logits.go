// Package logits computes probabilities from logits. Logits are unnormalized log
// probabilities, which a model returns for a position, one for each token of the vocabulary.
// The results of this package have the same bits on every machine. Logarithms are natural.
package logits

import (
	"alpaca/internal/fmath"
	"alpaca/internal/ggml/exps"
)

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

// NewLogprobs returns the softmax distribution of logits [vocab]. The result refers to
// logits, and is valid until they change.
func NewLogprobs(logits []float32) Logprobs {
	return Logprobs{logits: logits, norm: LogSumExp(logits)}
}

// Normalized returns the distribution with the log probabilities logprobs [vocab]. The
// result refers to logprobs.
func Normalized(logprobs []float32) Logprobs { return Logprobs{logits: logprobs} }

// Len returns the number of tokens.
func (l Logprobs) Len() int { return len(l.logits) }

// Of returns the logarithm of token id's probability.
func (l Logprobs) Of(id int32) float64 { return float64(l.logits[id]) - l.norm }

// Prob returns token id's probability.
func (l Logprobs) Prob(id int32) float64 { return fmath.Exp(l.Of(id)) }

// Valid reports whether the logits give a valid distribution:
// no logit is NaN or +Inf, and at least one is not -Inf.
func (l Logprobs) Valid() bool { return l.norm-l.norm == 0 }

// Rank returns one plus the number of tokens that are likelier than id. If two
// tokens are equally likely, the token with the lower id counts as likelier.
func (l Logprobs) Rank(id int32) int {
	rank := 1
	for i, logit := range l.logits {
		if logit > l.logits[id] || logit == l.logits[id] && int32(i) < id {
			rank++
		}
	}
	return rank
}

// Best returns the likeliest token. If several are equally likely, it returns the lowest id.
func (l Logprobs) Best() int32 {
	best := 0
	for i, logit := range l.logits {
		if logit > l.logits[best] {
			best = i
		}
	}
	return int32(best)
}

// Top appends the n likeliest tokens to dst, the likeliest first. Equally likely tokens are
// in the order of their ids.
func (l Logprobs) Top(dst []TokenLogprob, n int) []TokenLogprob {
	start := len(dst)
	for i, logit := range l.logits {
		if got := dst[start:]; len(got) == n {
			// Comparisons with NaN are false, so a NaN never enters the list.
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

// LogSumExp leaves out a logit if its difference from the largest logit is below negligible. e^-50
// is 2e-22, so a whole vocabulary of such terms does not change a float64 sum.
const negligible = -50

// LogSumExp returns log Σ fmath.Exp(logit), with the same bits on every machine. It returns
// NaN if any logit is NaN.
func LogSumExp(logits []float32) float64 {
	if len(logits) == 0 {
		return fmath.Log(0)
	}
	top := logits[0]
	for _, l := range logits {
		top = max(top, l) // NaN if any logit is NaN
	}
	sum := 0.0
	var powers [256]float64
	n := 0
	add := func() {
		exps.Exp(powers[:n])
		for _, p := range powers[:n] {
			sum += p
		}
		n = 0
	}
	for _, l := range logits {
		if d := float64(l) - float64(top); d > negligible {
			if powers[n], n = d, n+1; n == len(powers) {
				add()
			}
		}
	}
	add()
	return float64(top) + fmath.Log(sum)
}
