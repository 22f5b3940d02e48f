package server

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"slices"
	"time"

	"alpaca/internal/openai"
	"alpaca/internal/server/guard"
	"alpaca/internal/server/keeper"
	"alpaca/internal/store/ref"
)

// LibraryModel is a model of a Library, which requests may name.
type LibraryModel struct {
	Name   string
	Size   int64 // bytes
	Quant  string
	Time   time.Time // when its files were last changed
	Loaded bool
}

// ErrNoModel is the error of a Library that has no model with the given name.
var ErrNoModel = errors.New("there is no such model")

// Library gives access to the models of this machine. It never downloads one.
type Library interface {
	Models() []LibraryModel
	// Open loads the model if necessary and returns a server for it. The model
	// stays loaded until release is called. The error is ErrNoModel if no model
	// has that name. If the error is an *openai.Error, it becomes the response.
	Open(ctx context.Context, name string) (s *Server, release func(), err error)
}

// elsewhere passes requests that name another model of the library to that model's server.
// If the server has keys, elsewhere reads only the bodies of requests with an accepted key.
func (s *Server) elsewhere(h http.Handler) http.Handler {
	if s.opt.Library == nil {
		return h
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost || !s.guard.Known(r) {
			h.ServeHTTP(w, r)
			return
		}
		if err := s.hand(w, r, h); err != nil {
			s.fail(w, err)
		}
	})
}

// hand passes a request to the server of the model that its body names. own is this server's
// handler.
func (s *Server) hand(w http.ResponseWriter, r *http.Request, own http.Handler) error {
	body, err := s.readBody(w, r)
	if err != nil {
		return err
	}
	r = r.Clone(r.Context())
	r.Body = io.NopCloser(bytes.NewReader(body))
	name := modelOf(body)
	if name == "" || slices.Contains(s.opt.Aliases, name) {
		own.ServeHTTP(w, r)
		return nil
	}
	// Count before the model is loaded, so that drain waits for this request, too.
	s.delegated.Add(1)
	defer s.delegated.Add(-1)
	ctx, cancel := context.WithCancelCause(r.Context())
	defer cancel(nil)
	defer context.AfterFunc(s.ending, func() { cancel(errDraining) })()
	var known *openai.Error
	other, release, err := s.opt.Library.Open(ctx, name)
	switch {
	case errors.Is(err, ErrNoModel) && !ref.IsName(name) && len(s.library()) == 0:
		// This server has one model. Clients that are written for such servers send any name.
		own.ServeHTTP(w, r)
		return nil
	case errors.Is(err, ErrNoModel):
		return &openai.Error{Status: http.StatusNotFound, Type: openai.TypeNotFound, Code: "model_not_found", Param: "model",
			Message: "there is no model " + guard.Clip(name) + " on this machine; /v1/models lists its models, and \"alpaca pull\" fetches others"}
	case errors.Is(err, keeper.ErrBusy):
		return &openai.Error{Status: http.StatusTooManyRequests, Type: openai.TypeRate, Code: "queue_full", Message: err.Error(), RetryAfter: s.retryAfter()}
	case errors.Is(err, keeper.ErrClosed):
		return errDraining
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case errors.As(err, &known):
		return known
	case err != nil:
		s.opt.Log("%s: loading %s: %v", noteOf(w).id, guard.Clip(name), err)
		return &openai.Error{Status: http.StatusServiceUnavailable, Type: openai.TypeUnavailable, Code: "model_not_loaded", Final: true,
			Message: "the model " + guard.Clip(name) + " cannot be loaded; the server's log says why, in the lines with " + noteOf(w).id}
	}
	defer release()
	stop := context.AfterFunc(s.ending, other.end)
	defer stop()
	other.inner.ServeHTTP(w, r)
	return nil
}

// modelOf returns the model that a body names, or "" if it names none.
func modelOf(body []byte) string {
	// A struct with the field Model would also accept the key "MODEL".
	var fields map[string]json.RawMessage
	var name string
	json.Unmarshal(body, &fields) // an error is ignored here: the handler finds and reports it
	json.Unmarshal(fields["model"], &name)
	return name
}

// library returns the models of the library, without the server's own.
func (s *Server) library() (list []LibraryModel) {
	if s.opt.Library == nil {
		return nil
	}
	for _, m := range s.opt.Library.Models() {
		if !slices.Contains(s.opt.Aliases, m.Name) {
			list = append(list, m)
		}
	}
	return list
}

// card describes the model in the form of OpenAI's lists.
func (m LibraryModel) card() modelCard {
	status := "unloaded"
	if m.Loaded {
		status = "loaded"
	}
	return modelCard{ID: m.Name, Object: "model", Created: m.Time.Unix(), OwnedBy: "alpaca", Aliases: []string{m.Name}, Tags: []string{},
		Meta: map[string]any{"size": m.Size, "quantization": m.Quant}, Status: map[string]string{"value": status}}
}

// ollamaCard describes the model in the form of Ollama's lists.
func (m LibraryModel) ollamaCard() map[string]any {
	sum := sha256.Sum256([]byte(m.Name))
	return map[string]any{"name": m.Name, "model": m.Name, "modified_at": m.Time.UTC(), "size": m.Size, "digest": hex.EncodeToString(sum[:]),
		"details": map[string]any{"parent_model": "", "format": "gguf", "family": "", "families": nil, "parameter_size": "", "quantization_level": m.Quant}}
}
