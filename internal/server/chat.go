package server

import (
	"net/http"
	"time"

	"alpaca/internal/chat"
	"alpaca/internal/openai"
	"alpaca/internal/server/repeat"
	"alpaca/internal/server/thinking"
	"alpaca/internal/toolcall"
)

// conversation is a request with its prompt.
type conversation struct {
	*openai.ChatRequest
	text string
	ids  []int32
	tags *thinking.Tags // tags of thinking; nil: thinking stays in the content
	stop []string       // the template's stop texts

	family *toolcall.Family // form of the tool calls that the answer may have; nil: the answer can have none
}

// converse reads a request and renders its prompt. answer is false if only the prompt is wanted.
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

// render renders the prompt of a request with the chat template.
func (s *Server) render(r *http.Request, req *openai.ChatRequest) (c *conversation, err error) {
	c = &conversation{ChatRequest: req}
	t := s.opt.Template
	if t == nil {
		return nil, openai.Unsupported("messages", "the model has no chat template: start the server with --chat-template, or let the model continue texts (/v1/completions)")
	}
	if t, err = s.told(r, t, req); err != nil {
		return nil, err
	}
	messages := make([]chat.Message, len(c.Messages))
	for i, m := range c.Messages {
		messages[i] = chat.Message{Role: m.Role, Content: m.Content, Object: m.Object}
	}
	if own := s.opt.System; own != "" && (len(messages) == 0 || messages[0].Role != chat.System && messages[0].Role != chat.Developer) {
		messages = append([]chat.Message{{Role: chat.System, Content: own}}, messages...)
	}
	if messages, err = s.withTools(c, messages); err != nil {
		return nil, err
	}
	if c.text, c.ids, err = t.Prompt(r.Context(), s.tok, messages, c.Open); err != nil {
		return nil, err
	}
	if len(c.ids) == 0 {
		return nil, openai.Invalid("messages", "the chat template makes an empty prompt of them")
	}
	c.stop = t.Stops
	if !c.KeepReasoning {
		c.tags = s.tags
	}
	return c, nil
}

// answerTo starts the answers to a conversation.
func (s *Server) answerTo(r *http.Request, c *conversation) (*flow, *answers, error) {
	if err := s.fits(c.ids); err != nil {
		return nil, nil, err
	}
	req, err := s.prepare(r, &c.Generation, c.stop)
	if err == nil {
		req.Grammar, err = s.shape(r, c)
	}
	if err != nil {
		return nil, nil, err
	}
	prompts := [][]int32{c.ids}
	f, err := s.start(r.Context(), prompts, req, c.Stream && c.Progress)
	if err != nil {
		return nil, nil, err
	}
	a := s.newAnswers(r, prompts, &c.Generation)
	for i, one := range a.list {
		if c.tags != nil {
			one.split = c.tags.Splitter(c.text)
		}
		if c.family != nil {
			one.parser = c.family.Parser(c.Tools.Allowed())
			if one.fixed != nil {
				one.parser.NewID = one.fixed.CallIDs(c.family.ShortIDs, i)
			}
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

// wholeChat sends the answers once they are complete.
func (s *Server) wholeChat(w http.ResponseWriter, c *conversation, f *flow, a *answers) error {
	if err := f.each(s.opt.KeepAlive, func() error { return nil }, func(e event) error {
		a.list[e.index].add(e)
		return nil
	}); err != nil {
		return err
	}
	fixed := noteOf(w).fixed
	out := openai.ChatAnswer{
		ID: fixed.NewID("chatcmpl-", ""), Object: "chat.completion", Created: fixed.Now().Unix(), Model: s.name(), Fingerprint: s.fingerprint(),
		Usage: a.usage(), Timings: a.list[0].timings(),
	}
	if c.Verbose {
		out.Verbose = &openai.Verbose{Prompt: s.written(c.ids)}
	}
	for i, one := range a.list {
		choice := openai.ChatChoice{
			Index: i, FinishReason: one.finish(), Seed: one.result.Seed,
			Message: openai.Answer{Role: chat.Assistant, Content: one.text.String(), Reasoning: one.thought.String(), ToolCalls: one.calls},
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

// streamChat sends the answers as they are generated. An error before the
// first event becomes the response; a later error is sent as an event.
func (s *Server) streamChat(w http.ResponseWriter, c *conversation, f *flow, a *answers) error {
	out := s.newEvents(w)
	base := openai.ChatChunk{
		ID: repeat.NewID("chatcmpl-"), Object: "chat.completion.chunk", Created: time.Now().Unix(), Model: s.name(), Fingerprint: s.fingerprint(),
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
					chunk.Verbose = &openai.Verbose{Prompt: s.written(c.ids)}
				}
			})
		}
		if e.progress != nil {
			send(openai.ChunkChoice{Index: e.index, Delta: openai.Delta{}}, func(chunk *openai.ChatChunk) {
				if chunk.Progress = e.progress; c.Timings {
					chunk.Timings = e.progressTimings()
				}
			})
			return out.err
		}
		p := one.add(e)
		for i, delta := range p.chatDeltas() {
			choice := openai.ChunkChoice{Index: e.index, Delta: delta}
			if i == 0 {
				choice.Logprobs = p.logprobs()
			}
			if i == 0 && c.GiveTokens {
				choice.Tokens = p.tokens
			}
			send(choice, func(chunk *openai.ChatChunk) {
				if c.Timings {
					chunk.Timings = one.live(f.evaluated(e.index / c.N))
				}
			})
		}
		if e.result != nil {
			reason := one.finish()
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
		chunk.Choices, chunk.Usage, chunk.Timings = []openai.ChunkChoice{}, &usage, a.list[0].timings()
		out.send(chunk)
	}
	out.done()
	return nil
}
