package openai

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"strings"

	"alpaca/internal/sampler"
)

// Generation has the settings that all requests to generate text share.
type Generation struct {
	Model     string // the requested model; "": any
	Sampling  sampler.Params
	Bias      []Bias   // added to Sampling.LogitBias
	Stop      []string // texts that end the answer; nil: not given
	MaxTokens int      // -1: until the context is full; 0: only evaluate the prompt
	N         int      // number of answers
	Logprobs  bool
	Top       int // number of alternatives to list for each token
	NoCache   bool
	NoDrafts  bool
	Format    *Format        // form of the answer; nil: free text
	Adapters  []AdapterScale // the only adapters to use; empty: the server's default scales apply

	Stream     bool
	Usage      bool // send Usage at the end of a stream
	Progress   bool // send the prompt's Progress in a stream
	Timings    bool // send Timings with each piece of a stream
	Verbose    bool // repeat the prompt in the answer
	GiveTokens bool // send the ids of the answer's tokens

	Ignored []string // names of fields that have no effect here, sorted
}

// Bias is added to the logit of a token, or of all tokens of a text.
type Bias struct {
	ID    int32  // used if Text is ""
	Text  string // text whose tokens get the bias
	Value float32
}

// defaults returns the settings of a request that gives no settings.
func defaults(params sampler.Params) Generation {
	return Generation{Sampling: params, MaxTokens: -1, N: 1}
}

// read reads the fields that requests for chats and for completions share.
func (g *Generation) read(o *object) {
	o.text("model", &g.Model)
	o.boolean("stream", &g.Stream)
	if options, ok := o.child("stream_options"); ok {
		options.boolean("include_usage", &g.Usage)
		o.take(options)
	}
	// If a request has several of these fields, the last in this list counts, as in llama.cpp.
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

// refuse rejects fields that ask for something unsupported: ignoring them would change the answer.
func (g *Generation) refuse(o *object) {
	for _, f := range []struct{ name, why string }{
		{"audio", "this model reads and writes text only"},
		{"web_search_options", "nothing is fetched from the network"},
		{"t_max_predict_ms", "answers have no time limit: limit their length with max_tokens"},
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

// readStop reads the texts that end an answer. Empty texts are ignored.
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
	g.Stop = []string{} // not nil: an empty list replaces the default stop texts
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

// readSampling reads the settings of the sampler. A value out of range is clamped if llama.cpp clamps
// it, and is an error otherwise.
func (g *Generation) readSampling(o *object) {
	p := &g.Sampling
	for _, x := range p.Numbers() {
		switch low, high := float32(x.Low), float32(x.High); {
		case x.Name == "temperature":
			o.clamped(x.Name, x.Float, 0, high)
		case x.Name == "top_p" || x.Name == "min_p" || x.Name == "typical_p":
			o.clamped(x.Name, x.Float, low, high)
		case x.Int != nil:
			o.integer(x.Name, x.Int, int(x.Low), int(x.High))
		default:
			o.ranged(x.Name, x.Float, low, high)
		}
	}
	p.TopK = max(p.TopK, 0)
	o.boolean("ignore_eos", &p.IgnoreEOS)
	readAdaptive(o)
	readSeed(o, &p.Seed)
	readBreakers(o, p)
	readSamplers(o, p)
}

// Settings of llama.cpp's sampler adaptive-p, which this
// server does not have. With these values, the sampler is off.
const (
	AdaptiveTarget = -1
	AdaptiveDecay  = 0.9
)

// readAdaptive refuses a request that switches adaptive-p on.
func readAdaptive(o *object) {
	var target float32 = AdaptiveTarget
	if o.number("adaptive_target", &target); target >= 0 && o.err == nil {
		o.err = Unsupported("adaptive_target", "the adaptive-p sampler is not supported: adaptive_target must be negative")
	}
}

// readSeed reads a seed. OpenAI's seeds have 64 bits; FoldSeed reduces them to 32. -1 means a random
// seed.
func readSeed(o *object, target *uint32) {
	var seed int64
	if !o.integer64("seed", &seed, math.MinInt64, math.MaxInt64) {
		return
	}
	if *target = sampler.RandomSeed; seed != -1 {
		*target = FoldSeed(uint64(seed))
	}
}

// FoldSeed converts a seed of 64 bits to 32 bits. A seed that fits stays as it is. The result is
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

// readSamplers reads the chain of samplers: a list of names, or a string of letters.
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
