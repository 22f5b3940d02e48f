package flags

import (
	"fmt"
	"strconv"

	"github.com/spf13/pflag"

	"alpaca/internal/cli/ui"
	"alpaca/internal/gguf"
	"alpaca/internal/sampler"
)

// Sampling holds the flags that say how the next token is chosen.
type Sampling struct {
	Params sampler.Params

	flags *pflag.FlagSet
}

// AddFlags adds the flags of the sampler, with the names that llama.cpp has.
func (o *Sampling) AddFlags(fs *pflag.FlagSet) {
	o.Params, o.flags = sampler.DefaultParams(), fs
	p := &o.Params
	fs.Float32Var(&p.Temp, "temp", p.Temp, "temperature; at 0, the likeliest token is always chosen")
	fs.VarP((*seedValue)(&p.Seed), "seed", "s", "`seed` of the random numbers; -1 means a random seed")
	fs.IntVar(&p.TopK, "top-k", p.TopK, "keep the `K` likeliest tokens; 0 keeps all")
	fs.Float32Var(&p.TopP, "top-p", p.TopP, "keep the likeliest tokens up to this total probability; 1 keeps all")
	fs.Float32Var(&p.MinP, "min-p", p.MinP, "keep tokens that are at least this fraction as probable as the likeliest token; 0 keeps all")
	fs.Float32Var(&p.TypicalP, "typical-p", p.TypicalP, "keep the most typical tokens up to this total probability; 1 keeps all")
	fs.Float32Var(&p.TopNSigma, "top-n-sigma", p.TopNSigma, "keep tokens whose logits are within this many standard deviations of the highest logit; a negative number keeps all")
	fs.Float32Var(&p.XTCProbability, "xtc-probability", p.XTCProbability, "probability that the top choices are removed, except the least likely of them; 0 switches this off")
	fs.Float32Var(&p.XTCThreshold, "xtc-threshold", p.XTCThreshold, "probability above which a token is a top choice for --xtc-probability")
	fs.Float32Var(&p.DynTempRange, "dynatemp-range", p.DynTempRange, "let the temperature vary by this much up and down; 0 switches this off")
	fs.Float32Var(&p.DynTempExponent, "dynatemp-exp", p.DynTempExponent, "exponent of the varying temperature")

	fs.IntVar(&p.RepeatLastN, "repeat-last-n", p.RepeatLastN, "number of recent `tokens` that the penalties consider; -1 means the whole context")
	fs.Float32Var(&p.RepeatPenalty, "repeat-penalty", p.RepeatPenalty, "penalty on recent tokens: positive logits are divided by this number, negative ones multiplied by it; 1 switches this off")
	fs.Float32Var(&p.PresencePenalty, "presence-penalty", p.PresencePenalty, "number that is subtracted from the logits of recent tokens")
	fs.Float32Var(&p.FrequencyPenalty, "frequency-penalty", p.FrequencyPenalty, "number that is subtracted from a token's logit once for each time that the token was used")
	fs.Float32Var(&p.DRYMultiplier, "dry-multiplier", p.DRYMultiplier, "strength of the penalty on repeated sequences (DRY); 0 switches it off")
	fs.Float32Var(&p.DRYBase, "dry-base", p.DRYBase, "base of the DRY penalty, which grows exponentially with the sequence's length")
	fs.IntVar(&p.DRYAllowedLength, "dry-allowed-length", p.DRYAllowedLength, "number of `tokens` that may repeat without the DRY penalty")
	fs.IntVar(&p.DRYLastN, "dry-penalty-last-n", p.DRYLastN, "number of recent `tokens` that the DRY penalty considers; -1 means the whole context")
	fs.Var(&breakerValue{list: &p.DRYBreakers}, "dry-sequence-breaker", "`text` that ends a sequence for the DRY penalty; the flag can be repeated; \"none\" means no such text")

	fs.IntVar(&p.Mirostat, "mirostat", p.Mirostat, "use mirostat `version` 1 or 2 in place of the other samplers; 0 switches it off")
	fs.Float32Var(&p.MirostatTau, "mirostat-ent", p.MirostatTau, "mirostat's target surprise in bits (tau)")
	fs.Float32Var(&p.MirostatEta, "mirostat-lr", p.MirostatEta, "mirostat's learning rate (eta)")
	fs.IntVar(&p.MinKeep, "min-keep", p.MinKeep, "number of `tokens` that the samplers must leave to choose from")
	fs.Var((*samplersValue)(&p.Samplers), "samplers", "the `chain` of samplers: their names in order, separated by semicolons")
	fs.Var((*sequenceValue)(&p.Samplers), "sampler-seq", "the chain of samplers as `letters`, one for each sampler, such as "+sampler.DefaultSequence())
	fs.VarP((*biasValue)(&p.LogitBias), "logit-bias", "l", "make a token more or less likely, `ID±BIAS` such as 29905-1 or 2-inf; the flag can be repeated")
	fs.BoolVar(&p.IgnoreEOS, "ignore-eos", false, "forbid the tokens that end the text")
}

// FromFile replaces the defaults of flags that are not given with the settings of a model's
// file. It returns the file's settings, and warns about those that cannot be used.
func (o *Sampling) FromFile(u *ui.UI, f *gguf.File) []sampler.FileSetting {
	value := func(key string) (sampler.FileValue, bool) { return f.Value(key) }
	return warned(u, "general.sampling.", o.Params.FromFile(value, o.flags.Changed))
}

// FromModelfile does what FromFile does, for the parameters that come with a model of Ollama. It is
// called after FromFile, because these parameters override the settings of the file.
func (o *Sampling) FromModelfile(u *ui.UI, value func(name string) (sampler.FileValue, bool)) []sampler.FileSetting {
	return warned(u, "", o.Params.FromModelfile(value, o.flags.Changed))
}

// warned warns about the settings in list that cannot be used, and returns list.
func warned(u *ui.UI, prefix string, list []sampler.FileSetting) []sampler.FileSetting {
	for _, s := range list {
		switch {
		case s.Given:
		case s.Part:
			u.Warnf("the model's setting %s%s is applied in part: %v", prefix, s, s.Err)
		case s.Err != nil:
			u.Warnf("the model's setting %s%s is left out: %v", prefix, s, s.Err)
		}
	}
	return list
}

// Check returns a usage error if a setting is out of range. What
// depends on the vocabulary is checked later, when the sampler is made.
func (o *Sampling) Check() error {
	p := o.Params
	p.LogitBias = nil
	if _, err := sampler.New(p, sampler.Vocab{N: 1}); err != nil {
		return ui.Usage(err)
	}
	return nil
}

// seedValue is a flag that takes a seed. A negative number asks for a random seed.
type seedValue uint32

func (s *seedValue) Type() string { return "seed" }

func (s *seedValue) String() string {
	if *s == sampler.RandomSeed {
		return "-1"
	}
	return strconv.FormatUint(uint64(*s), 10)
}

func (s *seedValue) Set(text string) error {
	n, err := strconv.ParseInt(text, 10, 64)
	switch {
	case err != nil || n > sampler.RandomSeed:
		return fmt.Errorf("must be a whole number below 2^32")
	case n < 0:
		n = sampler.RandomSeed
	}
	*s = seedValue(n)
	return nil
}

// samplersValue is a flag that takes a chain by names.
type samplersValue []sampler.Name

func (v *samplersValue) Type() string   { return "names" }
func (v *samplersValue) String() string { return sampler.JoinSamplers(*v) }

func (v *samplersValue) Set(text string) (err error) {
	*v, err = sampler.ParseSamplers(text)
	return err
}

// sequenceValue is a flag that takes a chain by letters.
type sequenceValue []sampler.Name

func (v *sequenceValue) Type() string   { return "letters" }
func (v *sequenceValue) String() string { return "" } // samplersValue shows the default

func (v *sequenceValue) Set(text string) (err error) {
	*v, err = sampler.ParseSequence(text)
	return err
}

// breakerValue is a flag that can be repeated. The first use replaces the defaults.
type breakerValue struct {
	list    *[]string
	changed bool
}

func (v *breakerValue) Type() string { return "text" }

func (v *breakerValue) String() string {
	if v.list == nil {
		return ""
	}
	return ui.QuoteList(*v.list, "and")
}

func (v *breakerValue) Set(text string) error {
	if !v.changed || text == "none" {
		*v.list, v.changed = nil, true
	}
	if text != "none" {
		*v.list = append(*v.list, Unescape(text))
	}
	return nil
}

// biasValue is a flag that takes ID+BIAS or ID-BIAS and can be repeated.
type biasValue map[int32]float32

func (v *biasValue) Type() string   { return "bias" }
func (v *biasValue) String() string { return "" }

func (v *biasValue) Set(text string) error {
	id, bias, err := sampler.ParseLogitBias(text)
	if err != nil {
		return err
	}
	if *v == nil {
		*v = biasValue{}
	}
	(*v)[id] = bias
	return nil
}
