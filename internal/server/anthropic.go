package server

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"

	"alpaca/internal/engine"
	"alpaca/internal/openai"
	"alpaca/internal/server/repeat"
)

// anthropicPath begins the paths of Anthropic's API, whose errors have their own form.
const anthropicPath = "/v1/messages"

// anthropicError returns an error in Anthropic's form.
func anthropicError(e *openai.Error, id string) any {
	kind := e.Type
	switch e.Status {
	case http.StatusRequestEntityTooLarge:
		kind = "request_too_large"
	case http.StatusServiceUnavailable:
		kind = "overloaded_error"
	case http.StatusInternalServerError:
		kind = "api_error"
	case http.StatusBadRequest:
		kind = "invalid_request_error"
	}
	return map[string]any{
		"type": "error", "request_id": id,
		"error": map[string]string{"type": kind, "message": e.Error()},
	}
}

// anthropicBlock is a content block of an answer.
type anthropicBlock struct {
	Type      string  `json:"type"`
	Text      *string `json:"text,omitempty"`
	Thinking  *string `json:"thinking,omitempty"`
	Signature *string `json:"signature,omitempty"`

	ID    string          `json:"id,omitempty"` // ID, Name and Input are set only in a tool_use block
	Name  string          `json:"name,omitempty"`
	Input json.RawMessage `json:"input,omitempty"`
}

func textBlock(text string) anthropicBlock { return anthropicBlock{Type: "text", Text: &text} }

func thinkingBlock(text string) anthropicBlock {
	none := "" // this server does not sign thinking
	return anthropicBlock{Type: "thinking", Thinking: &text, Signature: &none}
}

// anthropicUsage counts tokens. Input does not count tokens that came from the cache.
type anthropicUsage struct {
	Input   int `json:"input_tokens"`
	Created int `json:"cache_creation_input_tokens"`
	Cached  int `json:"cache_read_input_tokens"`
	Output  int `json:"output_tokens"`
}

// anthropicMessage is an answer.
type anthropicMessage struct {
	ID           string           `json:"id"`
	Type         string           `json:"type"` // "message"
	Role         string           `json:"role"` // "assistant"
	Model        string           `json:"model"`
	Content      []anthropicBlock `json:"content"`
	StopReason   *string          `json:"stop_reason"`
	StopSequence *string          `json:"stop_sequence"`
	Usage        anthropicUsage   `json:"usage"`
	Seed         *uint32          `json:"seed,omitempty"` // an extension: seed of the sampler
}

func (s *Server) newMessage() anthropicMessage {
	return anthropicMessage{ID: repeat.NewID("msg_"), Type: "message", Role: "assistant", Model: s.name(), Content: []anthropicBlock{}}
}

// ended sets why the answer ended. stops are the stop texts of the request. A stop text of the
// template is reported as end_turn.
func (m *anthropicMessage) ended(r *engine.Result, stops []string, called bool) {
	reason := "max_tokens"
	switch {
	case r.Reason == engine.Stop && slices.Contains(stops, r.Stop):
		reason, m.StopSequence = "stop_sequence", &r.Stop
	case called && (r.Reason == engine.Stop || r.Reason == engine.EOS):
		reason = "tool_use"
	case r.Reason == engine.Stop, r.Reason == engine.EOS:
		reason = "end_turn"
	}
	m.StopReason, m.Seed = &reason, &r.Seed
	m.Usage = anthropicUsage{Input: r.Evaluated(), Cached: r.CachedTokens, Output: r.GeneratedTokens}
}

// anthropicConversation reads a request in Anthropic's form and renders its prompt.
func (s *Server) anthropicConversation(w http.ResponseWriter, r *http.Request, count bool) (*conversation, error) {
	body, err := s.readBody(w, r)
	if err != nil {
		return nil, err
	}
	req, err := openai.ParseAnthropic(body, s.opt.Sampling, count)
	if err != nil {
		return nil, err
	}
	return s.render(r, req)
}

// countTokens counts the tokens of a conversation in Anthropic's form.
func (s *Server) countTokens(w http.ResponseWriter, r *http.Request) error {
	c, err := s.anthropicConversation(w, r, true)
	if err != nil {
		return err
	}
	return s.send(w, http.StatusOK, map[string]int{"input_tokens": len(c.ids)})
}

// messages answers a conversation in Anthropic's form.
func (s *Server) messages(w http.ResponseWriter, r *http.Request) error {
	c, err := s.anthropicConversation(w, r, false)
	if err != nil {
		return err
	}
	f, a, err := s.answerTo(r, c)
	if err != nil {
		return err
	}
	defer f.close()
	if c.Stream {
		err = s.streamMessage(w, c, f, a.list[0])
	} else {
		err = s.wholeMessage(w, c, f, a.list[0])
	}
	s.ended(w, a, err)
	return err
}

func (s *Server) wholeMessage(w http.ResponseWriter, c *conversation, f *flow, one *answer) error {
	if err := f.each(s.opt.KeepAlive, func() error { return nil }, func(e event) error {
		one.add(e)
		return nil
	}); err != nil {
		return err
	}
	m := s.newMessage()
	m.ended(one.result, c.Stop, len(one.calls) > 0)
	if one.thought.Len() > 0 {
		m.Content = append(m.Content, thinkingBlock(one.thought.String()))
	}
	if one.text.Len() > 0 || one.thought.Len() == 0 && len(one.calls) == 0 {
		m.Content = append(m.Content, textBlock(one.text.String()))
	}
	for _, call := range one.calls {
		m.Content = append(m.Content, callBlock(call))
	}
	return s.send(w, http.StatusOK, m)
}

// messageEvents is a stream in Anthropic's form: a sequence of content blocks.
type messageEvents struct {
	*events
	index int
	open  string // type of the open block; "": none
}

func (m *messageEvents) event(kind string, fields map[string]any) {
	fields["type"] = kind
	m.named(kind, fields)
}

// add adds text to the open block if its type is kind, and to a new block otherwise.
func (m *messageEvents) add(kind, text string) {
	if text == "" {
		return
	}
	begin := textBlock("")
	delta := map[string]string{"type": "text_delta", "text": text}
	if kind == "thinking" {
		begin = thinkingBlock("")
		delta = map[string]string{"type": "thinking_delta", "thinking": text}
	}
	if m.open != kind {
		m.close()
		m.open = kind
		m.event("content_block_start", map[string]any{"index": m.index, "content_block": begin})
	}
	m.event("content_block_delta", map[string]any{"index": m.index, "delta": delta})
}

// close ends the open block, if there is one.
func (m *messageEvents) close() {
	if m.open == "" {
		return
	}
	if m.open == "thinking" {
		m.event("content_block_delta", map[string]any{"index": m.index, "delta": map[string]string{"type": "signature_delta", "signature": ""}})
	}
	m.event("content_block_stop", map[string]any{"index": m.index})
	m.open = ""
	m.index++
}

// streamMessage sends an answer as it is generated. An error before the
// first event becomes the response; a later error is sent as an event.
func (s *Server) streamMessage(w http.ResponseWriter, c *conversation, f *flow, one *answer) error {
	out := &messageEvents{events: s.newEvents(w)}
	m := s.newMessage()
	start := func(evaluated int) {
		if one.told {
			return
		}
		one.told = true
		first := m
		first.Usage = anthropicUsage{Input: evaluated, Cached: one.prompt - evaluated}
		out.event("message_start", map[string]any{"message": first})
	}
	idle := func() error {
		start(one.prompt)
		out.event("ping", map[string]any{})
		return out.err
	}
	err := f.each(s.opt.KeepAlive, idle, func(e event) error {
		start(f.evaluated(0))
		p := one.add(e)
		if p.deltas == nil {
			out.add("thinking", p.thought)
			out.add("text", p.text)
		}
		for _, d := range p.deltas {
			out.delta(d)
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
	out.close()
	m.ended(one.result, c.Stop, len(one.calls) > 0)
	out.event("message_delta", map[string]any{
		"delta": map[string]any{"stop_reason": m.StopReason, "stop_sequence": m.StopSequence}, "usage": m.Usage, "seed": m.Seed,
	})
	out.event("message_stop", map[string]any{})
	return nil
}

// isAnthropic reports whether a path belongs to Anthropic's API.
func isAnthropic(path string) bool {
	return path == anthropicPath || strings.HasPrefix(path, anthropicPath+"/")
}
