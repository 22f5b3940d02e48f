package store

import (
	"errors"
	"os"
	"slices"
	"time"

	"alpaca/internal/store/hubcache"
	"alpaca/internal/store/pick"
	"alpaca/internal/store/ref"
)

// findHub looks for a model in the requested revision, in all caches. If r names no revision, it
// also looks in the other snapshots, newest first.
func (l *Library) findHub(r ref.Ref) (*Model, error) {
	var failed error
	for _, root := range l.Places.Hubs {
		repo := hubcache.Of(root, r)
		current := repo.Commit(r.Rev())
		commits := []string{current}
		if r.Revision == "" { // an older snapshot will do
			older := repo.Snapshots()
			slices.SortFunc(older, func(a, b string) int { return modified(repo.Snapshot(b)).Compare(modified(repo.Snapshot(a))) })
			commits = append(commits, older...)
		}
		for _, commit := range commits {
			if commit == "" {
				continue
			}
			v := versionOf(repo, commit)
			if len(v.models) == 0 {
				continue
			}
			chosen, err := pick.Choose(r, v.models)
			if err != nil {
				if failed == nil || errors.As(err, new(*pick.Ambiguous)) {
					failed = err
				}
				continue
			}
			return v.model(chosen, r.Revision, current), nil
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

// version is a commit with its complete models.
type version struct {
	repo    hubcache.Repo
	commit  string
	models  []pick.Model
	entries map[string]hubcache.Entry // by path
}

func versionOf(repo hubcache.Repo, commit string) version {
	v := version{repo: repo, commit: commit, entries: map[string]hubcache.Entry{}}
	var files []pick.File
	for _, e := range repo.Entries(commit) {
		v.entries[e.Path] = e
		files = append(files, pick.File{Path: e.Path, Size: e.Size})
	}
	v.models, _ = pick.Models(files, true)
	return v
}

// model returns the Model for chosen, one of the models of v. revision becomes part of the model's
// name. current is the revision's current commit, "" if not known.
func (v version) model(chosen pick.Model, revision, current string) *Model {
	r := ref.Ref{Kind: ref.HF, Owner: v.repo.Owner, Repo: v.repo.Name, Quant: chosen.Quant, Revision: revision}
	if again, err := pick.Choose(r, v.models); chosen.Quant == "" || err != nil || again.Path() != chosen.Path() {
		r.Quant, r.File = "", chosen.Path()
	}
	m := &Model{Name: r.String(), Ref: r, Quant: chosen.Quant, Where: Hub, Commit: v.commit, repo: v.repo}
	if current != "" && current != v.commit {
		m.Newer = current
	}
	for _, f := range chosen.Files {
		e := v.entries[f.Path]
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
