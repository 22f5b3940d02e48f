package server

import (
	"net/http"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"alpaca/internal/openai"
	"alpaca/internal/server/guard"
	"alpaca/internal/server/metrics"
	"alpaca/internal/tokenizer"
)

// health answers as readyz does, at the paths that llama.cpp's server has for health checks.
func (s *Server) health(w http.ResponseWriter, r *http.Request) error { return s.readyz(w, r) }

// readyz tells load balancers whether to send requests. The answer is no while the server drains.
func (s *Server) readyz(w http.ResponseWriter, _ *http.Request) error {
	if s.draining.Load() {
		return errDraining
	}
	return s.send(w, http.StatusOK, map[string]string{"status": "ok"})
}

// livez tells supervisors whether the program hangs and should be
// restarted. It hangs if the engine has work, but makes no progress.
func (s *Server) livez(w http.ResponseWriter, _ *http.Request) error {
	if s.engine.Stalled() > s.opt.StallTimeout {
		return &openai.Error{Status: http.StatusServiceUnavailable, Type: openai.TypeUnavailable, Code: "stalled", Message: "the engine has stalled: it makes no progress"}
	}
	return s.send(w, http.StatusOK, map[string]string{"status": "ok"})
}

// modelCard describes a model in a list.
type modelCard struct {
	ID      string         `json:"id"`
	Object  string         `json:"object"` // "model"
	Created int64          `json:"created"`
	OwnedBy string         `json:"owned_by"`
	Aliases []string       `json:"aliases"`
	Tags    []string       `json:"tags"`
	Meta    map[string]any `json:"meta"`

	Status map[string]string `json:"status,omitempty"` // only for a model of Options.Library: "loaded" or "unloaded", as in llama.cpp's router
}

func (s *Server) card() modelCard {
	m := s.engine.Model()
	var elements int64
	for _, t := range m.File.Tensors {
		elements += int64(t.Elems())
	}
	return modelCard{
		ID: s.name(), Object: "model", Created: s.started.Unix(), OwnedBy: "alpaca", Aliases: s.opt.Aliases, Tags: append([]string{}, s.opt.Tags...),
		Meta: map[string]any{
			"n_vocab": s.tok.Len(), "n_ctx_train": m.Config.TrainCtx, "n_embd": m.Config.Dim, "n_params": elements, "size": m.File.Size(),
			"vocab_type": s.tok.Model(), "n_ctx": s.engine.Ctx(),
		},
	}
}

// models lists the server's own model, then the models of Options.Library.
func (s *Server) models(w http.ResponseWriter, _ *http.Request) error {
	data := []modelCard{s.card()}
	for _, m := range s.library() {
		data = append(data, m.card())
	}
	return s.send(w, http.StatusOK, map[string]any{"object": "list", "data": data})
}

// model describes the model whose name is in the path.
func (s *Server) model(w http.ResponseWriter, r *http.Request) error {
	id := r.PathValue("id")
	for _, m := range s.library() {
		if m.Name == id {
			return s.send(w, http.StatusOK, m.card())
		}
	}
	if !slices.Contains(s.opt.Aliases, id) {
		return &openai.Error{Status: http.StatusNotFound, Type: openai.TypeNotFound, Code: "model_not_found", Param: "model",
			Message: "there is no model " + strconv.Quote(guard.Clip(id)) + "; there is " + s.name()}
	}
	return s.send(w, http.StatusOK, s.card())
}

// props describes the server to clients.
func (s *Server) props(w http.ResponseWriter, _ *http.Request) error {
	special := s.tok.Special()
	text := func(id int32) string {
		if id == tokenizer.None {
			return ""
		}
		return s.tok.Text(id)
	}
	template := ""
	if s.opt.Template != nil {
		template = s.opt.Template.Source()
	}
	return s.send(w, http.StatusOK, map[string]any{
		"default_generation_settings": map[string]any{"n_ctx": s.engine.Ctx(), "params": s.shown()},
		"total_slots":                 s.opt.Parallel,
		"model_alias":                 s.name(),
		"model_path":                  filepath.Base(s.opt.Path),
		"chat_template":               template,
		"warnings":                    append([]string{}, s.opt.Warnings...),
		"bos_token":                   text(special.BOS),
		"eos_token":                   text(special.EOS),
		"modalities":                  map[string]bool{"vision": false, "audio": false},
		"build_info":                  "alpaca " + s.opt.Build,
		"metrics":                     s.opt.Metrics,
		"data":                        s.opt.Data != nil,
	})
}

// slots shows how many answers are running. An answer has no fixed slot here, so the first slots are
// shown as busy.
func (s *Server) slots(w http.ResponseWriter, _ *http.Request) error {
	if !s.opt.Slots {
		return switchedOff("/slots", "--slots")
	}
	type slot struct {
		ID         int  `json:"id"`
		Ctx        int  `json:"n_ctx"`
		Processing bool `json:"is_processing"`
	}
	list := []slot{}
	running := s.engine.Stats().Running
	for i := range s.opt.Parallel {
		list = append(list, slot{ID: i, Ctx: s.engine.Ctx(), Processing: i < running})
	}
	return s.send(w, http.StatusOK, list)
}

// metricsPage sends the server's metrics in Prometheus' text format.
func (s *Server) metricsPage(w http.ResponseWriter, _ *http.Request) error {
	if !s.opt.Metrics {
		return switchedOff("/metrics", "--metrics")
	}
	var p metrics.Exposition
	e := s.engine.Stats()
	s.metrics.Write(&p, &e)
	w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
	w.Header().Set("Process-Start-Time-Unix", strconv.FormatInt(s.started.Unix(), 10))
	s.extend(w)
	_, err := w.Write([]byte(p.String()))
	return err
}

// switchedOff returns the error for a page that needs the
// command-line flag named flag. The error tells clients not to retry.
func switchedOff(path, flag string) error {
	return &openai.Error{Status: http.StatusNotImplemented, Type: openai.TypeUnsupported, Code: "switched_off", Final: true,
		Message: path + " is switched off: start the server with " + flag}
}

// tokenize returns the tokens of a text.
func (s *Server) tokenize(w http.ResponseWriter, r *http.Request) error {
	body, err := s.readBody(w, r)
	if err != nil {
		return err
	}
	req, err := openai.ParseTokenize(body)
	if err != nil {
		return err
	}
	ids := s.tok.Encode(req.Content, req.AddSpecial, !req.NoSpecial)
	if !req.WithPieces {
		return s.send(w, http.StatusOK, map[string]any{"tokens": append([]int32{}, ids...)})
	}
	type token struct {
		ID    int32 `json:"id"`
		Piece any   `json:"piece"` // a string or, if the bytes are not valid UTF-8, a list of bytes
	}
	list := []token{}
	for _, id := range ids {
		piece := s.tok.Piece(id, true)
		if strings.ToValidUTF8(piece, "") == piece {
			list = append(list, token{id, piece})
		} else {
			list = append(list, token{id, openai.Bytes(piece)})
		}
	}
	return s.send(w, http.StatusOK, map[string]any{"tokens": list})
}

// detokenize returns the text of tokens.
func (s *Server) detokenize(w http.ResponseWriter, r *http.Request) error {
	body, err := s.readBody(w, r)
	if err != nil {
		return err
	}
	ids, err := openai.ParseDetokenize(body)
	if err != nil {
		return err
	}
	if err := s.inVocabulary(ids, "tokens"); err != nil {
		return err
	}
	return s.send(w, http.StatusOK, map[string]string{"content": s.written(ids)})
}

// applyTemplate returns the prompt of a conversation.
func (s *Server) applyTemplate(w http.ResponseWriter, r *http.Request) error {
	c, err := s.converse(w, r, false)
	if err != nil {
		return err
	}
	return s.send(w, http.StatusOK, map[string]string{"prompt": c.text})
}

// inputTokens counts the tokens of a conversation.
func (s *Server) inputTokens(w http.ResponseWriter, r *http.Request) error {
	c, err := s.converse(w, r, false)
	if err != nil {
		return err
	}
	return s.send(w, http.StatusOK, map[string]any{"object": "response.input_tokens", "input_tokens": len(c.ids)})
}
