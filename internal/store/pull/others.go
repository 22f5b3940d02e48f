package pull

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"path"
	"strings"

	"alpaca/internal/store"
	"alpaca/internal/store/advice"
	"alpaca/internal/store/fetch"
	"alpaca/internal/store/ollama"
	"alpaca/internal/store/ref"
	"alpaca/internal/store/registry"
	"alpaca/internal/store/web"
)

// ollama pulls a model from Ollama's registry.
func (p *Puller) ollama(ctx context.Context, r ref.Ref) (Result, error) {
	reg := registry.New(p.Client, r)
	m, data, err := reg.Manifest(ctx)
	if err != nil {
		return Result{}, err
	}
	model, err := m.Model()
	if err != nil {
		return Result{}, fmt.Errorf("%s: %w", r, err)
	}
	root := p.Library.OwnOllama()
	rec := p.Library.RecordOf(r.String())
	var items []*item
	for _, l := range append([]ollama.Layer{model}, others(m, model)...) {
		isModel := l.Digest == model.Digest
		if l.Kind() == ollama.KindProjector {
			p.Note("%s has a part for pictures, which is left out", r)
			continue
		}
		name := path.Base(r.String())
		if !isModel {
			name += " (" + path.Ext("x." + l.Kind())[1:] + ")"
		}
		items = append(items, &item{model: isModel, name: "model.gguf", lock: p.Library.LockOf(l.Hash()), job: fetch.Job{
			Name: name, Path: root.Blob(l.Hash()), Size: l.Size, SHA256: l.Hash(), Model: isModel, Locate: reg.Locate(l)}})
	}
	if l, ok := m.Find(ollama.KindLicense); ok && rec.Licence == "" {
		p.Note("%s has a licence of %d bytes: \"alpaca show --license %s\" prints it", r, l.Size, r)
		rec.Licence = "in the model"
	}
	if err := p.get(ctx, items, rec, func() error { return root.Save(r, data) }); err != nil {
		return Result{}, err
	}
	return p.finish(r.String(), rec, items)
}

// others returns all layers except the one with the model, each digest once.
func others(m *ollama.Manifest, model ollama.Layer) (list []ollama.Layer) {
	seen := map[string]bool{model.Digest: true, "": true}
	for _, l := range append(m.Layers[:len(m.Layers):len(m.Layers)], m.Config) {
		if !seen[l.Digest] {
			seen[l.Digest] = true
			list = append(list, l)
		}
	}
	return list
}

// url pulls the file of a URL.
func (p *Puller) url(ctx context.Context, r ref.Ref) (Result, error) {
	if r.URL.RawQuery == "" && !strings.HasSuffix(r.URL.Path, ".gguf") {
		p.Note("the address does not end in .gguf: the file is fetched all the same")
	}
	at, err := p.probe(ctx, r)
	if err != nil {
		return Result{}, err
	}
	file := p.Library.URLPath(r)
	rec := p.Library.RecordOf(r.String())
	i := &item{model: true, name: "model.gguf", lock: p.Library.URLLock(file), job: fetch.Job{
		Name: path.Base(r.URL.Path), Path: file, Size: at.size, SHA256: p.SHA256, ETag: at.tag, Model: true,
		Locate: func(context.Context) (fetch.Source, error) { return fetch.Source{URL: r.URL}, nil }}}
	if p.same(ctx, r, rec, at) {
		m, err := p.Library.Find(r.String())
		if err != nil {
			return Result{}, err
		}
		return Result{Name: m.Name, Path: m.Path(), SHA256: m.Digest(), Size: m.Size()}, nil
	}
	rec.Files, rec.ETag = nil, at.tag
	items := []*item{i}
	if err := p.getNew(ctx, items, rec); err != nil {
		return Result{}, err
	}
	return p.finish(r.String(), rec, items)
}

// getNew does what get does, for files whose names do not identify their content. It replaces an
// existing file, which is an older version.
func (p *Puller) getNew(ctx context.Context, items []*item, rec *store.Record) error {
	for _, i := range items {
		i.anew = true
	}
	return p.get(ctx, items, rec, func() error { return nil })
}

// found is what a server says about a file.
type found struct {
	size int64  // bytes; -1: not known
	tag  string // changes with the content; "": not known
}

// probe asks for a file's length and version: by HEAD, or if the server refuses that, by a
// request for one byte.
func (p *Puller) probe(ctx context.Context, r ref.Ref) (found, error) {
	answer, err := p.Client.Send(ctx, web.Ask{Method: http.MethodHead, URL: r.URL})
	var status *web.StatusError
	if errors.As(err, &status) && (status.Status == http.StatusMethodNotAllowed || status.Status == http.StatusForbidden || status.Status == http.StatusNotImplemented || status.Status == http.StatusBadRequest) {
		answer, err = p.Client.Send(ctx, web.Ask{URL: r.URL, Header: http.Header{"Range": {"bytes=0-0"}}})
	}
	if err != nil {
		if errors.As(err, &status) && (status.Status == http.StatusUnauthorized || status.Status == http.StatusForbidden) {
			err = advice.Add(err, "a file that requires a login cannot be pulled by its address")
		}
		return found{}, err
	}
	answer.Body.Close()
	f := found{answer.ContentLength, version(answer.Header)}
	if answer.StatusCode == http.StatusPartialContent {
		f.size = -1
		if n, ok := fetch.ContentRangeTotal(answer.Header.Get("Content-Range")); ok {
			f.size = n
		}
	}
	if kind := answer.Header.Get("Content-Type"); strings.HasPrefix(kind, "text/html") {
		return found{}, advice.Add(fmt.Errorf("%s is a web page, not a model", web.Shown(answer.URL)), "use the address of the download button on that page")
	}
	return f, nil
}

// version returns a header that changes with a file's content: a strong ETag or Last-Modified;
// "" if there is neither.
func version(h http.Header) string {
	if tag := h.Get("ETag"); strings.HasPrefix(tag, `"`) {
		return tag
	}
	return h.Get("Last-Modified")
}

// same reports whether the file of a URL is already here, in the version that the server has now.
func (p *Puller) same(ctx context.Context, r ref.Ref, rec *store.Record, at found) bool {
	m, err := p.Library.Find(r.String())
	if err != nil || at.size >= 0 && m.Size() != at.size {
		return false
	}
	c := rec.Of(m.Path())
	if c == nil {
		return false
	}
	if p.SHA256 != "" {
		return c.SHA256 == p.SHA256
	}
	return at.tag != "" && rec.ETag == at.tag
}
