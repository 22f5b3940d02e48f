// Package store knows the models on this machine: what "alpaca pull" fetched, and what
// lies in the folders of Hugging Face's clients, Ollama and LM Studio, where it is used in
// place. It finds a model by its name, checks content of others against its digest once
// before it is used, and removes models. It opens no connection.
package store

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"alpaca/internal/store/hubcache"
	"alpaca/internal/store/ollama"
	"alpaca/internal/store/pick"
	"alpaca/internal/store/place"
	"alpaca/internal/store/ref"
)

// Where is whose folder a model lies in.
type Where string

const (
	Hub      Where = "hub"      // Hugging Face's cache
	Own      Where = "alpaca"   // our own folder
	Ollama   Where = "ollama"   // read only
	LMStudio Where = "lmstudio" // read only
)

// Blob is the content of one part of a model.
type Blob struct {
	Path string // where it is opened: with the name of the part
	File string // that is locked and removed: Path, or what Path is a link to
	// Digest is what the content should have: a SHA-256, or git's SHA-1 of small files; "":
	// nobody says.
	Digest string
	Size   int64
}

// Model is a model on this machine.
type Model struct {
	Name     string // by which Find returns it
	Ref      ref.Ref
	Quant    string // "": not known
	Blobs    []Blob // of all parts, in order
	Where    Where
	Modified time.Time // of the content
	Used     time.Time // zero: not that we know
	Commit   string    // hub: of the snapshot
	Newer    string    // hub: the commit that the revision has by now; "": the same
	Record   *Record   // what was noted at its pull; nil: nothing

	repo     hubcache.Repo
	entries  []hubcache.Entry
	root     ollama.Root
	manifest *ollama.Found
}

// Path returns the file that is opened: the first part.
func (m *Model) Path() string { return m.Blobs[0].Path }

// Size returns the bytes of all parts.
func (m *Model) Size() (n int64) {
	for _, b := range m.Blobs {
		n += b.Size
	}
	return n
}

// Digest returns the digest of the first part, "" where it is not known.
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

// OwnOllama returns where models from Ollama's registry are pulled to.
func (l *Library) OwnOllama() ollama.Root { return ollama.Root(filepath.Join(l.Places.Own, "ollama")) }

// NotFoundError says that a name stands for no model here.
type NotFoundError struct {
	Ref  ref.Ref
	Name string
}

func (e *NotFoundError) Error() string { return fmt.Sprintf("there is no model %s here", e.Name) }

// Find returns the model that a name means. One that is not here is a *NotFoundError, one
// that leaves a choice a *pick.Ambiguous. A text that is no name is looked for in the list.
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
	// Ollama's own way to say it, without a prefix.
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

// noted adds what the records say.
func (l *Library) noted(m *Model) *Model {
	if m.Record == nil {
		m.Record, m.Used = l.record(m.Name)
	}
	return m
}

// findHub looks for a repository in all caches, in the revision that is asked for first.
func (l *Library) findHub(r ref.Ref) (*Model, error) {
	var failed error
	for _, root := range l.Places.Hubs {
		repo := hubcache.Of(root, r)
		current := repo.Commit(r.Rev())
		commits := []string{current}
		if r.Revision == "" { // an older one will do
			older := repo.Snapshots()
			slices.SortFunc(older, func(a, b string) int { return modified(repo.Snapshot(b)).Compare(modified(repo.Snapshot(a))) })
			commits = append(commits, older...)
		}
		for _, commit := range commits {
			if commit == "" {
				continue
			}
			models, entries := snapshot(repo, commit)
			if len(models) == 0 {
				continue
			}
			chosen, err := pick.Choose(r, models)
			if err != nil {
				if failed == nil || errors.As(err, new(*pick.Ambiguous)) {
					failed = err
				}
				continue
			}
			return hubModel(repo, r.Revision, commit, current, chosen, models, entries), nil
		}
	}
	var ambiguous *pick.Ambiguous
	if errors.As(failed, &ambiguous) {
		return nil, failed
	}
	return nil, nil
}

func modified(path string) time.Time {
	st, err := os.Stat(path)
	if err != nil {
		return time.Time{}
	}
	return st.ModTime()
}

// snapshot returns the models of a commit, as far as all their parts are there.
func snapshot(repo hubcache.Repo, commit string) ([]pick.Model, map[string]hubcache.Entry) {
	entries := map[string]hubcache.Entry{}
	var files []pick.File
	for _, e := range repo.Entries(commit) {
		entries[e.Path] = e
		files = append(files, pick.File{Path: e.Path, Size: e.Size})
	}
	models, _ := pick.Models(files, true)
	return models, entries
}

// hubModel describes a model of a snapshot, which is one of models.
func hubModel(repo hubcache.Repo, revision, commit, current string, chosen pick.Model, models []pick.Model, entries map[string]hubcache.Entry) *Model {
	r := ref.Ref{Kind: ref.HF, Owner: repo.Owner, Repo: repo.Name, Quant: chosen.Quant, Revision: revision}
	if again, err := pick.Choose(r, models); chosen.Quant == "" || err != nil || again.Path() != chosen.Path() {
		r.Quant, r.File = "", chosen.Path()
	}
	m := &Model{Name: r.String(), Ref: r, Quant: chosen.Quant, Where: Hub, Commit: commit, repo: repo}
	if current != "" && current != commit {
		m.Newer = current
	}
	for _, f := range chosen.Files {
		e := entries[f.Path]
		b := Blob{Path: e.File, File: e.File, Digest: e.ETag, Size: e.Size}
		if e.Blob != "" {
			b.File = e.Blob
		}
		m.Blobs = append(m.Blobs, b)
		m.entries = append(m.entries, e)
		if t := e.Info.ModTime(); t.After(m.Modified) {
			m.Modified = t
		}
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

func (l *Library) findLMStudio(r ref.Ref) (*Model, error) {
	for _, root := range l.Places.LMStudio {
		for _, m := range lmStudioModels(root) {
			if m.Name == r.String() {
				return m, nil
			}
		}
	}
	return nil, nil
}

// lmStudioModels returns the models below owner/repo in a folder.
func lmStudioModels(root string) (list []*Model) {
	repos, _ := filepath.Glob(filepath.Join(root, "*", "*"))
	for _, dir := range repos {
		owner, repo := filepath.Base(filepath.Dir(dir)), filepath.Base(dir)
		if ref.CheckRepoPart(owner) != nil || ref.CheckRepoPart(repo) != nil {
			continue
		}
		var files []pick.File
		times := map[string]time.Time{}
		filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || !pick.IsModel(path) {
				return nil
			}
			name, err := filepath.Rel(dir, path)
			st, statErr := os.Stat(path)
			if err == nil && statErr == nil && st.Mode().IsRegular() && ref.CheckPath(filepath.ToSlash(name)) == nil {
				files = append(files, pick.File{Path: filepath.ToSlash(name), Size: st.Size()})
				times[filepath.ToSlash(name)] = st.ModTime()
			}
			return nil
		})
		models, _ := pick.Models(files, true)
		for _, found := range models {
			r := ref.Ref{Kind: ref.LMStudio, Owner: owner, Repo: repo, File: found.Path()}
			m := &Model{Name: r.String(), Ref: r, Quant: found.Quant, Where: LMStudio, Modified: times[found.Path()]}
			for _, f := range found.Files {
				path := filepath.Join(dir, filepath.FromSlash(f.Path))
				m.Blobs = append(m.Blobs, Blob{path, path, "", f.Size})
			}
			list = append(list, m)
		}
	}
	return list
}
