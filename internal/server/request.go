package server

import (
	"fmt"
	"net/http"

	"alpaca/internal/engine"
	"alpaca/internal/openai"
	"alpaca/internal/sampler"
	"alpaca/internal/server/repeat"
	"alpaca/internal/tokenizer"
)

// prepare makes an engine request from the settings of a request. stops are the template's stop
// texts.
func (s *Server) prepare(r *http.Request, g *openai.Generation, stops []string) (engine.Request, error) {
	s.ignores(g.Ignored)
	g.MaxTokens = s.maxTokens(g.MaxTokens)
	if f := repeat.Of(r.Context()); f != nil {
		if g.Stream {
			return engine.Request{}, openai.Unsupported("stream", "a batch cannot stream its answers: leave the field out")
		}
		if g.Sampling.Seed == sampler.RandomSeed {
			g.Sampling.Seed = f.Seed
		}
	}
	if g.Stop == nil {
		g.Stop = s.opt.Stop
	}
	req := engine.Request{
		MaxTokens: g.MaxTokens, Stop: append(g.Stop[:len(g.Stop):len(g.Stop)], stops...), Logprobs: g.Logprobs, Top: g.Top,
		N: g.N, Sampling: g.Sampling, NoCache: g.NoCache, NoDrafts: g.NoDrafts, Key: s.guard.Client(r), Shift: s.opt.Shift,
	}
	if !s.opt.ShareCache {
		req.Salt = s.guard.Salt(r)
	}
	var err error
	if req.LoRA, err = s.requestScales(g); err != nil {
		return req, err
	}
	if n := s.opt.Parallel; g.N > n {
		return req, openai.Invalid("n", "is %d, must be at most %d, the number of parallel answers (--parallel)", g.N, n)
	}
	bias := map[int32]float32{}
	for id, value := range g.Sampling.LogitBias {
		bias[id] = value
	}
	for _, b := range g.Bias {
		ids := []int32{b.ID}
		if b.Text != "" {
			ids = s.tok.Encode(b.Text, false, true)
		}
		for _, id := range ids {
			if int(id) >= s.tok.Len() {
				return req, openai.Invalid("logit_bias", "the token %d is not in the vocabulary of %d tokens", id, s.tok.Len())
			}
			bias[id] = b.Value
		}
	}
	if len(bias) > 0 {
		req.Sampling.LogitBias = bias
	}
	return req, nil
}

// maxTokens returns the limit of an answer's tokens. asked is the request's own limit. -1 means no
// limit: the answer may fill the context.
func (s *Server) maxTokens(asked int) int {
	if limit := s.opt.MaxTokens; limit > 0 && (asked < 0 || asked > limit) {
		return limit
	}
	return asked
}

// fits returns an error unless the prompt leaves room for an answer in the context.
func (s *Server) fits(prompt []int32) error {
	if len(prompt) >= s.engine.Ctx() {
		return openai.TooLong(len(prompt), s.engine.Ctx())
	}
	return nil
}

// prompt returns the tokens of p. A name of a control token in a text of p means that token, because
// a client that wants a text continued writes the whole prompt itself. name is the prompt's field, for
// errors.
func (s *Server) prompt(p openai.Prompt, name string) ([]int32, error) {
	var ids []int32
	for i, piece := range p {
		if piece.IDs == nil {
			ids = append(ids, s.tok.Encode(piece.Text, i == 0, true)...)
			continue
		}
		if err := s.inVocabulary(piece.IDs, name); err != nil {
			return nil, err
		}
		ids = append(ids, piece.IDs...)
	}
	if len(ids) == 0 {
		if s.tok.BOS() == tokenizer.None {
			return nil, openai.Invalid(name, "is empty, and the vocabulary has no token to begin a text with")
		}
		ids = []int32{s.tok.BOS()}
	}
	return ids, s.fits(ids)
}

// prompts returns the tokens of all prompts of a request.
func (s *Server) prompts(r *openai.CompletionRequest) ([][]int32, error) {
	list := make([][]int32, len(r.Prompts))
	for i, p := range r.Prompts {
		name := "prompt"
		if r.List {
			name = fmt.Sprintf("prompt[%d]", i)
		}
		var err error
		if list[i], err = s.prompt(p, name); err != nil {
			return nil, err
		}
	}
	return list, nil
}

func (s *Server) inVocabulary(ids []int32, name string) error {
	for _, id := range ids {
		if int(id) >= s.tok.Len() {
			return openai.Invalid(name, "has the token %d, which is not in the vocabulary of %d tokens", id, s.tok.Len())
		}
	}
	return nil
}
