package store

import (
	"fmt"
	"slices"
	"strings"

	"alpaca/internal/store/hubcache"
	"alpaca/internal/store/ollama"
	"alpaca/internal/store/ref"
)

// List returns all models, sorted by name. If a model is in
// several places, List returns the one that Find returns.
func (l *Library) List() []*Model {
	seen := map[string]bool{}
	var list []*Model
	add := func(m *Model) {
		if m != nil && !seen[m.Name] {
			seen[m.Name] = true
			list = append(list, l.noted(m))
		}
	}
	for _, root := range l.Places.Hubs {
		for _, repo := range hubcache.Repos(root) {
			for _, m := range hubModels(repo) {
				add(m)
			}
		}
	}
	for i, root := range l.ollamaRoots() {
		for _, found := range root.Models() {
			if m, err := ollamaModel(root, found); err == nil {
				if i == 0 {
					m.Where = Own
				}
				add(m)
			}
		}
	}
	for _, rec := range l.records() {
		if r, err := ref.Parse(rec.Name); err == nil && r.Kind == ref.URL {
			m, _ := l.findURL(r)
			add(m)
		}
	}
	for _, root := range l.Places.LMStudio {
		for _, m := range lmStudioModels(root) {
			add(m)
		}
	}
	slices.SortFunc(list, func(a, b *Model) int { return strings.Compare(a.Name, b.Name) })
	return list
}

// hubModels returns the models of a repository: first the models of the revisions,
// beginning with main, then the models of commits that no revision points to. If
// several commits have the same content at a path, it lists this model once.
func hubModels(repo hubcache.Repo) (list []*Model) {
	refs := repo.Refs()
	type state struct{ revision, commit string }
	var states []state
	if commit := refs[ref.MainRevision]; commit != "" {
		states = append(states, state{"", commit})
	}
	for revision, commit := range refs {
		if revision != ref.MainRevision {
			states = append(states, state{revision, commit})
		}
	}
	slices.SortFunc(states, func(a, b state) int { return strings.Compare(a.revision, b.revision) })
	for _, commit := range repo.Snapshots() {
		if !slices.ContainsFunc(states, func(s state) bool { return s.commit == commit }) {
			states = append(states, state{commit, commit})
		}
	}
	known := map[string]bool{} // path and content of the models listed so far
	main := refs[ref.MainRevision]
	inMain := map[string]bool{}
	for _, s := range states {
		v := versionOf(repo, s.commit)
		for _, chosen := range v.models {
			etag := v.entries[chosen.Path()].ETag
			content := chosen.Path() + " " + etag
			if known[content] && etag != "" {
				continue
			}
			known[content] = true
			revision := s.revision
			if s.revision == "" {
				inMain[chosen.Path()] = true
			} else if s.revision == s.commit && !inMain[chosen.Path()] {
				// The branch main has no model of this path any more, so
				// Find returns this one for the name without a commit.
				revision = ""
				inMain[chosen.Path()] = true
			}
			current := s.commit
			if revision == "" && main != "" {
				current = main
			}
			list = append(list, v.model(chosen, revision, current))
		}
	}
	return list
}

// Names returns the names of all models, for shell completion.
func (l *Library) Names() (names []string) {
	for _, m := range l.List() {
		names = append(names, m.Name)
	}
	return names
}

// LicenceText returns the text of a model's licence, or "" if the text is not on this machine.
func (m *Model) LicenceText() string {
	switch {
	case m.manifest != nil:
		var texts []string
		for _, layer := range m.manifest.Manifest.Layers {
			if layer.Kind() == ollama.KindLicense {
				texts = append(texts, readSmall(m.root.Blob(layer.Hash())))
			}
		}
		return strings.Join(texts, "\n")
	case m.Where == Hub:
		for _, e := range m.repo.Entries(m.Commit) {
			if IsLicence(e.Path) {
				return readSmall(e.File)
			}
		}
	}
	return ""
}

// Settings returns the settings that come with a model from Ollama; other models
// have none. It leaves out parts that it cannot read; err names the first of them.
func (m *Model) Settings() (ollama.Settings, error) {
	if m.manifest == nil {
		return ollama.Settings{}, nil
	}
	s, err := m.root.Settings(m.manifest.Manifest)
	if err != nil {
		err = fmt.Errorf("%s: %w", m.Name, err)
	}
	return s, err
}

// IsLicence reports whether a repository's file is the text of its licence.
func IsLicence(path string) bool {
	name := strings.ToUpper(path)
	for _, ext := range []string{"", ".TXT", ".MD"} {
		if name == "LICENSE"+ext || name == "LICENCE"+ext {
			return true
		}
	}
	return false
}
