package sampler

import (
	"math"

	"alpaca/internal/fmath"
)

// dry makes tokens that would continue a repetition less likely. If the last n tokens also occur
// earlier in the text, the token that followed them there gets a penalty of multiplier *
// base^(n-allowed). "Don't Repeat Yourself", P. E. Weidmann,
// https://github.com/oobabooga/text-generation-webui/pull/5677, 2024.
type dry struct {
	multiplier, base float32
	allowed          int // shorter repetitions have no penalty
	maxExponent      int // base to a larger power would exceed float32
	breakers         *breakers
	recent           history

	text    []int32 // recent, newest first
	agree   []int32 // [len(text)], see agreements
	longest []int32 // [vocab], length of the longest repetition that the token would continue
	touched []int32 // tokens with longest > 0
}

func (s *dry) apply(c *candidates) {
	s.text = s.recent.newestFirst(s.text)
	limit := s.breakers.distance(s.text)
	if limit < s.allowed || len(s.text) <= s.allowed {
		return
	}
	s.agree = agreements(s.agree, s.text)
	for k := 1; k < len(s.text); k++ {
		n := min(int(s.agree[k]), limit)
		next := s.text[k-1]
		if n < s.allowed || n == 0 || s.breakers.single(next) {
			continue
		}
		if s.longest[next] == 0 {
			s.touched = append(s.touched, next)
		}
		s.longest[next] = max(s.longest[next], int32(n))
	}
	s.penalize(c)
	for _, id := range s.touched {
		s.longest[id] = 0
	}
	s.touched = s.touched[:0]
}

// penalize lowers the logits of the touched tokens.
func (s *dry) penalize(c *candidates) {
	if len(s.touched) == 0 {
		return
	}
	c.sorted = false
	if c.dense {
		for _, id := range s.touched {
			c.add(int(id), -s.penalty(id))
		}
		return
	}
	for i := range c.list {
		if id := c.list[i].id; s.longest[id] > 0 {
			c.add(i, -s.penalty(id))
		}
	}
}

// penalty returns how much to subtract from token id's logit.
func (s *dry) penalty(id int32) float32 {
	exponent := min(int(s.longest[id])-s.allowed, s.maxExponent)
	return finite(s.multiplier * float32(fmath.Pow(float64(s.base), float64(exponent))))
}

// dryMaxExponent returns the largest exponent for which base^exponent fits a float32:
// log(MaxFloat32) / log(base).
func dryMaxExponent(base float32) int {
	if base <= 1 {
		return math.MaxInt32
	}
	return int(min(fmath.Log(math.MaxFloat32)/fmath.Log(float64(base)), math.MaxInt32))
}

// agreements returns, in dst, for each k the length of the common prefix of text[k:]
// and text. Because text has the newest token first, this is the length of a repetition
// that ended k tokens ago. The result is the Z function (Gusfield, "Algorithms on
// Strings, Trees, and Sequences", 1997, section 1.3) and takes linear time to compute.
func agreements(dst, text []int32) []int32 {
	dst = append(dst[:0], text...) // this only sets the length; the loop below sets all elements
	dst[0] = int32(len(text))
	left, right := 0, 0 // text[left:right] equals text[:right-left]
	for k := 1; k < len(text); k++ {
		n := 0
		if k < right {
			n = min(right-k, int(dst[k-left]))
		}
		for k+n < len(text) && text[n] == text[k+n] {
			n++
		}
		if k+n > right {
			left, right = k, k+n
		}
		dst[k] = int32(n)
	}
	return dst
}

func (s *dry) accept(id int32) { s.recent.push(id) }
