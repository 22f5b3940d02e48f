package hubcache

import (
	"os"
	"path/filepath"
)

// Unlink removes a file from a snapshot, and folders that become empty. The file's content
// stays; RemoveBlob removes it.
func (r Repo) Unlink(e Entry) error {
	if err := os.Remove(e.File); err != nil {
		return err
	}
	stop := filepath.Join(r.Dir(), "snapshots")
	for dir := filepath.Dir(e.File); dir != stop && len(dir) > len(stop); dir = filepath.Dir(dir) {
		if os.Remove(dir) != nil { // dir has other files
			break
		}
	}
	return nil
}

// RemoveBlob removes a blob, unless a file of a snapshot points to it. If the blob is a link
// into the store that all repositories share, the content stays. RemoveBlob returns the number
// of bytes freed.
func (r Repo) RemoveBlob(path string) (freed int64, err error) {
	st, err := os.Lstat(path)
	if err != nil {
		return 0, nil // it is already gone
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
		return 0, nil // the content is in the shared store, which other programs own
	}
	return st.Size(), nil
}

// Tidy removes references to commits without files, and then the repository's folder if it has
// no snapshots.
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

// removeEmpty removes the folders in dir that contain no files at
// any depth. It also removes dir itself if dir contains no files.
func removeEmpty(dir string) {
	list, _ := os.ReadDir(dir)
	for _, d := range list {
		if d.IsDir() {
			removeEmpty(filepath.Join(dir, d.Name()))
		}
	}
	os.Remove(dir) // this fails for a folder that still has files
}
