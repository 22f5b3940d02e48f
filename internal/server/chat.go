package server

import (
	"encoding/json"
	"maps"
	"net/http"
	"time"

	"alpaca/internal/chat"
	"alpaca/internal/openai"
	"alpaca/internal/server/thinking"
)

// conversation is a request with its prompt.
type conversation struct {
	*openai.ChatRequest
	text string
	ids  []int32
	tags *thinking.Tags // nil: thinking is not split off
	stop []string       // texts that end an answer in this form
}

// converse reads a request and makes its prompt.
func (s *Server) converse(w http.ResponseWriter, r *http.Request, answer bool) (*conversation, error) {
	body, err := s.readBody(w, r)
	if err != nil {
		return nil, err
	}
	parse := openai.ParseTemplate
	if answer {
		parse = openai.ParseChat
	}
	req, err := parse(body, s.opt.Sampling)
	if err != nil {
		return nil, err
	}
	req.Verbose = req.Verbose || s.opt.Verbose
	return s.render(r, req)
}

// render makes the prompt of a request.
func (s *Server) render(r *http.Request, req *openai.ChatRequest) (c *conversation, err error) {
	c = &conversation{ChatRequest: req}
	t := s.opt.Template
	if t == nil {
		return nil, openai.Unsupported("messages", "the model has no chat template: it continues texts (/v1/completions); --chat-template chooses one")
	}
	if c.Kwargs != nil {
		kwargs, err := mergeObjects(s.opt.Kwargs, c.Kwargs)
		if err == nil {
			t, err = t.With(chat.Settings{Kwargs: kwargs})
		}
		if err != nil {
			return nil, openai.Invalid("chat_template_kwargs", "%v", err)
		}
	}
	messages := make([]chat.Message, len(c.Messages))
	for i, m := range c.Messages {
		messages[i] = chat.Message{Role: m.Role, Content: m.Content, Object: m.Object}
	}
	if c.text, c.ids, err = t.Prompt(r.Context(), s.tok, messages, c.Open); err != nil {
		return nil, err
	}
	if len(c.ids) == 0 {
		return nil, openai.Invalid("messages", "the chat template makes nothing of them")
	}
	c.stop = t.Stops
	if !c.KeepReasoning {
		c.tags = s.tags
	}
	return c, nil
}

// mergeObjects returns the fields of two JSON objects, of which those of b count.
func mergeObjects(a, b json.RawMessage) (json.RawMessage, error) {
	fields := map[string]json.RawMessage{}
	for _, o := range []json.RawMessage{a, b} {
		if len(o) == 0 {
			continue
		}
		var more map[string]json.RawMessage
		if err := json.Unmarshal(o, &more); err != nil {
			return nil, err
		}
		maps.Copy(fields, more)
	}
	return json.Marshal(fields)
}

// answerTo begins to answer a conversation.
func (s *Server) answerTo(r *http.Request, c *conversation) (*flow, *answers, error) {
	if err := s.fits(c.ids); err != nil {
		return nil, nil, err
	}
	req, err := s.prepare(r, &c.Generation, c.stop)
	if err != nil {
		return nil, nil, err
	}
	prompts := [][]int32{c.ids}
	f, err := s.start(r.Context(), prompts, req, c.Stream && c.Progress)
	if err != nil {
		return nil, nil, err
	}
	a := s.newAnswers(prompts, &c.Generation)
	if c.tags != nil {
		for _, one := range a.list {
			one.split = c.tags.Splitter(c.text)
		}
	}
	return f, a, nil
}

// chat answers a conversation.
func (s *Server) chat(w http.ResponseWriter, r *http.Request) error {
	c, err := s.converse(w, r, true)
	if err != nil {
		return err
	}
	f, a, err := s.answerTo(r, c)
	if err != nil {
		return err
	}
	defer f.close()
	if c.Stream {
		err = s.streamChat(w, c, f, a)
	} else {
		err = s.wholeChat(w, c, f, a)
	}
	s.ended(w, a, err)
	return err
}

// wholeChat sends the answers when they are complete.
func (s *Server) wholeChat(w http.ResponseWriter, c *conversation, f *flow, a *answers) error {
	if err := f.each(s.opt.KeepAlive, func() error { return nil }, func(e event) error {
		a.list[e.index].add(e)
		return nil
	}); err != nil {
		return err
	}
	out := openai.ChatAnswer{
		ID: newID("chatcmpl-"), Object: "chat.completion", Created: time.Now().Unix(), Model: s.name(), Fingerprint: s.fingerprint(),
		Usage: a.usage(), Timings: timings(a.list[0].result),
	}
	if c.Verbose {
		out.Verbose = &openai.Verbose{Prompt: c.text}
	}
	for i, one := range a.list {
		choice := openai.ChatChoice{
			Index: i, FinishReason: finish(one.result), Seed: one.result.Seed,
			Message: openai.Answer{Role: chat.Assistant, Content: one.text.String(), Reasoning: one.thought.String()},
		}
		if c.Logprobs {
			choice.Logprobs = &openai.Logprobs{Content: append([]openai.TokenProb{}, one.content...)}
		}
		if c.GiveTokens {
			choice.Tokens = one.tokens
		}
		out.Choices = append(out.Choices, choice)
	}
	return s.send(w, http.StatusOK, out)
}

// streamChat sends the answers as they come. An error is returned only while nothing is
// sent; afterwards it is an event.
func (s *Server) streamChat(w http.ResponseWriter, c *conversation, f *flow, a *answers) error {
	out := s.newEvents(w)
	base := openai.ChatChunk{
		ID: newID("chatcmpl-"), Object: "chat.completion.chunk", Created: time.Now().Unix(), Model: s.name(), Fingerprint: s.fingerprint(),
	}
	send := func(choice openai.ChunkChoice, change func(*openai.ChatChunk)) {
		chunk := base
		chunk.Choices = []openai.ChunkChoice{choice}
		if change != nil {
			change(&chunk)
		}
		out.send(chunk)
	}
	err := f.each(s.opt.KeepAlive, func() error { out.comment(); return out.err }, func(e event) error {
		one := a.list[e.index]
		if !one.told {
			one.told = true
			send(openai.ChunkChoice{Index: e.index, Delta: openai.First{Role: chat.Assistant}}, func(chunk *openai.ChatChunk) {
				if c.Verbose && e.index == 0 {
					chunk.Verbose = &openai.Verbose{Prompt: c.text}
				}
			})
		}
		if e.progress != nil {
			send(openai.ChunkChoice{Index: e.index, Delta: openai.Delta{}}, func(chunk *openai.ChatChunk) { chunk.Progress = e.progress })
			return out.err
		}
		if p := one.add(e); !p.empty() {
			choice := openai.ChunkChoice{Index: e.index, Delta: openai.Delta{Content: p.text, Reasoning: p.thought}, Logprobs: p.logprobs()}
			if c.GiveTokens {
				choice.Tokens = p.tokens
			}
			send(choice, func(chunk *openai.ChatChunk) {
				if c.Timings {
					chunk.Timings = one.live(f.evaluated(e.index / c.N))
				}
			})
		}
		if e.result != nil {
			reason := finish(e.result)
			send(openai.ChunkChoice{Index: e.index, Delta: struct{}{}, FinishReason: &reason, Seed: &e.result.Seed}, nil)
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
		chunk.Choices, chunk.Usage, chunk.Timings = []openai.ChunkChoice{}, &usage, timings(a.list[0].result)
		out.send(chunk)
	}
	out.done()
	return nil
}
