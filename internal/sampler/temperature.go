package sampler

import "alpaca/internal/fmath"

// minTemperature is the temperature below which only the likeliest token is left. At this
// temperature, a difference of 0.001 between two logits means odds of e^1000 to one. Division
// by a smaller number could exceed float32's range.
const minTemperature = 1e-6

// temperature divides the logits by t.
// Ackley, Hinton, Sejnowski, "A Learning Algorithm for Boltzmann Machines",
// 1985.
type temperature struct {
	stateless
	t float32
}

func (s temperature) apply(c *candidates) { c.heat(s.t) }

// heat divides the logits by t. Below minTemperature, it leaves only the likeliest token.
func (c *candidates) heat(t float32) {
	if t < minTemperature {
		best := c.best()
		c.list = c.list[best : best+1]
		c.sorted, c.dense = true, false
		return
	}
	for i := range c.list {
		c.list[i].logit = finite(c.list[i].logit / t)
	}
}

// dynamicTemperature chooses a temperature between low and high by the entropy of the
// distribution, divided by the greatest possible entropy and raised to exponent. So the
// temperature is low if the model is sure. Zhu and others, "EDT: Improving Large Language
// Models' Generation by Entropy-based Dynamic Temperature Sampling", 2024
// (https://arxiv.org/abs/2403.14541), in llama.cpp's form
// (https://github.com/ggml-org/llama.cpp/pull/4972).
type dynamicTemperature struct {
	stateless
	low, high, exponent float32
}

func (s dynamicTemperature) apply(c *candidates) {
	if len(c.list) < 2 {
		return
	}
	c.softmax()
	greatest := -fmath.Log32(1 / float32(len(c.list)))
	fraction := min(max(c.entropy()/greatest, 0), 1)
	share := float32(fmath.Pow(float64(fraction), float64(s.exponent)))
	c.heat(s.low + float32((s.high-s.low)*share))
}
