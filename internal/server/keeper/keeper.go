// Package keeper loads models when requests need them, and keeps them for a while. It loads each
// model once, however many requests wait for it. If there are too many models, or they are too
// large together, it unloads the least recently used one. It never unloads a model in use.
package keeper

import (
	"context"
	"errors"
	"sync"
	"time"
)

// ErrBusy says that all models are in use and Options.Waiting
// requests already wait for a model to become free.
var ErrBusy = errors.New("all models that may be loaded are in use")

// ErrClosed says that the keeper is closed.
var ErrClosed = errors.New("the models are closed")

// Options limit what a keeper keeps.
type Options[T any] struct {
	Max       int           // largest number of models at a time
	Bytes     int64         // largest size of all models together, in bytes; a single model may be larger; 0: no limit
	KeepAlive time.Duration // how long an unused model stays loaded; negative: for ever
	Waiting   int           // largest number of requests that wait for room

	// Load loads a model. Close unloads it.
	Load  func(ctx context.Context, name string) (T, error)
	Close func(model T)
	// Log gets a line for each model that is loaded or unloaded.
	Log func(format string, args ...any)
}

// Keeper loads, keeps and unloads models. Several goroutines may use it.
type Keeper[T any] struct {
	opt Options[T]

	mu      sync.Mutex
	changed chan struct{} // closed and replaced at every change
	models  map[string]*entry[T]
	waiting int
	closed  bool
}

// entry is a model that is loaded, being loaded or being unloaded.
type entry[T any] struct {
	name  string
	size  int64 // bytes
	users int
	used  time.Time     // time of the last use
	ready chan struct{} // closed once model or err is set
	model T
	err   error
	timer *time.Timer // unloads the model; nil while it is in use
	going bool        // being unloaded
}

// New returns a keeper without models.
func New[T any](opt Options[T]) *Keeper[T] {
	if opt.Log == nil {
		opt.Log = func(string, ...any) {}
	}
	return &Keeper[T]{opt: opt, models: map[string]*entry[T]{}, changed: make(chan struct{})}
}

// Get returns a model, and loads it if necessary. size is the model's size in bytes. The model stays
// loaded until release is called. If there is no room, Get waits until another model is no longer in
// use.
func (k *Keeper[T]) Get(ctx context.Context, name string, size int64) (model T, release func(), err error) {
	k.mu.Lock()
	waits := false
	defer func() {
		if waits {
			k.waiting--
		}
		k.mu.Unlock()
	}()
	for {
		if k.closed {
			return model, nil, ErrClosed
		}
		if e := k.models[name]; e != nil && !e.going {
			return k.use(ctx, e)
		}
		if k.models[name] == nil && k.room(size) {
			e := &entry[T]{name: name, size: size, ready: make(chan struct{})}
			k.models[name] = e
			go k.load(context.WithoutCancel(ctx), e)
			return k.use(ctx, e)
		}
		if k.models[name] == nil && k.evict() {
			continue
		}
		if !waits {
			if k.waiting >= k.opt.Waiting {
				return model, nil, ErrBusy
			}
			k.waiting++
			waits = true
		}
		if err := k.wait(ctx, k.changed); err != nil {
			return model, nil, err
		}
	}
}

// wait waits until c is closed or ctx is done. It releases the mutex meanwhile.
func (k *Keeper[T]) wait(ctx context.Context, c <-chan struct{}) error {
	k.mu.Unlock()
	defer k.mu.Lock()
	select {
	case <-c:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// room reports whether a model of size bytes may be loaded in addition to the others.
func (k *Keeper[T]) room(size int64) bool {
	if len(k.models) == 0 {
		return true
	}
	for _, e := range k.models {
		size += e.size
	}
	return len(k.models) < k.opt.Max && (k.opt.Bytes <= 0 || size <= k.opt.Bytes)
}

// evict unloads the least recently used model that is not
// in use. It returns false if there is no such model.
func (k *Keeper[T]) evict() bool {
	var oldest *entry[T]
	for _, e := range k.models {
		if e.users == 0 && !e.going && (oldest == nil || e.used.Before(oldest.used)) {
			oldest = e
		}
	}
	if oldest == nil {
		return false
	}
	k.unload(oldest)
	return true
}

// unload unloads a model that is not in use. It releases the mutex meanwhile.
func (k *Keeper[T]) unload(e *entry[T]) {
	e.going = true
	if e.timer != nil {
		e.timer.Stop()
	}
	k.mu.Unlock()
	k.opt.Close(e.model)
	k.opt.Log("unloaded %s", e.name)
	k.mu.Lock()
	delete(k.models, e.name)
	k.tell()
}

// tell wakes all goroutines that wait for a change.
func (k *Keeper[T]) tell() {
	close(k.changed)
	k.changed = make(chan struct{})
}

// load loads a model. It continues even if the request that started
// it is cancelled, because other requests may wait for the model.
func (k *Keeper[T]) load(ctx context.Context, e *entry[T]) {
	start := time.Now()
	model, err := k.opt.Load(ctx, e.name)
	k.mu.Lock()
	defer k.mu.Unlock()
	e.model, e.err, e.used = model, err, time.Now()
	close(e.ready)
	if err != nil {
		delete(k.models, e.name)
		k.tell()
		return
	}
	k.opt.Log("loaded %s in %v", e.name, time.Since(start).Round(time.Millisecond))
	if e.users == 0 {
		k.idle(e)
	}
}

// use adds a user to a model, waits until the model is loaded, and returns it.
func (k *Keeper[T]) use(ctx context.Context, e *entry[T]) (model T, release func(), err error) {
	e.users++
	if e.timer != nil {
		e.timer.Stop()
		e.timer = nil
	}
	err = k.wait(ctx, e.ready)
	if err == nil {
		err = e.err
	}
	if err != nil {
		k.leave(e)
		return model, nil, err
	}
	return e.model, sync.OnceFunc(func() {
		k.mu.Lock()
		defer k.mu.Unlock()
		k.leave(e)
	}), nil
}

// leave removes a user from a model.
func (k *Keeper[T]) leave(e *entry[T]) {
	e.users--
	if e.users > 0 || k.models[e.name] != e {
		return
	}
	select {
	case <-e.ready:
		k.idle(e)
	default: // load will call idle
	}
}

// idle notes that a model is not in use, and starts
// the timer that unloads the model after KeepAlive.
func (k *Keeper[T]) idle(e *entry[T]) {
	e.used = time.Now()
	if k.opt.KeepAlive >= 0 {
		e.timer = time.AfterFunc(k.opt.KeepAlive, func() {
			k.mu.Lock()
			defer k.mu.Unlock()
			if e.users == 0 && !e.going && k.models[e.name] == e {
				k.unload(e)
			}
		})
	}
	k.tell()
}

// Loaded returns the set of loaded models, by name.
func (k *Keeper[T]) Loaded() map[string]bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	loaded := map[string]bool{}
	for name, e := range k.models {
		select {
		case <-e.ready:
			loaded[name] = !e.going
		default:
		}
	}
	return loaded
}

// Close unloads all models, each as soon as nobody uses it.
func (k *Keeper[T]) Close() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.closed = true
	k.tell()
	for len(k.models) > 0 {
		if !k.evict() {
			k.wait(context.Background(), k.changed)
		}
	}
}
