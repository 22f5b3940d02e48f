package store

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"alpaca/internal/store/advice"
	"alpaca/internal/store/fetch"
	"alpaca/internal/store/ollama"
)

// LockOf returns the lock file for the content in our own folder that has the given hash.
func (l *Library) LockOf(hash string) string {
	return filepath.Join(l.Places.Own, ".locks", hash+".lock")
}

// Remove removes a model and its content, except for content that other models need. It returns
// the number of bytes freed. For a model that is in use or being pulled, it returns an error.
func (l *Library) Remove(m *Model) (freed int64, err error) {
	switch m.Where {
	case Ollama:
		return 0, advice.Add(fmt.Errorf("%s belongs to Ollama: this program only reads it", m.Name), "ollama rm "+strings.TrimPrefix(m.Name, "ollama:"))
	case LMStudio:
		return 0, advice.Add(fmt.Errorf("%s belongs to LM Studio: this program only reads it", m.Name), "remove it there")
	}
	if m.Where == Hub && m.repo.Root != l.Places.Hub {
		return 0, fmt.Errorf("%s is in %s, which belongs to another program: this program only reads it", m.Name, m.repo.Root)
	}
	for _, b := range m.Blobs {
		if inUse(b.File) {
			return 0, advice.Add(fmt.Errorf("%s is in use: a program has it open", m.Name), "end \"alpaca serve\" or \"alpaca run\" first")
		}
	}
	for _, b := range m.Blobs {
		release, got := fetch.TryLock(l.lockFor(m, b))
		if !got {
			return 0, fmt.Errorf("%s is being pulled at this moment, or the folder cannot be written", m.Name)
		}
		defer release()
	}
	switch {
	case m.Where == Hub:
		freed, err = l.removeHub(m)
	case m.manifest != nil:
		freed, err = l.removeOllama(m)
	default:
		freed = m.Size()
		err = os.Remove(m.Path())
		for dir := filepath.Dir(m.Path()); err == nil && dir != l.Places.Own; dir = filepath.Dir(dir) {
			if os.Remove(dir) != nil {
				break
			}
		}
	}
	if err != nil {
		return freed, err
	}
	if err := os.Remove(l.recordPath(m.Name)); !errors.Is(err, fs.ErrNotExist) {
		return freed, err
	}
	return freed, nil
}

// lockFor returns the lock file for one blob of a model.
func (l *Library) lockFor(m *Model, b Blob) string {
	switch {
	case m.Where == Hub && b.Digest != "":
		return m.repo.Lock(b.Digest)
	case m.manifest != nil:
		return l.LockOf(b.Digest)
	}
	return l.LockOf(lockName(m.Path()))
}

// lockName returns the lock's name for a file that is not named after its digest.
func lockName(path string) string {
	sum := sha256.Sum256([]byte(path))
	return hex.EncodeToString(sum[:])
}

// URLLock returns the lock file for the file of a URL.
func (l *Library) URLLock(path string) string { return l.LockOf(lockName(path)) }

func (l *Library) removeHub(m *Model) (freed int64, err error) {
	for _, e := range m.entries {
		if err := m.repo.Unlink(e); err != nil {
			return freed, err
		}
		if e.Blob == "" {
			freed += e.Size
			continue
		}
		n, err := m.repo.RemoveBlob(e.Blob)
		if freed += n; err != nil {
			return freed, err
		}
	}
	// The licence is removed with the snapshot's last model.
	if v := versionOf(m.repo, m.Commit); len(v.models) == 0 {
		for _, e := range v.entries {
			if IsLicence(e.Path) && m.repo.Unlink(e) == nil && e.Blob != "" {
				n, _ := m.repo.RemoveBlob(e.Blob)
				freed += n
			}
		}
	}
	m.repo.Tidy()
	return freed, nil
}

func (l *Library) removeOllama(m *Model) (freed int64, err error) {
	if err := os.Remove(m.manifest.Path); err != nil {
		return 0, err
	}
	for dir := filepath.Dir(m.manifest.Path); dir != string(m.root); dir = filepath.Dir(dir) {
		if os.Remove(dir) != nil {
			break
		}
	}
	for _, layer := range append(slices.Clone(m.manifest.Manifest.Layers), m.manifest.Manifest.Config) {
		n, err := removeLayer(m.root, layer.Hash())
		if freed += n; err != nil {
			return freed, err
		}
	}
	return freed, nil
}

// removeLayer removes the content of a layer, unless a manifest refers to it.
func removeLayer(root ollama.Root, hash string) (freed int64, err error) {
	if neededLayers(root)[hash] {
		return 0, nil
	}
	st, err := os.Stat(root.Blob(hash))
	if err != nil {
		return 0, nil
	}
	return st.Size(), os.Remove(root.Blob(hash))
}

// neededLayers returns the digests that the manifests refer to.
func neededLayers(root ollama.Root) map[string]bool {
	needed := map[string]bool{}
	for _, found := range root.Models() {
		needed[found.Manifest.Config.Hash()] = true
		for _, layer := range found.Manifest.Layers {
			needed[layer.Hash()] = true
		}
	}
	return needed
}
