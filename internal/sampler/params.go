package sampler

import (
	"fmt"
	"math"
)

// RandomSeed stands for a random seed.
const RandomSeed = math.MaxUint32

// Params are the settings of a Sampler, with llama.cpp's names and units.
type Params struct {
	Seed     uint32 // seed of the random numbers; RandomSeed: New chooses one
	Samplers []Name // the chain, in order
	MinKeep  int    // top-p, typical-p, min-p and XTC leave at least this many tokens

	Temp            float32 // 0 or less: always the likeliest token
	DynTempRange    float32 // the temperature is between Temp - DynTempRange and Temp + DynTempRange, depending on the entropy; 0: off
	DynTempExponent float32 // exponent of the normalized entropy, which determines the temperature

	TopK      int     // how many tokens are kept; 0 or less: all
	TopP      float32 // total probability of the tokens kept; 1: all
	MinP      float32 // least probability of a token, relative to the likeliest; 0: off
	TypicalP  float32 // total probability of the tokens kept; 1: off
	TopNSigma float32 // largest distance from the maximal logit, in standard deviations; negative: off

	XTCProbability float32 // probability of removing the top choices; 0: off
	XTCThreshold   float32 // least probability of a top choice; above 0.5: off

	RepeatLastN      int     // how many of the last tokens get a penalty; 0: none, -1: Ctx
	RepeatPenalty    float32 // 1: off
	FrequencyPenalty float32 // 0: off
	PresencePenalty  float32 // 0: off

	DRYMultiplier    float32  // 0: off
	DRYBase          float32  // base of the exponential
	DRYAllowedLength int      // repetitions that are shorter than this many tokens have no penalty
	DRYLastN         int      // how many of the last tokens are searched for repetitions; 0: none, -1: Ctx
	DRYBreakers      []string // strings that end a repetition

	Mirostat    int     // version 1 or 2; it replaces the chain except Temp; 0: off
	MirostatTau float32 // target surprise in bits
	MirostatEta float32 // learning rate

	LogitBias map[int32]float32 // amounts added to the logits, by token; -Inf forbids a token
	IgnoreEOS bool              // forbid the tokens that end the text

	// Ctx is the length of the context in tokens. If RepeatLastN or DRYLastN is
	// -1, it stands for Ctx tokens or, if Ctx is 0, for all accepted tokens.
	Ctx int
}

// DefaultParams returns llama.cpp's defaults.
func DefaultParams() Params {
	return Params{
		Seed:             RandomSeed,
		Samplers:         DefaultSamplers(),
		Temp:             0.8,
		DynTempExponent:  1,
		TopK:             40,
		TopP:             0.95,
		MinP:             0.05,
		TypicalP:         1,
		TopNSigma:        -1,
		XTCThreshold:     0.1,
		RepeatLastN:      64,
		RepeatPenalty:    1,
		DRYBase:          1.75,
		DRYAllowedLength: 2,
		DRYLastN:         -1,
		DRYBreakers:      []string{"\n", ":", "\"", "*"},
		MirostatTau:      5,
		MirostatEta:      0.1,
	}
}

// Number is a numeric setting of Params. Either Float or Int is set.
type Number struct {
	Name      string // the name in requests, in reports of settings and in errors
	Float     *float32
	Int       *int
	Low, High float64 // the least and the largest value
}

// Value returns the setting's value, a float32 or an int.
func (n *Number) Value() any {
	if n.Int != nil {
		return *n.Int
	}
	return *n.Float
}

// Numbers returns p's numeric settings, except Seed and Ctx.
func (p *Params) Numbers() []Number {
	const huge, most = math.MaxFloat32, math.MaxInt32
	return []Number{
		{Name: "temperature", Float: &p.Temp, Low: -huge, High: huge},
		{Name: "dynatemp_range", Float: &p.DynTempRange, High: huge},
		{Name: "dynatemp_exponent", Float: &p.DynTempExponent, High: huge},
		{Name: "top_k", Int: &p.TopK, Low: math.MinInt32, High: most},
		{Name: "top_p", Float: &p.TopP, High: 1},
		{Name: "min_p", Float: &p.MinP, High: 1},
		{Name: "typical_p", Float: &p.TypicalP, High: 1},
		{Name: "top_n_sigma", Float: &p.TopNSigma, Low: -huge, High: huge},
		{Name: "xtc_probability", Float: &p.XTCProbability, High: 1},
		{Name: "xtc_threshold", Float: &p.XTCThreshold, High: 1},
		{Name: "repeat_last_n", Int: &p.RepeatLastN, Low: -1, High: most},
		{Name: "repeat_penalty", Float: &p.RepeatPenalty, Low: math.SmallestNonzeroFloat32, High: huge},
		{Name: "frequency_penalty", Float: &p.FrequencyPenalty, Low: -huge, High: huge},
		{Name: "presence_penalty", Float: &p.PresencePenalty, Low: -huge, High: huge},
		{Name: "dry_multiplier", Float: &p.DRYMultiplier, High: huge},
		{Name: "dry_base", Float: &p.DRYBase, Low: 1, High: huge},
		{Name: "dry_allowed_length", Int: &p.DRYAllowedLength, High: most},
		{Name: "dry_penalty_last_n", Int: &p.DRYLastN, Low: -1, High: most},
		{Name: "mirostat", Int: &p.Mirostat, High: 2},
		{Name: "mirostat_tau", Float: &p.MirostatTau, High: huge},
		{Name: "mirostat_eta", Float: &p.MirostatEta, High: huge},
		{Name: "min_keep", Int: &p.MinKeep, High: most},
	}
}

// check returns an error that names the first setting out of range. n is the number of tokens
// of the vocabulary.
func (p *Params) check(n int) error {
	for _, x := range append(p.Numbers(), Number{Name: "context", Int: &p.Ctx, High: math.MaxInt32}) {
		if x.Int != nil && !(float64(*x.Int) >= x.Low && float64(*x.Int) <= x.High) {
			return fmt.Errorf("sampler: %s %d: must be between %.0f and %.0f", x.Name, *x.Int, x.Low, x.High)
		}
		if x.Float != nil && !(float64(*x.Float) >= x.Low && float64(*x.Float) <= x.High) {
			return fmt.Errorf("sampler: %s %v: must be %s", x.Name, *x.Float, bounds(x.Low, x.High))
		}
	}
	for i, breaker := range p.DRYBreakers {
		if breaker == "" {
			return fmt.Errorf("sampler: dry_sequence_breaker %d is empty", i)
		}
	}
	for id, bias := range p.LogitBias {
		if id < 0 || int(id) >= n {
			return fmt.Errorf("sampler: logit_bias: token %d is not in the vocabulary of %d", id, n)
		}
		if !(bias <= math.MaxFloat32) {
			return fmt.Errorf("sampler: logit_bias: %v for token %d: must be a number or -Inf", bias, id)
		}
	}
	for _, name := range p.Samplers {
		if _, err := parseName(string(name)); err != nil {
			return err
		}
	}
	return nil
}

// bounds describes the values between low and high.
func bounds(low, high float64) string {
	switch {
	case high < math.MaxInt32:
		return fmt.Sprintf("between %v and %v", low, high)
	case low < -1:
		return "a finite number"
	case low > 0 && low < 1:
		return "a finite number above 0"
	}
	return fmt.Sprintf("a finite number of at least %v", low)
}
