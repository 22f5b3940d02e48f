// Package load opens models as the flags say: with an engine or a session, a sampler and a
// chat template, and with hints where a file cannot be used. Commands get their -m, -c, -b,
// -t, cache types and the like here, so that the flags mean the same everywhere.
package load

import (
	"path/filepath"
	"time"

	"alpaca/internal/engine"
	"alpaca/internal/model"
	"alpaca/internal/sampler"
	"alpaca/internal/store/ollama"
)

// Instance is a model at work.
type Instance struct {
	Path     string
	Label    string // the name in tables; "": the file's
	Model    *model.Model
	Settings ollama.Settings        // what the model brings along besides its file
	Session  *model.Session         // nil before Start and after Stop
	Engine   *engine.Engine         // nil before StartEngine
	Text     *engine.Text           // of Engine
	Sampler  *sampler.Sampler       // nil before NewSampler
	Grammar  func() sampler.Grammar // nil: texts have any form
	Params   sampler.Params         // how tokens are chosen: flags and the model's settings; set by Start
	Random   bool                   // the sampler draws, so that its seed matters
	LoadTime time.Duration

	small   *Instance // that drafts for it; nil: none does
	release func()    // the file, for those who remove models; nil: nobody asks
}

// Name returns the model's name in tables.
func (e *Instance) Name() string {
	if e.Label != "" {
		return e.Label
	}
	return filepath.Base(e.Path)
}

// Start gives the model a session, in place of any it has.
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

// StartEngine gives the model an engine, and that a text.
func (e *Instance) StartEngine(opt engine.Options) (err error) {
	if e.Engine, err = engine.New(e.Model, opt); err == nil {
		e.Text = e.Engine.NewText()
	}
	return err
}

// NewSampler gives the model a sampler for its engine's texts, in place of any it has, and
// returns it. It sets p.Ctx.
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

// Close frees everything.
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
