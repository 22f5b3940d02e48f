package hubcache

import (
	"os"
	"path/filepath"
)

// Unlink removes a file from a snapshot, and folders that are empty then. Its content
// stays: RemoveBlob is for that.
func (r Repo) Unlink(e Entry) error {
	if err := os.Remove(e.File); err != nil {
		return err
	}
	stop := filepath.Join(r.Dir(), "snapshots")
	for dir := filepath.Dir(e.File); dir != stop && len(dir) > len(stop); dir = filepath.Dir(dir) {
		if os.Remove(dir) != nil { // it holds other files
			break
		}
	}
	return nil
}

// RemoveBlob removes a blob, unless a file of some snapshot leads to it or it is a link
// into what all repositories share. It returns the bytes that are free now.
func (r Repo) RemoveBlob(path string) (freed int64, err error) {
	st, err := os.Lstat(path)
	if err != nil {
		return 0, nil // it has gone already
	}
	for _, commit := range r.Snapshots() {
		for _, e := range r.Entries(commit) {
			if e.Blob == path {
				return 0, nil
			}
		}
	}
	if err := os.Remove(path); err != nil {
		return 0, err
	}
	if !st.Mode().IsRegular() {
		return 0, nil // the content is in the shared store, which is not ours to clean
	}
	return st.Size(), nil
}

// Tidy removes references to commits without files, and the repository where it holds
// nothing any more.
func (r Repo) Tidy() {
	for revision, commit := range r.Refs() {
		if len(r.Entries(commit)) == 0 {
			os.Remove(r.refPath(revision))
		}
	}
	if len(r.Snapshots()) > 0 {
		return
	}
	removeEmpty(r.Dir())
}

// removeEmpty removes a folder and those in it, where there is no file.
func removeEmpty(dir string) {
	list, _ := os.ReadDir(dir)
	for _, d := range list {
		if d.IsDir() {
			removeEmpty(filepath.Join(dir, d.Name()))
		}
	}
	os.Remove(dir) // fails where something is left
}
