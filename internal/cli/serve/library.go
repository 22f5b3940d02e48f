package serve

import (
	"context"
	"errors"

	"alpaca/internal/cli/load"
	"alpaca/internal/cli/models"
	"alpaca/internal/cli/ui"
	"alpaca/internal/engine"
	"alpaca/internal/machine"
	"alpaca/internal/openai"
	"alpaca/internal/server"
	"alpaca/internal/server/keeper"
	"alpaca/internal/store"
	"alpaca/internal/store/pick"
)

// library serves the models on this machine. It loads a
// model when a request names it, and never fetches one.
type library struct {
	store  *store.Library
	keeper *keeper.Keeper[*loaded]
}

// loaded is a loaded model with its engine and its server.
type loaded struct {
	server *server.Server
	engine *engine.Engine
	model  *load.Instance
}

func (l *loaded) close() {
	l.engine.Close()
	l.model.Close()
}

// library returns the models that the server may load in addition to own, the model with which the
// server began. It returns nil if --models-max is 0.
func (o *options) library(u *ui.UI, own *load.Instance) (*library, error) {
	if o.modelsMax == 0 {
		return nil, nil
	}
	lib, err := models.Library()
	if err != nil {
		return nil, err
	}
	budget := int64(o.modelsMemory * (1 << 30))
	if budget == 0 {
		budget = machine.FreeMemory() / 4 * 3 // if the free memory is unknown, this is 0: no limit
	} else {
		budget = max(1, budget-own.Model.File.Size())
	}
	return &library{lib, keeper.New(keeper.Options[*loaded]{
		Max: o.modelsMax, Bytes: budget, KeepAlive: o.keepAlive, Waiting: o.queue, Log: u.Notef,
		Load:  func(_ context.Context, name string) (*loaded, error) { return o.load(u, name) },
		Close: (*loaded).close,
	})}, nil
}

// load loads the model with the given name and makes a server for it.
func (o *options) load(u *ui.UI, name string) (*loaded, error) {
	m, err := o.model.WithoutLoRA().Open(u, name) // adapters are only for the server's own model
	if err != nil {
		return nil, err
	}
	opt, err := o.serverOptions(u, m)
	if err != nil {
		m.Close()
		return nil, err
	}
	opt.Aliases = []string{name}
	e, err := o.engine(u, m, o.model.Drafts.Without()) // the small model drafts only for the server's own model
	if err != nil {
		m.Close()
		return nil, err
	}
	return &loaded{server.New(e, opt), e, m}, nil
}

// Models lists the models.
func (l *library) Models() (list []server.LibraryModel) {
	now := l.keeper.Loaded()
	for _, m := range l.store.List() {
		list = append(list, server.LibraryModel{Name: m.Name, Size: m.Size(), Quant: m.Quant, Time: m.Modified, Loaded: now[m.Name]})
	}
	return list
}

// Open returns a server for the model with the given name, and a function to call when the request
// is done.
func (l *library) Open(ctx context.Context, name string) (*server.Server, func(), error) {
	m, err := l.store.Find(name)
	var absent *store.NotFoundError
	var ambiguous *pick.Ambiguous
	switch {
	case errors.As(err, &absent):
		return nil, nil, server.ErrNoModel
	case errors.As(err, &ambiguous):
		return nil, nil, openai.Invalid("model", "is not clear: %v", err)
	case err != nil:
		return nil, nil, server.ErrNoModel // the name is not valid
	}
	one, release, err := l.keeper.Get(ctx, m.Name, m.Size())
	if err != nil {
		return nil, nil, err
	}
	return one.server, release, nil
}
