// Package atomicfile writes files that appear under their names only when they are complete, so
// that a failure or the end of the process leaves the old file. (The library google/renameio
// does the same, but it does not support Windows, and never uses unnamed files.)
package atomicfile

import (
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
)

// File is a file that gets its name when it is complete.
type File struct {
	*os.File        // nil after Commit or Abort
	target   string // the final name
	unnamed  bool   // it has no name yet, and vanishes with the process
}

// Create begins a file in the folder of target. If target is a symbolic link, the file it points
// to is replaced and the link remains. An existing target must be a regular file; the new file
// inherits its permissions. Otherwise mode applies, subject to the umask.
func Create(target string, mode fs.FileMode) (*File, error) {
	st, err := os.Stat(target)
	there := err == nil
	switch {
	case there && !st.Mode().IsRegular():
		return nil, fmt.Errorf("%s: exists and is not a regular file", target)
	case there:
		mode = st.Mode().Perm() | 0o200
	case !errors.Is(err, fs.ErrNotExist):
		return nil, err
	}
	f := &File{target: followLinks(target)}
	if err := f.open(mode); err != nil {
		if e, ok := errors.AsType[*fs.PathError](err); ok {
			e.Path = target // the name that the user gave, not a temporary one
		}
		return nil, err
	}
	if there {
		f.Chmod(mode) // restore the bits that the umask cleared
	}
	return f, nil
}

func (f *File) open(mode fs.FileMode) error {
	if !testOnlyNamed {
		if f.File = openUnnamed(f.target, mode); f.File != nil {
			f.unnamed = true
			return nil
		}
	}
	return withFreeName(f.target, func(name string) (err error) {
		f.File, err = os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
		return err
	})
}

// testOnlyNamed disables unnamed files in tests.
var testOnlyNamed bool

// withFreeName calls create with names in the folder of target, until one is free.
func withFreeName(target string, create func(name string) error) error {
	dir, base := filepath.Split(target)
	base = base[:min(len(base), 200)] // names have at most 255 bytes
	for range 100 {
		err := create(fmt.Sprintf("%s.%s.%08x.tmp", dir, base, rand.Uint32()))
		if !errors.Is(err, fs.ErrExist) {
			return err
		}
	}
	return fmt.Errorf("%s: no free name for a temporary file beside it", target)
}

// Commit syncs the file to the disk and gives it its name. If that fails, it removes the file.
func (f *File) Commit() error {
	err := f.Sync()
	name := f.Name()
	if f.unnamed {
		name = ""
		if err == nil {
			name, err = f.link()
		}
	}
	err = errors.Join(err, f.Close())
	f.File = nil
	if err == nil && name != f.target {
		err = os.Rename(name, f.target)
	}
	if err != nil && name != "" {
		return errors.Join(err, os.Remove(name))
	}
	if err == nil {
		SyncDir(filepath.Dir(f.target))
	}
	return err
}

// link gives an unnamed file a name: the name of the target if that is free, or else a temporary
// name.
func (f *File) link() (name string, err error) {
	if err := linkFile(f.File, f.target); !errors.Is(err, fs.ErrExist) {
		return f.target, err
	}
	err = withFreeName(f.target, func(free string) error {
		name = free
		return linkFile(f.File, free)
	})
	return name, err
}

// Abort removes the file; after Commit it does nothing.
func (f *File) Abort() {
	if f.File == nil {
		return
	}
	f.Close()
	if !f.unnamed {
		os.Remove(f.Name())
	}
	f.File = nil
}
