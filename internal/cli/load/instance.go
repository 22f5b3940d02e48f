// Package load opens models as the flags say, with an engine or a session, a sampler and a chat
// template. Its errors have hints about files that cannot be used. Commands take flags such as -m,
// -c, -b, -t and the cache types from here, so that they mean the same everywhere.
package load

import (
	"path/filepath"
	"time"

	"alpaca/internal/engine"
	"alpaca/internal/model"
	"alpaca/internal/sampler"
	"alpaca/internal/store/ollama"
)

// Instance is a loaded model, with its engine or session and its sampler.
type Instance struct {
	Path     string
	Label    string // the name in tables; "": the name of the file
	Model    *model.Model
	Settings ollama.Settings        // settings that came with a model of Ollama; empty for other models
	Session  *model.Session         // nil before Start and after Stop
	Engine   *engine.Engine         // nil before StartEngine
	Text     *engine.Text           // a text of Engine; nil before StartEngine
	Sampler  *sampler.Sampler       // nil before NewSampler
	Grammar  func() sampler.Grammar // makes a text's grammar; nil: texts are not constrained
	Params   sampler.Params         // the sampler's settings, from flags and model; set by Generation.Start
	Random   bool                   // the sampler draws at random, so its seed matters
	LoadTime time.Duration
	ResumeGC func() // allows garbage collection again, and is called at the first token; set by Generation.Start

	small   *Instance // the small model that drafts; nil: none
	release func()    // tells other commands that the file is no longer in use; nil: not needed
}

// Name returns the model's name in tables.
func (e *Instance) Name() string {
	if e.Label != "" {
		return e.Label
	}
	return filepath.Base(e.Path)
}

// Start gives the model a new session, and ends an old one.
func (e *Instance) Start(opt model.SessionOptions) (err error) {
	e.Stop()
	e.Session, err = e.Model.NewSession(opt)
	return err
}

// Stop ends the session, if there is one.
func (e *Instance) Stop() {
	if e.Session != nil {
		e.Session.Close()
		e.Session = nil
	}
}

// StartEngine gives the model an engine and a text of that engine.
func (e *Instance) StartEngine(opt engine.Options) (err error) {
	if e.Engine, err = engine.New(e.Model, opt); err == nil {
		e.Text = e.Engine.NewText()
	}
	return err
}

// NewSampler makes a sampler for the texts of the engine, sets e.Sampler to it, and returns it. It
// uses the context of the engine instead of p.Ctx.
func (e *Instance) NewSampler(p sampler.Params) (*sampler.Sampler, error) {
	p.Ctx = e.Engine.Ctx()
	tok := e.Model.Tokenizer
	s, err := sampler.New(p, sampler.Vocab{
		N:     tok.Len(),
		EOG:   tok.EOG(),
		Piece: func(id int32) string { return tok.Piece(id, false) },
	})
	if err == nil {
		e.Sampler, e.Random = s, p.Temp > 0
	}
	return s, err
}

// Close frees the session, the engine, the model, and the small model that drafts.
func (e *Instance) Close() {
	e.Stop()
	if e.Engine != nil {
		e.Engine.Close()
	}
	e.Model.Close()
	if e.small != nil {
		e.small.Close()
	}
	if e.release != nil {
		e.release()
	}
}
