package store

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"alpaca/internal/store/fetch"
	"alpaca/internal/store/hubcache"
	"alpaca/internal/store/ref"
)

// Waste is something on the disk that no model needs.
type Waste struct {
	What string // a description
	Size int64  // an upper bound, in bytes
	// Remove removes the waste and returns the number of bytes freed.
	Remove func() (int64, error)
}

// Waste returns what can be removed without losing a model: older versions of models, remains of
// unfinished downloads, and content of our own folder that no manifest names. Remove skips
// running downloads.
func (l *Library) Waste() (list []Waste) {
	for _, repo := range hubcache.Repos(l.Places.Hub) {
		list = append(list, l.superseded(repo)...)
		list = append(list, l.unfinished(filepath.Join(repo.Dir(), "blobs"), repo.Lock)...)
	}
	own := l.OwnOllama()
	blobs := filepath.Join(string(own), "blobs")
	inOwn := func(name string) string { return l.LockOf(strings.TrimPrefix(name, "sha256-")) }
	list = append(list, l.unfinished(blobs, inOwn)...)
	needed := neededLayers(own)
	files, _ := os.ReadDir(blobs)
	for _, f := range files {
		hash, ok := strings.CutPrefix(f.Name(), "sha256-")
		st, err := f.Info()
		if !ok || !ref.IsSHA256(hash) || needed[hash] || err != nil {
			continue
		}
		list = append(list, Waste{"content that belongs to no model: " + f.Name(), st.Size(), func() (int64, error) {
			release, got := fetch.TryLock(l.LockOf(hash))
			if !got {
				return 0, nil
			}
			defer release()
			return removeLayer(own, hash)
		}})
	}
	filepath.WalkDir(filepath.Join(l.Places.Own, "url"), func(path string, d os.DirEntry, err error) error {
		if err == nil && d.IsDir() {
			list = append(list, l.unfinished(path, nil)...)
		}
		return nil
	})
	return list
}

// superseded returns older versions of models: the models of snapshots that no revision
// points to, if a revision has a model of the same path. Pinned models are left out.
func (l *Library) superseded(repo hubcache.Repo) (list []Waste) {
	current := map[string]bool{} // commits
	names := map[string]bool{}   // the paths of the models of these commits
	for _, commit := range repo.Refs() {
		current[commit] = true
		for _, m := range versionOf(repo, commit).models {
			names[m.Path()] = true
		}
	}
	for _, commit := range repo.Snapshots() {
		if current[commit] {
			continue
		}
		v := versionOf(repo, commit)
		for _, chosen := range v.models {
			m := v.model(chosen, commit, commit)
			if l.noted(m); names[chosen.Path()] && (m.Record == nil || !m.Record.Pinned) {
				list = append(list, Waste{"an older version: " + m.Name, m.Size(), func() (int64, error) { return l.Remove(m) }})
			}
		}
	}
	return list
}

// unfinished returns the partial files of downloads in dir. A partial file whose lock is
// held by another process is not removed. lockOf returns the lock file for a file's name.
// If lockOf is nil, the files come from URLs, and URLLock returns their lock files.
func (l *Library) unfinished(dir string, lockOf func(name string) string) (list []Waste) {
	files, _ := filepath.Glob(filepath.Join(escapeGlob(dir), "*"+fetch.PartialSuffix))
	for _, path := range files {
		target := strings.TrimSuffix(path, fetch.PartialSuffix)
		name := filepath.Base(target)
		lock := ""
		if lockOf != nil {
			lock = lockOf(name)
		} else {
			lock = l.LockOf(lockName(target))
		}
		st, err := os.Stat(path)
		if err != nil {
			continue
		}
		list = append(list, Waste{fmt.Sprintf("an unfinished download: %s", name), st.Size(), func() (int64, error) {
			release, got := fetch.TryLock(lock)
			if !got {
				return 0, nil
			}
			defer release()
			return st.Size(), fetch.Discard(target)
		}})
	}
	return list
}

// escapeGlob returns a glob pattern that matches only dir.
func escapeGlob(dir string) string {
	if filepath.Separator == '\\' {
		return dir // on Windows patterns have no escapes
	}
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`).Replace(dir)
}
