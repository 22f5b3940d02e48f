package server

import (
	"net/http"

	"alpaca/internal/openai"
	"alpaca/internal/server/repeat"
)

// continuing reads a request for the continuation of texts, and starts the answers.
func (s *Server) continuing(w http.ResponseWriter, r *http.Request, native bool) (*openai.CompletionRequest, *flow, *answers, error) {
	body, err := s.readBody(w, r)
	if err != nil {
		return nil, nil, nil, err
	}
	c, err := openai.ParseCompletion(body, s.opt.Sampling, native)
	if err != nil {
		return nil, nil, nil, err
	}
	prompts, err := s.prompts(c)
	if err != nil {
		return nil, nil, nil, err
	}
	req, err := s.prepare(r, &c.Generation, nil)
	req.Sampled = c.Sampled && c.Logprobs
	if err == nil {
		req.Grammar, err = s.form(r, c.Format)
	}
	if err != nil {
		return nil, nil, nil, err
	}
	f, err := s.start(r.Context(), prompts, req, c.Stream && c.Progress)
	if err != nil {
		return nil, nil, nil, err
	}
	a := s.newAnswers(r, prompts, &c.Generation)
	for i, one := range a.list {
		one.ids = prompts[i/a.n]
	}
	return c, f, a, nil
}

// completions continues texts, in the form of OpenAI's first API.
func (s *Server) completions(w http.ResponseWriter, r *http.Request) error {
	c, f, a, err := s.continuing(w, r, false)
	if err != nil {
		return err
	}
	defer f.close()
	if c.Stream {
		err = s.streamCompletions(w, c, f, a)
	} else {
		err = s.wholeCompletions(w, f, a)
	}
	s.ended(w, a, err)
	return err
}

func (s *Server) newCompletion(f *repeat.By) openai.Completion {
	return openai.Completion{
		ID: f.NewID("cmpl-", ""), Object: "text_completion", Created: f.Now().Unix(), Model: s.name(), Fingerprint: s.fingerprint(),
		Choices: []openai.CompletionChoice{},
	}
}

func (s *Server) wholeCompletions(w http.ResponseWriter, f *flow, a *answers) error {
	if err := f.each(s.opt.KeepAlive, func() error { return nil }, func(e event) error {
		a.list[e.index].add(e)
		return nil
	}); err != nil {
		return err
	}
	out, usage := s.newCompletion(noteOf(w).fixed), a.usage()
	out.Usage, out.Timings = &usage, a.list[0].timings()
	for i, one := range a.list {
		reason := finish(one.result)
		choice := openai.CompletionChoice{Index: i, Text: one.text.String(), FinishReason: &reason, Seed: &one.result.Seed}
		if one.probs {
			choice.Logprobs = (&openai.Logprobs{Content: one.content}).Old(0)
		}
		out.Choices = append(out.Choices, choice)
	}
	return s.send(w, http.StatusOK, out)
}

// streamCompletions sends the texts as they are generated. An error before
// the first event becomes the response; a later error is sent as an event.
func (s *Server) streamCompletions(w http.ResponseWriter, c *openai.CompletionRequest, f *flow, a *answers) error {
	out, base := s.newEvents(w), s.newCompletion(noteOf(w).fixed)
	send := func(choice openai.CompletionChoice, t *openai.Timings) {
		chunk := base
		chunk.Choices, chunk.Timings = []openai.CompletionChoice{choice}, t
		out.send(chunk)
	}
	err := f.each(s.opt.KeepAlive, func() error { out.comment(); return out.err }, func(e event) error {
		one := a.list[e.index]
		before := one.characters
		if p := one.add(e); !p.empty() {
			choice := openai.CompletionChoice{Index: e.index, Text: p.text}
			if l := p.logprobs(); l != nil {
				choice.Logprobs = l.Old(before)
			}
			var t *openai.Timings
			if c.Timings {
				t = one.live(f.evaluated(e.index / a.n))
			}
			send(choice, t)
		}
		if e.result != nil {
			reason := finish(e.result)
			send(openai.CompletionChoice{Index: e.index, FinishReason: &reason, Seed: &e.result.Seed}, nil)
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
		return err
	}
	if c.Usage {
		usage := a.usage()
		chunk := base
		chunk.Usage, chunk.Timings = &usage, a.list[0].timings()
		out.send(chunk)
	}
	out.done()
	return nil
}
