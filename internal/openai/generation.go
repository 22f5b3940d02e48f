package openai

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"strings"

	"alpaca/internal/sampler"
)

// Generation is what all requests say of the text that is wanted.
type Generation struct {
	Model     string // as asked for, "" for any
	Sampling  sampler.Params
	Bias      []Bias   // to be added to Sampling.LogitBias
	Stop      []string // nil: nothing is said
	MaxTokens int      // -1: to the end of the context; 0: the prompt is evaluated only
	N         int      // answers
	Logprobs  bool
	Top       int // alternatives of each token
	NoCache   bool
	NoDrafts  bool
	Format    *Format        // of the answer; nil: free
	Adapters  []AdapterScale // what is left out is not used; empty: as the server has it

	Stream     bool
	Usage      bool // at the end of a stream
	Progress   bool // of the prompt, in a stream
	Timings    bool // with each piece of a stream
	Verbose    bool // the prompt in the answer
	GiveTokens bool // the tokens' ids in the answer
}

// Bias changes how likely a token is, or all tokens of a text.
type Bias struct {
	ID    int32  // where Text is ""
	Text  string // whose tokens are meant
	Value float32
}

// defaults returns a request of which nothing is said.
func defaults(params sampler.Params) Generation {
	return Generation{Sampling: params, MaxTokens: -1, N: 1}
}

// read reads the fields that all requests have.
func (g *Generation) read(o *object) {
	o.text("model", &g.Model)
	o.boolean("stream", &g.Stream)
	if options, ok := o.child("stream_options"); ok {
		options.boolean("include_usage", &g.Usage)
		o.take(options)
	}
	// The last one that is given counts, as in llama.cpp.
	for _, name := range []string{"max_tokens", "max_completion_tokens", "n_predict"} {
		o.integer(name, &g.MaxTokens, -1, math.MaxInt32)
	}
	o.integer("n", &g.N, 1, MaxAnswers)
	cache := true
	o.boolean("cache_prompt", &cache)
	g.NoCache = !cache
	drafts := true
	o.boolean("speculative", &drafts)
	g.NoDrafts = !drafts
	o.boolean("return_progress", &g.Progress)
	o.boolean("timings_per_token", &g.Timings)
	o.boolean("verbose", &g.Verbose)
	o.boolean("return_tokens", &g.GiveTokens)
	g.readStop(o)
	g.readSampling(o)
	g.readBias(o)
	g.readAdapters(o)
	g.readFormat(o)
	g.refuse(o)
}

// refuse is about what cannot be done: whoever asks for it must not get something else.
func (g *Generation) refuse(o *object) {
	for _, f := range []struct{ name, why string }{
		{"audio", "this model reads and writes text only"},
		{"web_search_options", "nothing is fetched from the network"},
		{"t_max_predict_ms", "an answer is not cut by the clock: bound it with max_tokens"},
	} {
		data, ok := o.get(f.name)
		text := string(bytes.TrimSpace(data))
		if ok && o.err == nil && text != `""` && text != "[]" && text != "0" {
			o.err = Unsupported(f.name, "%s", f.why)
		}
	}
	if list, ok := o.list("modalities", 16); ok {
		for _, item := range list {
			if text := string(item); o.err == nil && text != `"text"` {
				o.err = Unsupported("modalities", "has %s, only \"text\" is supported", clip(text))
			}
		}
	}
}

// readStop reads the texts that end an answer. Empty ones end nothing.
func (g *Generation) readStop(o *object) {
	data, ok := o.get("stop")
	if !ok {
		return
	}
	list := []json.RawMessage{data}
	switch kind(data) {
	case "a string":
	case "a list":
		if list, ok = o.items("stop", data, MaxStops); !ok {
			return
		}
	default:
		o.fail("stop", "must be a string or a list of strings, is %s", kind(data))
		return
	}
	g.Stop = []string{} // not nil: whoever says that there are none wants no others
	for i, item := range list {
		var text string
		name := "stop"
		if kind(data) == "a list" {
			name = fmt.Sprintf("stop[%d]", i)
		}
		switch json.Unmarshal(item, &text); {
		case kind(item) != "a string":
			o.fail(name, "must be a string, is %s", kind(item))
		case len(text) > MaxStop:
			o.fail(name, "has %d bytes, must have at most %d", len(text), MaxStop)
		case text != "":
			g.Stop = append(g.Stop, text)
		}
	}
}

// readSampling reads the settings of the sampler. Those of which llama.cpp takes the
// nearest that makes sense are clamped, others have bounds.
func (g *Generation) readSampling(o *object) {
	const most = math.MaxFloat32
	p := &g.Sampling
	o.clamped("temperature", &p.Temp, 0, most)
	o.clamped("top_p", &p.TopP, 0, 1)
	o.clamped("min_p", &p.MinP, 0, 1)
	o.clamped("typical_p", &p.TypicalP, 0, 1)
	if o.integer("top_k", &p.TopK, math.MinInt32, math.MaxInt32) {
		p.TopK = max(p.TopK, 0)
	}
	o.number("top_n_sigma", &p.TopNSigma)
	o.ranged("dynatemp_range", &p.DynTempRange, 0, most)
	o.ranged("dynatemp_exponent", &p.DynTempExponent, 0, most)
	o.ranged("xtc_probability", &p.XTCProbability, 0, 1)
	o.ranged("xtc_threshold", &p.XTCThreshold, 0, 1)
	o.integer("repeat_last_n", &p.RepeatLastN, -1, math.MaxInt32)
	o.ranged("repeat_penalty", &p.RepeatPenalty, math.SmallestNonzeroFloat32, most)
	o.number("frequency_penalty", &p.FrequencyPenalty)
	o.number("presence_penalty", &p.PresencePenalty)
	o.ranged("dry_multiplier", &p.DRYMultiplier, 0, most)
	o.ranged("dry_base", &p.DRYBase, 1, most)
	o.integer("dry_allowed_length", &p.DRYAllowedLength, 0, math.MaxInt32)
	o.integer("dry_penalty_last_n", &p.DRYLastN, -1, math.MaxInt32)
	o.integer("mirostat", &p.Mirostat, 0, 2)
	o.ranged("mirostat_tau", &p.MirostatTau, 0, most)
	o.ranged("mirostat_eta", &p.MirostatEta, 0, most)
	o.integer("min_keep", &p.MinKeep, 0, math.MaxInt32)
	o.boolean("ignore_eos", &p.IgnoreEOS)
	readAdaptive(o)
	readSeed(o, &p.Seed)
	readBreakers(o, p)
	readSamplers(o, p)
}

// Adaptive are the settings of llama.cpp's adaptive-p, which is not there: it is off.
const (
	AdaptiveTarget = -1
	AdaptiveDecay  = 0.9
)

// readAdaptive refuses what switches adaptive-p on.
func readAdaptive(o *object) {
	var target float32 = AdaptiveTarget
	if o.number("adaptive_target", &target); target >= 0 && o.err == nil {
		o.err = Unsupported("adaptive_target", "there is no such sampler: it must be negative")
	}
}

// readSeed reads a seed. OpenAI's have 64 bits: those that 32 do not hold are folded.
func readSeed(o *object, target *uint32) {
	var seed int64
	if !o.integer64("seed", &seed, math.MinInt64, math.MaxInt64) {
		return
	}
	if *target = sampler.RandomSeed; seed != -1 {
		*target = FoldSeed(uint64(seed))
	}
}

// FoldSeed returns the seed of a sampler for one of 64 bits: itself where 32 hold it, and
// never sampler.RandomSeed.
func FoldSeed(seed uint64) uint32 {
	if seed < sampler.RandomSeed {
		return uint32(seed)
	}
	if folded := uint32(seed) ^ uint32(seed>>32); folded != sampler.RandomSeed {
		return folded
	}
	return 0
}

func readBreakers(o *object, p *sampler.Params) {
	list, ok := o.list("dry_sequence_breakers", 64)
	if !ok {
		return
	}
	p.DRYBreakers = nil
	for i, item := range list {
		var text string
		if kind(item) != "a string" || json.Unmarshal(item, &text) != nil || text == "" {
			o.fail(fmt.Sprintf("dry_sequence_breakers[%d]", i), "must be a string that is not empty")
		}
		p.DRYBreakers = append(p.DRYBreakers, text)
	}
}

// readSamplers reads the chain: a list of names, or a string of letters.
func readSamplers(o *object, p *sampler.Params) {
	data, ok := o.get("samplers")
	if !ok {
		return
	}
	var (
		chain []sampler.Name
		err   error
		names []string
		seq   string
	)
	switch kind(data) {
	case "a list":
		if json.Unmarshal(data, &names) != nil || len(names) > 64 {
			o.fail("samplers", "must be a list of at most 64 names")
			return
		}
		if len(names) > 0 {
			chain, err = sampler.ParseSamplers(strings.Join(names, ";"))
		}
	case "a string":
		json.Unmarshal(data, &seq)
		chain, err = sampler.ParseSequence(seq)
	default:
		o.fail("samplers", "must be a list of names, is %s", kind(data))
		return
	}
	if err != nil {
		o.fail("samplers", "%s", clip(strings.TrimPrefix(err.Error(), "sampler: ")))
		return
	}
	p.Samplers = chain
}
