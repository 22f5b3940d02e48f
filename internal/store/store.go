// Package store knows the models on this machine: those that "alpaca pull" fetched,
// and those in the folders of Hugging Face's clients, Ollama and LM Studio. It uses
// all of them in place. It finds a model by name, verifies the digests of files from
// other programs before their first use, and removes models. It opens no connection.
package store

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"alpaca/internal/store/hubcache"
	"alpaca/internal/store/ollama"
	"alpaca/internal/store/pick"
	"alpaca/internal/store/place"
	"alpaca/internal/store/ref"
)

// Where says whose folder holds a model.
type Where string

const (
	Hub      Where = "hub"      // Hugging Face's cache
	Own      Where = "alpaca"   // our own folder
	Ollama   Where = "ollama"   // read only
	LMStudio Where = "lmstudio" // read only
)

// Blob is the content of one part of a model.
type Blob struct {
	Path string // the path to open, which ends in the part's name
	File string // the file to lock and remove: Path, or the target if Path is a link
	// Digest is the expected digest of the content: a SHA-256, or for small files git's SHA-1;
	// "": not known.
	Digest string
	Size   int64
}

// Model is a model on this machine.
type Model struct {
	Name     string // the name that Find knows it by
	Ref      ref.Ref
	Quant    string // "": not known
	Blobs    []Blob // one for each part, in order
	Where    Where
	Modified time.Time // when the content last changed
	Used     time.Time // when it was last used; zero: not known
	Commit   string    // hub: the snapshot's commit
	Newer    string    // hub: the revision's current commit; "": not known, or equal to Commit
	Record   *Record   // what is recorded about it; nil: nothing

	repo     hubcache.Repo
	entries  []hubcache.Entry
	root     ollama.Root
	manifest *ollama.Found
}

// Path returns the file to open: the first part.
func (m *Model) Path() string { return m.Blobs[0].Path }

// Size returns the size of all parts in bytes.
func (m *Model) Size() (n int64) {
	for _, b := range m.Blobs {
		n += b.Size
	}
	return n
}

// Digest returns the digest of the first part, or "" if it is not known.
func (m *Model) Digest() string {
	if d := m.Blobs[0].Digest; d != "" || m.Record == nil {
		return d
	}
	if v := m.Record.Of(m.Blobs[0].File); v != nil {
		return v.SHA256
	}
	return ""
}

// Library is all models on this machine.
type Library struct {
	Places place.Places
}

// OwnOllama returns the folder for models that we pull from Ollama's registry.
func (l *Library) OwnOllama() ollama.Root { return ollama.Root(filepath.Join(l.Places.Own, "ollama")) }

// NotFoundError says that no model on this machine has a certain name.
type NotFoundError struct {
	Ref  ref.Ref
	Name string
}

func (e *NotFoundError) Error() string { return fmt.Sprintf("there is no model %s here", e.Name) }

// Find returns the model that text names. The error is a *NotFoundError if there is none, and a
// *pick.Ambiguous if several fit. A text without a prefix may also be a name in Ollama's style.
func (l *Library) Find(text string) (*Model, error) {
	if ref.IsName(text) || strings.Contains(text, "/") {
		r, err := ref.Parse(text)
		if err == nil {
			m, err := l.find(r)
			if _, absent := errors.AsType[*NotFoundError](err); !absent || ref.IsName(text) {
				return m, err
			}
		} else if ref.IsName(text) {
			return nil, err
		}
	}
	// Ollama itself writes names without a prefix.
	if r, err := ref.Parse("ollama:" + text); err == nil {
		if m, err := l.find(r); err == nil {
			return m, nil
		}
	}
	return nil, &NotFoundError{Name: text}
}

func (l *Library) find(r ref.Ref) (m *Model, err error) {
	switch r.Kind {
	case ref.Ollama:
		m, err = l.findOllama(r)
	case ref.URL:
		m, err = l.findURL(r)
	case ref.LMStudio:
		m, err = l.findLMStudio(r)
	default:
		m, err = l.findHub(r)
	}
	if err != nil {
		return nil, err
	}
	if m == nil {
		return nil, &NotFoundError{r, r.String()}
	}
	return l.noted(m), nil
}

// noted adds to m its record and the time of its last use.
func (l *Library) noted(m *Model) *Model {
	if m.Record == nil {
		m.Record, m.Used = l.record(m.Name)
	}
	return m
}

func (l *Library) findOllama(r ref.Ref) (*Model, error) {
	for i, root := range l.ollamaRoots() {
		found, err := root.Open(r)
		if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) {
			continue
		}
		if err != nil {
			return nil, err
		}
		m, err := ollamaModel(root, found)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err == nil && i == 0 {
			m.Where = Own
		}
		return m, err
	}
	return nil, nil
}

// ollamaRoots returns our own root, then Ollama's.
func (l *Library) ollamaRoots() []ollama.Root {
	roots := []ollama.Root{l.OwnOllama()}
	for _, dir := range l.Places.Ollama {
		roots = append(roots, ollama.Root(dir))
	}
	return roots
}

func ollamaModel(root ollama.Root, found *ollama.Found) (*Model, error) {
	layer, err := found.Manifest.Model()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", found.Ref, err)
	}
	path := root.Blob(layer.Hash())
	st, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	return &Model{Name: found.Ref.String(), Ref: found.Ref, Quant: pick.QuantOf("x-" + found.Ref.Tag + ".gguf"), Where: Ollama, Modified: found.Time,
		Blobs: []Blob{{path, path, layer.Hash(), st.Size()}}, root: root, manifest: found}, nil
}

func (l *Library) findURL(r ref.Ref) (*Model, error) {
	path := l.URLPath(r)
	st, err := os.Stat(path)
	if err != nil || !st.Mode().IsRegular() {
		return nil, nil
	}
	return &Model{Name: r.String(), Ref: r, Quant: pick.QuantOf(path), Where: Own, Modified: st.ModTime(), Blobs: []Blob{{path, path, "", st.Size()}}}, nil
}
