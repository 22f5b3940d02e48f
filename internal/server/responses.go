package server

import (
	"encoding/json"
	"net/http"

	"alpaca/internal/engine"
	"alpaca/internal/openai"
	"alpaca/internal/server/repeat"
)

// response is an answer in the form of OpenAI's Responses API, complete or not. A field that the
// request does not set is null or has its default, because clients expect all fields.
type response struct {
	ID         string         `json:"id"`
	Object     string         `json:"object"` // "response"
	CreatedAt  int64          `json:"created_at"`
	Status     string         `json:"status"` // in_progress, completed or incomplete
	Background bool           `json:"background"`
	Error      any            `json:"error"`
	Incomplete *incomplete    `json:"incomplete_details"`
	Model      string         `json:"model"`
	Output     []responseItem `json:"output"`
	Previous   *string        `json:"previous_response_id"`
	Store      bool           `json:"store"`
	Temp       float32        `json:"temperature"`
	TopP       float32        `json:"top_p"`
	Truncation string         `json:"truncation"` // "disabled"
	Usage      *responseUsage `json:"usage"`

	Instructions    json.RawMessage `json:"instructions"`
	MaxOutputTokens json.RawMessage `json:"max_output_tokens"`
	MaxToolCalls    json.RawMessage `json:"max_tool_calls"`
	Metadata        json.RawMessage `json:"metadata"`
	Parallel        json.RawMessage `json:"parallel_tool_calls"`
	CacheKey        json.RawMessage `json:"prompt_cache_key"`
	Reasoning       json.RawMessage `json:"reasoning"`
	Safety          json.RawMessage `json:"safety_identifier"`
	Tier            json.RawMessage `json:"service_tier"`
	Text            json.RawMessage `json:"text"`
	ToolChoice      json.RawMessage `json:"tool_choice"`
	Tools           json.RawMessage `json:"tools"`
	TopLogprobs     json.RawMessage `json:"top_logprobs"`
	User            json.RawMessage `json:"user"`

	Timings *openai.Timings `json:"timings,omitempty"`
	Seed    *uint32         `json:"seed,omitempty"`
}

// incomplete says why an answer was cut.
type incomplete struct {
	Reason string `json:"reason"`
}

// responseUsage counts tokens.
type responseUsage struct {
	Input        int         `json:"input_tokens"`
	InputDetails inputTokens `json:"input_tokens_details"`
	Output       int         `json:"output_tokens"`
	OutDetails   outTokens   `json:"output_tokens_details"`
	Total        int         `json:"total_tokens"`
}

type inputTokens struct {
	Cached int `json:"cached_tokens"`
}

type outTokens struct {
	Reasoning int `json:"reasoning_tokens"`
}

// responseItem is a part of an answer: reasoning, a message, or a call.
type responseItem struct {
	ID        string          `json:"id"`
	Type      string          `json:"type"` // reasoning, message or function_call
	Status    string          `json:"status"`
	Role      string          `json:"role,omitempty"`
	Summary   *[]any          `json:"summary,omitempty"` // of a reasoning item: an empty list, because Content has the whole text
	Content   *[]responsePart `json:"content,omitempty"` // nil for a call
	CallID    string          `json:"call_id,omitempty"`
	Name      string          `json:"name,omitempty"`
	Arguments *string         `json:"arguments,omitempty"`
}

// responsePart is a text of an item.
type responsePart struct {
	Type        string          `json:"type"` // reasoning_text or output_text
	Text        string          `json:"text"`
	Annotations *[]any          `json:"annotations,omitempty"`
	Logprobs    *[]responseProb `json:"logprobs,omitempty"`
}

// responseProb is a token with the logarithm of its probability.
type responseProb struct {
	Token   string           `json:"token"`
	Bytes   openai.Bytes     `json:"bytes"`
	Logprob float64          `json:"logprob"`
	Top     []otherTokenProb `json:"top_logprobs"`
}

type otherTokenProb struct {
	Token   string       `json:"token"`
	Bytes   openai.Bytes `json:"bytes"`
	Logprob float64      `json:"logprob"`
}

func responseProbs(list []openai.TokenProb) []responseProb {
	out := []responseProb{}
	for _, p := range list {
		top := []otherTokenProb{}
		for _, other := range p.Top {
			top = append(top, otherTokenProb{other.Token, other.Bytes, other.Logprob})
		}
		out = append(out, responseProb{p.Token, p.Bytes, p.Logprob, top})
	}
	return out
}

// textPart returns the content of a message.
func textPart(text string, probs []openai.TokenProb) responsePart {
	list := responseProbs(probs)
	return responsePart{Type: "output_text", Text: text, Annotations: &[]any{}, Logprobs: &list}
}

// thoughtPart returns the content of a reasoning item.
func thoughtPart(text string) responsePart { return responsePart{Type: "reasoning_text", Text: text} }

// newItem returns an item without content. newID makes its id.
func newItem(kind string, newID func(prefix string) string) responseItem {
	item := responseItem{Type: kind, Status: "in_progress"}
	switch kind {
	case "reasoning":
		item.ID, item.Summary, item.Content = newID("rs_"), &[]any{}, &[]responsePart{}
	case "message":
		item.ID, item.Role, item.Content = newID("msg_"), "assistant", &[]responsePart{}
	case "function_call":
		item.ID, item.Arguments = newID("fc_"), new(string)
	}
	return item
}

// newResponse returns a response without output.
func (s *Server) newResponse(r *openai.ResponsesRequest, f *repeat.By) response {
	echo := func(name, usual string) json.RawMessage {
		if value, ok := r.Echo[name]; ok {
			return value
		}
		return json.RawMessage(usual)
	}
	return response{
		ID: f.NewID("resp_", ""), Object: "response", CreatedAt: f.Now().Unix(), Status: "in_progress", Model: s.name(), Output: []responseItem{},
		Temp: r.Sampling.Temp, TopP: r.Sampling.TopP, Truncation: "disabled",
		Instructions: echo("instructions", "null"), MaxOutputTokens: echo("max_output_tokens", "null"), MaxToolCalls: echo("max_tool_calls", "null"),
		Metadata: echo("metadata", "{}"), Parallel: echo("parallel_tool_calls", "true"), CacheKey: echo("prompt_cache_key", "null"),
		Reasoning: echo("reasoning", `{"effort":null,"summary":null}`), Safety: echo("safety_identifier", "null"), Tier: echo("service_tier", `"default"`),
		Text: echo("text", `{"format":{"type":"text"}}`), ToolChoice: echo("tool_choice", `"auto"`), Tools: echo("tools", "[]"),
		TopLogprobs: echo("top_logprobs", "0"), User: echo("user", "null"),
	}
}

// ended sets how the answer ended, and its usage. thoughts is the number of reasoning tokens. ended
// returns the status, which the last item gets, too.
func (r *response) ended(one *answer, thoughts int) (status string) {
	res := one.result
	r.Status = "completed"
	if res.Reason == engine.Length || res.Reason == engine.Context {
		r.Status, r.Incomplete = "incomplete", &incomplete{"max_output_tokens"}
	}
	r.Usage = &responseUsage{
		Input: one.prompt, InputDetails: inputTokens{one.cached()}, Output: res.GeneratedTokens, OutDetails: outTokens{thoughts},
		Total: one.prompt + res.GeneratedTokens,
	}
	r.Timings, r.Seed = one.timings(), &res.Seed
	return r.Status
}

// responsesConversation reads a request and renders its prompt.
func (s *Server) responsesConversation(w http.ResponseWriter, r *http.Request) (*openai.ResponsesRequest, *conversation, error) {
	body, err := s.readBody(w, r)
	if err != nil {
		return nil, nil, err
	}
	req, err := openai.ParseResponses(body, s.opt.Sampling)
	if err != nil {
		return nil, nil, err
	}
	c, err := s.render(r, &req.ChatRequest)
	return req, c, err
}

// responses answers a conversation in the form of the Responses API.
func (s *Server) responses(w http.ResponseWriter, r *http.Request) error {
	req, c, err := s.responsesConversation(w, r)
	if err != nil {
		return err
	}
	f, a, err := s.answerTo(r, c)
	if err != nil {
		return err
	}
	defer f.close()
	out := &responseEvents{events: s.newEvents(w), streams: c.Stream, timings: c.Timings, response: s.newResponse(req, noteOf(w).fixed)}
	err = out.all(f, a.list[0])
	if err == nil && !c.Stream {
		err = s.send(w, http.StatusOK, out.response)
	}
	s.ended(w, a, err)
	return err
}

// responseTokens counts the tokens of a conversation in the form of the Responses API.
func (s *Server) responseTokens(w http.ResponseWriter, r *http.Request) error {
	_, c, err := s.responsesConversation(w, r)
	if err != nil {
		return err
	}
	return s.send(w, http.StatusOK, map[string]any{"object": "response.input_tokens", "input_tokens": len(c.ids)})
}

// responseKept refuses requests for stored responses, because this server stores none.
func (s *Server) responseKept(http.ResponseWriter, *http.Request) error {
	return &openai.Error{Status: http.StatusNotFound, Type: openai.TypeNotFound, Code: "response_not_found",
		Message: "this server keeps no responses: send the whole conversation with each request"}
}
