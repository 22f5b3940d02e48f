package sampler

import (
	"math"

	"alpaca/internal/fmath"
)

// stateless is embedded in links that remember no tokens.
type stateless struct{}

func (stateless) accept(int32) {}

// topK keeps the k likeliest tokens.
// Fan, Lewis, Dauphin, "Hierarchical Neural Story Generation", 2018
// (https://arxiv.org/abs/1805.04833).
type topK struct {
	stateless
	k int
}

func (s topK) apply(c *candidates) { c.top(s.k) }

// topP is nucleus sampling. It keeps the likeliest tokens until their probabilities add up to
// p, and at least minKeep tokens. Holtzman, Buys, Du, Forbes, Choi, "The Curious Case of Neural
// Text Degeneration", 2019 (https://arxiv.org/abs/1904.09751).
type topP struct {
	stateless
	p       float32
	minKeep int
}

func (s topP) apply(c *candidates) {
	c.softmax()
	var sum float32
	for i := range c.list {
		sum += c.list[i].p
		if sum >= s.p && i+1 >= s.minKeep {
			c.truncate(i + 1)
			return
		}
	}
}

// minP keeps the tokens that are at least p times as likely as the likeliest token,
// and at least minKeep tokens. Nguyen and others, "Turning Up the Heat: Min-p Sampling
// for Creative and Coherent LLM Outputs", 2024 (https://arxiv.org/abs/2407.01082).
type minP struct {
	stateless
	p       float32
	minKeep int
}

func (s minP) apply(c *candidates) {
	// p_i ≥ p·p_max is the same as logit_i ≥ logit_max + log p, which needs no softmax.
	threshold := c.list[c.best()].logit + fmath.Log32(s.p)
	if !c.sorted {
		if c.keepFrom(threshold, max(s.minKeep, 1)) {
			return
		}
		c.sort()
	}
	for i := range c.list {
		if c.list[i].logit < threshold && i >= s.minKeep {
			c.truncate(max(i, 1))
			return
		}
	}
}

// keepFrom keeps the candidates whose logit is at least threshold, in their order. If fewer
// than minKeep would stay, it does nothing and returns false.
func (c *candidates) keepFrom(threshold float32, minKeep int) bool {
	count := 0
	for i := range c.list {
		if c.list[i].logit >= threshold {
			count++
		}
	}
	if count < minKeep {
		return false
	}
	if count < len(c.list) {
		kept := c.list[:0]
		for _, t := range c.list {
			if t.logit >= threshold {
				kept = append(kept, t)
			}
		}
		c.list, c.dense = kept, false
	}
	return true
}

// topNSigma keeps the tokens whose logits are within n standard deviations of the
// largest. The temperature does not change which tokens it keeps. Tang, Liu, Xu,
// "Top-nσ: Not All Logits Are You Need", 2024 (https://arxiv.org/abs/2411.07641).
type topNSigma struct {
	stateless
	n float32
}

func (s topNSigma) apply(c *candidates) {
	// The sums are float64, because a float32 sum over the vocabulary would lose digits.
	sum, n := 0.0, float64(len(c.list))
	for i := range c.list {
		sum += float64(c.list[i].logit)
	}
	mean, squares := sum/n, 0.0
	for i := range c.list {
		d := float64(c.list[i].logit) - mean
		squares += float64(d * d)
	}
	sigma := math.Sqrt(squares / n)
	top := c.list[c.best()].logit
	c.keepFrom(finite(float32(float64(top)-float64(float64(s.n)*sigma))), 1)
}
