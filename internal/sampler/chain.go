package sampler

import "alpaca/internal/fmath"

// link is one sampler of the chain.
type link interface {
	apply(c *candidates) // c.list has at least one element before the call, and must have one after it
	accept(id int32)     // the text continues with id
}

// changesLogits reports whether l can raise or lower single logits, so that another token
// becomes the likeliest. If the likeliest token is always chosen, only these samplers
// run. XTC and typical-p do not run then, although they can remove the likeliest token.
func changesLogits(l link) bool {
	switch l.(type) {
	case *penalties, *dry:
		return true
	}
	return false
}

// newLink returns the sampler with the given name, or nil if it has no effect with the settings p.
func newLink(name Name, p *Params, v Vocab) link {
	name, _ = parseName(string(name)) // New has checked the names
	switch name {
	case Penalties:
		if p.RepeatLastN != 0 && (p.RepeatPenalty != 1 || p.FrequencyPenalty != 0 || p.PresencePenalty != 0) {
			return &penalties{
				repeat: p.RepeatPenalty, frequency: p.FrequencyPenalty, presence: p.PresencePenalty,
				recent: history{limit: p.lastN(p.RepeatLastN)}, counts: make([]int32, v.N),
			}
		}
	case DRY:
		if p.DRYMultiplier != 0 && p.DRYLastN != 0 {
			return &dry{
				multiplier: p.DRYMultiplier, base: p.DRYBase, allowed: p.DRYAllowedLength,
				maxExponent: dryMaxExponent(p.DRYBase), breakers: newBreakers(p.DRYBreakers, v),
				recent: history{limit: p.lastN(p.DRYLastN)}, longest: make([]int32, v.N),
			}
		}
	case TopNSigma:
		if p.TopNSigma >= 0 {
			return topNSigma{n: p.TopNSigma}
		}
	case TopK:
		if p.TopK > 0 && p.TopK < v.N {
			return topK{k: p.TopK}
		}
	case Typical:
		if p.TypicalP < 1 {
			return typical{p: p.TypicalP, minKeep: p.MinKeep}
		}
	case TopP:
		if p.TopP < 1 {
			return topP{p: p.TopP, minKeep: p.MinKeep}
		}
	case MinP:
		if p.MinP > 0 {
			return minP{p: p.MinP, minKeep: p.MinKeep}
		}
	case XTC:
		if p.XTCProbability > 0 {
			return &xtc{
				probability: p.XTCProbability, threshold: p.XTCThreshold,
				minKeep: p.MinKeep, rng: fmath.NewMT19937(p.Seed),
			}
		}
	case Temperature:
		if p.DynTempRange > 0 {
			return dynamicTemperature{
				low: max(0, p.Temp-p.DynTempRange), high: finite(p.Temp + p.DynTempRange), exponent: p.DynTempExponent,
			}
		}
		if p.Temp != 1 {
			return temperature{t: p.Temp}
		}
	}
	return nil
}

// lastN returns how many tokens to remember if the
// setting is n. A negative result stands for all tokens.
func (p *Params) lastN(n int) int {
	if n < 0 && p.Ctx > 0 {
		return p.Ctx
	}
	return n
}
