// Package hubcache is the layout of Hugging Face's cache, which its own client, llama.cpp
// and this program share:
//
//	models--owner--repo/refs/main                   the commit, without a newline
//	models--owner--repo/blobs/ETAG                  content; or a link into ../blobs, which is others'
//	models--owner--repo/snapshots/COMMIT/dir/file   a relative link to the blob, or the file itself
package hubcache

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"alpaca/internal/atomicfile"
	"alpaca/internal/store/ref"
)

// Repo is the folder of a repository in a cache.
type Repo struct {
	Root        string // the cache's
	Owner, Name string
}

// Of returns the folder of a name's repository.
func Of(root string, r ref.Ref) Repo { return Repo{root, r.Owner, r.Repo} }

func (r Repo) folder() string { return "models--" + r.Owner + "--" + r.Name }

// Dir returns the repository's folder.
func (r Repo) Dir() string { return filepath.Join(r.Root, r.folder()) }

// Blob returns the path of a file's content.
func (r Repo) Blob(etag string) string { return filepath.Join(r.Dir(), "blobs", etag) }

// Lock returns the file that is locked by whoever downloads a blob.
func (r Repo) Lock(etag string) string {
	return filepath.Join(r.Root, ".locks", r.folder(), etag+".lock")
}

// Snapshot returns the folder of a commit's files.
func (r Repo) Snapshot(commit string) string { return filepath.Join(r.Dir(), "snapshots", commit) }

// refPath returns the file that holds a revision's commit.
func (r Repo) refPath(revision string) string {
	return filepath.Join(r.Dir(), "refs", filepath.FromSlash(revision))
}

// Commit returns the commit of a revision, as far as the cache knows; "": it does not.
func (r Repo) Commit(revision string) string {
	if ref.IsCommit(revision) {
		return revision
	}
	data, err := os.ReadFile(r.refPath(revision))
	if commit := strings.TrimSpace(string(data)); err == nil && ref.IsCommit(commit) {
		return commit
	}
	return ""
}

// Refs returns the commits that revisions lead to.
func (r Repo) Refs() map[string]string {
	refs := map[string]string{}
	base := filepath.Join(r.Dir(), "refs")
	filepath.WalkDir(base, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return nil
		}
		name, err := filepath.Rel(base, path)
		if err == nil {
			if commit := r.Commit(filepath.ToSlash(name)); commit != "" {
				refs[filepath.ToSlash(name)] = commit
			}
		}
		return nil
	})
	return refs
}

// Entry is a file of a snapshot.
type Entry struct {
	Path string // in the repository, with slashes
	File string // on the disk, in the snapshot
	Blob string // the repository's blob; "": the file is its own content
	ETag string // the blob's name; "": not known
	Size int64
	Info fs.FileInfo // of the content
}

// Snapshots returns the commits of which there are files.
func (r Repo) Snapshots() (commits []string) {
	list, _ := os.ReadDir(filepath.Join(r.Dir(), "snapshots"))
	for _, d := range list {
		if d.IsDir() && ref.IsCommit(d.Name()) {
			commits = append(commits, d.Name())
		}
	}
	return commits
}

// Entries returns the files of a snapshot. A link that leads nowhere is none.
func (r Repo) Entries(commit string) (list []Entry) {
	base := r.Snapshot(commit)
	filepath.WalkDir(base, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return nil
		}
		name, err := filepath.Rel(base, path)
		if err != nil {
			return nil
		}
		if e, ok := r.entry(filepath.ToSlash(name), path); ok {
			list = append(list, e)
		}
		return nil
	})
	return list
}

// entry returns a file of a snapshot, if it is there.
func (r Repo) entry(name, path string) (Entry, bool) {
	st, err := os.Stat(path)
	if err != nil || !st.Mode().IsRegular() || ref.CheckPath(name) != nil {
		return Entry{}, false
	}
	e := Entry{Path: name, File: path, Size: st.Size(), Info: st}
	if to, err := os.Readlink(path); err == nil {
		if !filepath.IsAbs(to) {
			to = filepath.Join(filepath.Dir(path), to)
		}
		if filepath.Base(filepath.Dir(to)) == "blobs" {
			e.Blob, e.ETag = to, filepath.Base(to)
		}
	}
	return e, true
}

// Repos returns the repositories with models in a cache.
func Repos(root string) (list []Repo) {
	dirs, _ := os.ReadDir(root)
	for _, d := range dirs {
		name, ok := strings.CutPrefix(d.Name(), "models--")
		parts := strings.Split(name, "--")
		if ok && d.IsDir() && len(parts) == 2 && ref.CheckRepoPart(parts[0]) == nil && ref.CheckRepoPart(parts[1]) == nil {
			list = append(list, Repo{root, parts[0], parts[1]})
		}
	}
	return list
}

// tag is what backup programs look for, as the cache's own client writes it.
const tag = "Signature: 8a477f597d28d172789f06886806bc55\n" +
	"# This folder is a cache: its files can be fetched again.\n# See https://bford.info/cachedir/\n"

// Prepare makes the folders that a download needs.
func (r Repo) Prepare() error {
	for _, dir := range []string{"blobs", "refs", "snapshots"} {
		if err := os.MkdirAll(filepath.Join(r.Dir(), dir), 0o777); err != nil {
			return err
		}
	}
	path := filepath.Join(r.Root, "CACHEDIR.TAG")
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return atomicfile.WriteFile(path, []byte(tag), 0o666)
	}
	return nil
}

// testOnlyNoLinks makes a system of this one that has no symbolic links.
var testOnlyNoLinks bool

// Link makes a blob appear as a file of a snapshot. Where links are impossible the content
// moves there, as the cache's own client has it.
func (r Repo) Link(commit, name, etag string) error {
	path := filepath.Join(r.Snapshot(commit), filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		return err
	}
	up := strings.Repeat(".."+string(filepath.Separator), 2+strings.Count(name, "/"))
	err := errors.ErrUnsupported
	if !testOnlyNoLinks {
		err = atomicfile.Symlink(up+filepath.Join("blobs", etag), path)
	}
	if err == nil {
		return nil
	}
	if st, statErr := os.Lstat(r.Blob(etag)); statErr != nil || !st.Mode().IsRegular() {
		if _, there := r.entry(name, path); there {
			return nil // it moved there before
		}
		return err
	}
	return atomicfile.Move(r.Blob(etag), path)
}

// SetRef makes a revision lead to a commit. Commits are no revisions that move.
func (r Repo) SetRef(revision, commit string) error {
	if ref.IsCommit(revision) {
		return nil
	}
	path := r.refPath(revision)
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		return err
	}
	return atomicfile.WriteFile(path, []byte(commit), 0o666)
}
