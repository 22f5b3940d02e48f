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
	MinKeep  int    // least number of tokens that top-p, typical-p, min-p and XTC leave

	Temp            float32 // 0 or less: always the likeliest token
	DynTempRange    float32 // the temperature is Temp ± this, depending on entropy; 0: off
	DynTempExponent float32 // power that maps entropy to temperature

	TopK      int     // tokens kept; 0 or less: all
	TopP      float32 // total probability of the tokens kept; 1: all
	MinP      float32 // least probability of a token, relative to the likeliest; 0: off
	TypicalP  float32 // total probability of the tokens kept; 1: off
	TopNSigma float32 // largest distance from the maximal logit, in standard deviations; negative: off

	XTCProbability float32 // probability of removing the top choices; 0: off
	XTCThreshold   float32 // least probability of a top choice; above 0.5: off

	RepeatLastN      int     // number of last tokens with a penalty; 0: none, -1: Ctx
	RepeatPenalty    float32 // 1: off
	FrequencyPenalty float32 // 0: off
	PresencePenalty  float32 // 0: off

	DRYMultiplier    float32  // 0: off
	DRYBase          float32  // base of the exponential
	DRYAllowedLength int      // length in tokens of repetitions without penalty
	DRYLastN         int      // number of last tokens searched for repetitions; 0: none, -1: Ctx
	DRYBreakers      []string // strings that end a repetition

	Mirostat    int     // version 1 or 2; it replaces the chain except Temp; 0: off
	MirostatTau float32 // target surprise in bits
	MirostatEta float32 // learning rate

	LogitBias map[int32]float32 // amounts added to the logits, by token; -Inf forbids a token
	IgnoreEOS bool              // forbid the tokens that end the text

	// Ctx is the length of the context in tokens. RepeatLastN and DRYLastN have this value if they
	// are -1. If Ctx is 0, -1 stands for all accepted tokens.
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

// check returns an error that names the first setting out of range. n is the number of tokens
// of the vocabulary.
func (p *Params) check(n int) error {
	const unbounded = math.MaxFloat32
	floats := []struct {
		name      string
		value     float32
		low, high float32
	}{
		{"temp", p.Temp, -unbounded, unbounded},
		{"dynatemp_range", p.DynTempRange, 0, unbounded},
		{"dynatemp_exponent", p.DynTempExponent, 0, unbounded},
		{"top_p", p.TopP, 0, 1},
		{"min_p", p.MinP, 0, 1},
		{"typical_p", p.TypicalP, 0, 1},
		{"top_n_sigma", p.TopNSigma, -unbounded, unbounded},
		{"xtc_probability", p.XTCProbability, 0, 1},
		{"xtc_threshold", p.XTCThreshold, 0, 1},
		{"repeat_penalty", p.RepeatPenalty, math.SmallestNonzeroFloat32, unbounded},
		{"frequency_penalty", p.FrequencyPenalty, -unbounded, unbounded},
		{"presence_penalty", p.PresencePenalty, -unbounded, unbounded},
		{"dry_multiplier", p.DRYMultiplier, 0, unbounded},
		{"dry_base", p.DRYBase, 1, unbounded},
		{"mirostat_tau", p.MirostatTau, 0, unbounded},
		{"mirostat_eta", p.MirostatEta, 0, unbounded},
	}
	for _, f := range floats {
		if !(f.value >= f.low && f.value <= f.high) {
			return fmt.Errorf("sampler: %s %v: must be %s", f.name, f.value, bounds(f.low, f.high))
		}
	}
	ints := []struct {
		name             string
		value, low, high int
	}{
		{"min_keep", p.MinKeep, 0, math.MaxInt32},
		{"repeat_last_n", p.RepeatLastN, -1, math.MaxInt32},
		{"dry_allowed_length", p.DRYAllowedLength, 0, math.MaxInt32},
		{"dry_penalty_last_n", p.DRYLastN, -1, math.MaxInt32},
		{"mirostat", p.Mirostat, 0, 2},
		{"context", p.Ctx, 0, math.MaxInt32},
	}
	for _, i := range ints {
		if i.value < i.low || i.value > i.high {
			return fmt.Errorf("sampler: %s %d: must be between %d and %d", i.name, i.value, i.low, i.high)
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
func bounds(low, high float32) string {
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
