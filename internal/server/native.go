package server

import (
	"encoding/json"
	"math"
	"net/http"
	"strings"

	"alpaca/internal/engine"
	"alpaca/internal/openai"
)

// nativePiece is a piece of an answer in llama.cpp's own form.
type nativePiece struct {
	Index     int              `json:"index"`
	Content   string           `json:"content"`
	Tokens    []int32          `json:"tokens"`
	Stop      bool             `json:"stop"`
	Slot      int              `json:"id_slot"`
	Predicted int              `json:"tokens_predicted"`
	Evaluated int              `json:"tokens_evaluated"`
	Probs     any              `json:"completion_probabilities,omitempty"` // nil: not wanted
	Timings   *openai.Timings  `json:"timings,omitempty"`
	Progress  *openai.Progress `json:"prompt_progress,omitempty"`
}

// nativeAnswer is a complete answer, or the end of one that was streamed.
type nativeAnswer struct {
	nativePiece
	Model     string         `json:"model"`
	Settings  map[string]any `json:"generation_settings"`
	Prompt    string         `json:"prompt"`
	NewLine   bool           `json:"has_new_line"`
	Truncated bool           `json:"truncated"`
	StopType  string         `json:"stop_type"` // eos, limit or word
	StopWord  string         `json:"stopping_word"`
	Cached    int            `json:"tokens_cached"` // tokens in the context at the end
	Seed      uint32         `json:"seed"`
}

// native continues texts, in llama.cpp's form.
func (s *Server) native(w http.ResponseWriter, r *http.Request) error {
	c, f, a, err := s.continuing(w, r, true)
	if err != nil {
		return err
	}
	defer f.close()
	if c.Stream {
		err = s.streamNative(w, c, f, a)
	} else {
		err = s.wholeNative(w, c, f, a)
	}
	s.ended(w, a, err)
	return err
}

// nativeEnd returns the last object of a complete answer.
func (s *Server) nativeEnd(c *openai.CompletionRequest, a *answers, index int) nativeAnswer {
	one := a.list[index]
	r := one.result
	out := nativeAnswer{
		nativePiece: nativePiece{
			Index: index, Tokens: []int32{}, Stop: true, Predicted: r.GeneratedTokens, Evaluated: one.prompt, Timings: one.timings(),
		},
		Model: s.name(), Settings: s.settings(&c.Generation, r.Seed), Prompt: s.written(one.ids),
		NewLine: strings.Contains(one.text.String(), "\n"), Truncated: r.Reason == engine.Context || r.Shifted, Seed: r.Seed,
		StopType: "limit", StopWord: r.Stop, Cached: one.prompt + max(0, r.GeneratedTokens-1),
	}
	switch r.Reason {
	case engine.EOS:
		out.StopType = "eos"
	case engine.Stop:
		out.StopType = "word"
	}
	return out
}

// nativeProbs returns tokens with the probabilities that the request wants, or nil for an empty
// list.
func nativeProbs(c *openai.CompletionRequest, list []openai.TokenProb) any {
	if len(list) == 0 {
		return nil
	}
	if !c.Sampled {
		return list
	}
	var out []openai.SampledProb
	for i := range list {
		out = append(out, list[i].Sampled())
	}
	return out
}

// written returns the text of tokens, including control tokens.
func (s *Server) written(ids []int32) string {
	var b strings.Builder
	for _, id := range ids {
		b.WriteString(s.tok.Piece(id, true))
	}
	return printable(b.String())
}

// wholeNative sends the answers once they are complete: one object, or a list if there are several.
func (s *Server) wholeNative(w http.ResponseWriter, c *openai.CompletionRequest, f *flow, a *answers) error {
	if err := f.each(s.opt.KeepAlive, func() error { return nil }, func(e event) error {
		a.list[e.index].add(e)
		return nil
	}); err != nil {
		return err
	}
	var list []any
	for i, one := range a.list {
		out := s.nativeEnd(c, a, i)
		out.Content, out.Probs = one.text.String(), nativeProbs(c, one.content)
		if c.GiveTokens {
			out.Tokens = append(out.Tokens, one.tokens...)
		}
		v, err := choose(out, c.Fields)
		if err != nil {
			return err
		}
		list = append(list, v)
	}
	if len(list) == 1 && !c.List {
		return s.send(w, http.StatusOK, list[0])
	}
	return s.send(w, http.StatusOK, list)
}

// choose returns those fields of an answer that the request names, or all fields if the request
// names none. The field "timings/prompt_n" is prompt_n inside timings, and keeps this path as its
// name.
func choose(out nativeAnswer, fields []string) (any, error) {
	if len(fields) == 0 {
		return out, nil
	}
	b, err := encode(out)
	if err != nil {
		return nil, err
	}
	chosen := map[string]json.RawMessage{}
	for _, path := range fields {
		value, found := json.RawMessage(b), true
		for name := range strings.SplitSeq(path, "/") {
			var object map[string]json.RawMessage
			if json.Unmarshal(value, &object) != nil {
				found = false
				break
			}
			if value, found = object[name]; !found {
				break
			}
		}
		if found {
			chosen[path] = value
		}
	}
	return chosen, nil
}

// streamNative sends the answers as they are generated. Each answer ends with its own last object.
func (s *Server) streamNative(w http.ResponseWriter, c *openai.CompletionRequest, f *flow, a *answers) error {
	out := s.newEvents(w)
	err := f.each(s.opt.KeepAlive, func() error { out.comment(); return out.err }, func(e event) error {
		one := a.list[e.index]
		base := nativePiece{Index: e.index, Tokens: []int32{}, Evaluated: one.prompt}
		if e.progress != nil {
			base.Progress = e.progress
			if c.Timings {
				base.Timings = e.progressTimings()
			}
			out.send(base)
			return out.err
		}
		if p := one.add(e); !p.empty() {
			base.Content, base.Probs, base.Predicted = p.text, nativeProbs(c, p.probs), one.generated
			base.Tokens = append(base.Tokens, p.tokens...)
			if c.Timings {
				base.Timings = one.live(f.evaluated(e.index / a.n))
			}
			out.send(base)
		}
		if e.result != nil {
			last, err := choose(s.nativeEnd(c, a, e.index), c.Fields)
			if err != nil {
				return err
			}
			out.send(last)
		}
		return out.err
	})
	switch {
	case err != nil && !out.begun:
		return err
	case out.err != nil:
		return errGone
	case err != nil:
		out.fail(err)
	}
	return err
}

// settings returns the settings of an answer, with llama.cpp's names.
func (s *Server) settings(g *openai.Generation, seed uint32) map[string]any {
	p := &g.Sampling
	samplers := make([]string, len(p.Samplers))
	for i, name := range p.Samplers {
		samplers[i] = string(name)
	}
	type bias struct {
		Token int32 `json:"token"`
		Bias  any   `json:"bias"` // null: the token is forbidden
	}
	biases := []bias{}
	value := func(f float32) any {
		if math.IsInf(float64(f), 0) {
			return nil
		}
		return f
	}
	if p.IgnoreEOS {
		for _, id := range s.tok.EOG() {
			biases = append(biases, bias{id, nil})
		}
	}
	for _, b := range g.Bias {
		if b.Text == "" {
			biases = append(biases, bias{b.ID, value(b.Value)})
			continue
		}
		for _, id := range s.tok.Encode(b.Text, false, true) {
			biases = append(biases, bias{id, value(b.Value)})
		}
	}
	stop := append([]string{}, g.Stop...)
	settings := map[string]any{
		"n_ctx": s.engine.Ctx(), "n_predict": g.MaxTokens, "max_tokens": g.MaxTokens, "model": s.name(), "seed": seed,
		"dry_sequence_breakers": p.DRYBreakers, "adaptive_target": openai.AdaptiveTarget, "adaptive_decay": openai.AdaptiveDecay,
		"ignore_eos": p.IgnoreEOS, "logit_bias": biases, "n_probs": g.Top, "samplers": samplers,
		"stop": stop, "stream": g.Stream, "timings_per_token": g.Timings, "n": g.N, "cache_prompt": !g.NoCache,
	}
	for _, x := range p.Numbers() {
		settings[x.Name] = x.Value()
	}
	return settings
}

// shown returns the default settings.
func (s *Server) shown() map[string]any {
	return s.settings(&openai.Generation{Sampling: s.opt.Sampling, Stop: s.opt.Stop, MaxTokens: s.maxTokens(-1), N: 1}, s.opt.Sampling.Seed)
}
