package server

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"

	"alpaca/internal/openai"
)

// ollamaPath begins the paths of Ollama's API.
const ollamaPath = "/api/"

// ollamaVersion is the version of Ollama that the server
// claims to be. Clients check whether it is new enough.
const ollamaVersion = "0.12.6"

// ollamaPiece is a line of an answer. The last line has the counts and durations, in nanoseconds.
type ollamaPiece struct {
	Model     string         `json:"model"`
	CreatedAt time.Time      `json:"created_at"`
	Message   *ollamaMessage `json:"message,omitempty"`  // for /api/chat
	Response  *string        `json:"response,omitempty"` // for /api/generate
	Thinking  string         `json:"thinking,omitempty"` // for /api/generate
	Done      bool           `json:"done"`

	Reason         string        `json:"done_reason,omitempty"` // stop, length or load
	Total          time.Duration `json:"total_duration,omitempty"`
	Load           time.Duration `json:"load_duration,omitempty"`
	PromptCount    int           `json:"prompt_eval_count,omitempty"`
	PromptDuration time.Duration `json:"prompt_eval_duration,omitempty"`
	Count          int           `json:"eval_count,omitempty"`
	Duration       time.Duration `json:"eval_duration,omitempty"`
	Seed           *uint32       `json:"seed,omitempty"` // an extension: seed of the sampler
}

type ollamaMessage struct {
	Role     string `json:"role"`
	Content  string `json:"content"`
	Thinking string `json:"thinking,omitempty"`

	ToolCalls []ollamaCall `json:"tool_calls,omitempty"`
}

// ollamaCall is a complete call of a tool: Ollama never streams parts of a call.
type ollamaCall struct {
	ID       string `json:"id"`
	Function struct {
		Index     int             `json:"index"`
		Name      string          `json:"name"`
		Arguments json.RawMessage `json:"arguments"` // an object
	} `json:"function"`
}

// ollamaCalls returns the calls of an answer, except one whose arguments are cut off.
func ollamaCalls(calls []openai.ToolCall) (list []ollamaCall) {
	for i, call := range calls {
		if !json.Valid([]byte(call.Function.Arguments)) {
			continue
		}
		c := ollamaCall{ID: call.ID}
		c.Function.Index, c.Function.Name, c.Function.Arguments = i, call.Function.Name, callBlock(call).Input
		list = append(list, c)
	}
	return list
}

// ollamaPiece returns a line with text and thinking. isText selects the form of /api/generate.
func (s *Server) ollamaPiece(isText bool, text, thought string) ollamaPiece {
	p := ollamaPiece{Model: s.name(), CreatedAt: time.Now().UTC()}
	if isText {
		p.Response, p.Thinking = &text, thought
	} else {
		p.Message = &ollamaMessage{Role: "assistant", Content: text, Thinking: thought}
	}
	return p
}

// ollamaChat answers a conversation in Ollama's form.
func (s *Server) ollamaChat(w http.ResponseWriter, r *http.Request) error {
	return s.ollama(w, r, false)
}

func (s *Server) ollamaGenerate(w http.ResponseWriter, r *http.Request) error {
	return s.ollama(w, r, true)
}

func (s *Server) ollama(w http.ResponseWriter, r *http.Request, isText bool) error {
	body, err := s.readBody(w, r)
	if err != nil {
		return err
	}
	req, err := openai.ParseOllama(body, s.opt.Sampling, isText)
	if err != nil {
		return err
	}
	if len(req.Messages) == 0 && req.Prompt == "" {
		p := s.ollamaPiece(isText, "", "")
		p.Done, p.Reason = true, "load"
		return s.send(w, http.StatusOK, p)
	}
	var c *conversation
	if req.Raw {
		c = &conversation{ChatRequest: &req.ChatRequest, text: req.Prompt}
		c.ids, err = s.prompt(openai.Prompt{{Text: req.Prompt}}, "prompt")
	} else {
		c, err = s.render(r, &req.ChatRequest)
	}
	if err != nil {
		return err
	}
	f, a, err := s.answerTo(r, c)
	if err != nil {
		return err
	}
	defer f.close()
	err = s.sendOllama(w, c.Stream, isText, f, a)
	s.ended(w, a, err)
	return err
}

// sendOllama sends an answer: line by line as it is generated, or whole. An error before the first
// line becomes the response; a later error is sent as a line. Lines of JSON have no comments, and
// clients fail at an empty line. So a line with an empty text keeps a silent connection alive.
func (s *Server) sendOllama(w http.ResponseWriter, stream, isText bool, f *flow, a *answers) error {
	one := a.list[0]
	out := s.newEvents(w)
	out.kind = "application/x-ndjson"
	idle := func() error {
		if stream {
			out.line(s.ollamaPiece(isText, "", ""))
		}
		return out.err
	}
	err := f.each(s.opt.KeepAlive, idle, func(e event) error {
		if p := one.add(e); stream && (p.text != "" || p.thought != "" || len(p.probs) > 0) {
			out.line(s.ollamaPiece(isText, p.text, p.thought))
		}
		if calls := ollamaCalls(one.calls); e.result != nil && stream && calls != nil {
			p := s.ollamaPiece(false, "", "")
			p.Message.ToolCalls = calls
			out.line(p)
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
	last := s.ollamaPiece(isText, "", "")
	if !stream {
		last = s.ollamaPiece(isText, one.text.String(), one.thought.String())
		if last.Message != nil {
			last.Message.ToolCalls = ollamaCalls(one.calls)
		}
	}
	r := one.result
	last.Done, last.Reason, last.Total = true, finish(r), time.Since(a.began)
	last.Seed = &r.Seed
	last.PromptCount, last.PromptDuration, last.Count, last.Duration = one.prompt, r.PromptTime, r.GeneratedTokens, r.GenerateTime
	if !stream {
		return s.send(w, http.StatusOK, last)
	}
	out.line(last)
	return nil
}

// ollamaError returns an error in Ollama's form.
func ollamaError(e *openai.Error) any { return map[string]string{"error": e.Error()} }

// ollamaDetails returns Ollama's details about the model.
func (s *Server) ollamaDetails() map[string]any {
	m := s.engine.Model()
	arch, _, _ := m.File.String("general.architecture")
	elements := 0
	for _, t := range m.File.Tensors {
		elements += t.Elems()
	}
	size := fmt.Sprintf("%.1fM", float64(elements)/1e6)
	if elements >= 1e9 {
		size = fmt.Sprintf("%.1fB", float64(elements)/1e9)
	}
	types := map[string]int{}
	commonest := ""
	for _, t := range m.File.Tensors {
		name := t.Type.String()
		if types[name] += t.Elems(); commonest == "" || types[name] > types[commonest] {
			commonest = name
		}
	}
	return map[string]any{
		"parent_model": "", "format": "gguf", "family": arch, "families": []string{arch}, "parameter_size": size, "quantization_level": commonest,
	}
}

// ollamaCard describes the model in the form of Ollama's lists. The digest only distinguishes
// models: the file's own digest would require reading the whole file.
func (s *Server) ollamaCard() map[string]any {
	size := s.engine.Model().File.Size()
	sum := sha256.Sum256(fmt.Appendf(nil, "%s %d", s.opt.Path, size))
	return map[string]any{
		"name": s.name(), "model": s.name(), "modified_at": s.started.UTC(), "size": size, "digest": hex.EncodeToString(sum[:]), "details": s.ollamaDetails(),
	}
}

// ollamaTags lists all models.
func (s *Server) ollamaTags(w http.ResponseWriter, _ *http.Request) error {
	list := []any{s.ollamaCard()}
	for _, m := range s.library() {
		list = append(list, m.ollamaCard())
	}
	return s.send(w, http.StatusOK, map[string]any{"models": list})
}

// ollamaPS lists the loaded models.
func (s *Server) ollamaPS(w http.ResponseWriter, _ *http.Request) error {
	card := s.ollamaCard()
	card["expires_at"], card["size_vram"], card["context_length"] = s.started.AddDate(100, 0, 0).UTC(), 0, s.engine.Ctx()
	list := []any{card}
	for _, m := range s.library() {
		if m.Loaded {
			list = append(list, m.ollamaCard())
		}
	}
	return s.send(w, http.StatusOK, map[string]any{"models": list})
}

// ollamaShow describes the server's own model, whatever model the request names.
func (s *Server) ollamaShow(w http.ResponseWriter, r *http.Request) error {
	if _, err := s.readBody(w, r); err != nil {
		return err
	}
	details := s.ollamaDetails()
	arch, _ := details["family"].(string)
	c := s.engine.Model().Config
	template := ""
	if s.opt.Template != nil {
		template = s.opt.Template.Source()
	}
	capabilities := []string{"completion"}
	if s.opt.Template != nil {
		capabilities = append(capabilities, "tools")
	}
	if s.tags != nil {
		capabilities = append(capabilities, "thinking")
	}
	return s.send(w, http.StatusOK, map[string]any{
		"modelfile": "", "parameters": s.opt.Settings, "system": s.opt.System, "template": template, "details": details, "capabilities": capabilities, "modified_at": s.started.UTC(),
		"model_info": map[string]any{
			"general.architecture": arch, arch + ".context_length": c.TrainCtx, arch + ".embedding_length": c.Dim, arch + ".block_count": c.NumLayers,
		},
	})
}

func (s *Server) ollamaVersion(w http.ResponseWriter, _ *http.Request) error {
	return s.send(w, http.StatusOK, map[string]string{"version": ollamaVersion})
}

// isOllama reports whether a path belongs to Ollama's API.
func isOllama(path string) bool { return strings.HasPrefix(path, ollamaPath) }
