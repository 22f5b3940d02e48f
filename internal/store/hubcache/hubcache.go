// Package hubcache knows the layout of Hugging Face's cache. Hugging
// Face's own client, llama.cpp and this program share this cache:
//
//	models--owner--repo/refs/main                   holds the commit, without a newline
//	models--owner--repo/blobs/ETAG                  content, or a link into a store of other programs, ../blobs
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
	Root        string // the cache's folder
	Owner, Name string
}

// Of returns the repository of r in the cache at root.
func Of(root string, r ref.Ref) Repo { return Repo{root, r.Owner, r.Repo} }

func (r Repo) folder() string { return "models--" + r.Owner + "--" + r.Name }

// Dir returns the repository's folder.
func (r Repo) Dir() string { return filepath.Join(r.Root, r.folder()) }

// Blob returns the path of a file's content.
func (r Repo) Blob(etag string) string { return filepath.Join(r.Dir(), "blobs", etag) }

// Lock returns the lock file for the download of a blob.
func (r Repo) Lock(etag string) string {
	return filepath.Join(r.Root, ".locks", r.folder(), etag+".lock")
}

// Snapshot returns the folder with the files of a commit.
func (r Repo) Snapshot(commit string) string { return filepath.Join(r.Dir(), "snapshots", commit) }

// refPath returns the file that holds a revision's commit.
func (r Repo) refPath(revision string) string {
	return filepath.Join(r.Dir(), "refs", filepath.FromSlash(revision))
}

// Commit returns the commit of a revision, or "" if the cache does not know the revision.
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

// Refs returns the commit of each revision, by the revision's name.
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
	Path string // path in the repository, with slashes
	File string // path on the disk, in the snapshot
	Blob string // path of the blob; "": the file itself holds the content
	ETag string // the blob's name; "": not known
	Size int64
	Info fs.FileInfo // describes the file with the content
}

// Snapshots returns the commits that have a folder of files.
func (r Repo) Snapshots() (commits []string) {
	list, _ := os.ReadDir(filepath.Join(r.Dir(), "snapshots"))
	for _, d := range list {
		if d.IsDir() && ref.IsCommit(d.Name()) {
			commits = append(commits, d.Name())
		}
	}
	return commits
}

// Entries returns the files of a snapshot. It skips broken links.
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

// entry describes a file of a snapshot. It returns false if
// path does not lead to a regular file, or if name is unsafe.
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

// tag is the content of CACHEDIR.TAG, by which backup programs
// recognize a cache. Hugging Face's own client writes this file, too.
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

// testOnlyNoLinks simulates a system without symbolic links.
var testOnlyNoLinks bool

// Link makes a blob appear as a file of a snapshot. If links are impossible,
// it moves the content there, as Hugging Face's own client does.
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
			return nil // an earlier call moved the content there
		}
		return err
	}
	return atomicfile.Move(r.Blob(etag), path)
}

// SetRef makes a revision point to a commit. It does nothing if revision is itself a commit.
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
