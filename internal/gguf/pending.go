package gguf

import (
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
)

// pendingFile is a file that gets its name when it is complete. (The library
// google/renameio does the same but not on Windows, and not without a name
// where the system can.)
type pendingFile struct {
	*os.File        // nil after commit or abort
	target   string // the name it gets
	unnamed  bool   // it has no name yet, and is gone if the process is
}

// createPending creates a file beside target, with the permissions that target
// has or would get.
func createPending(target string) (*pendingFile, error) {
	mode := fs.FileMode(0o666) // less what the umask takes
	switch st, err := os.Stat(target); {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return nil, err
	case !st.Mode().IsRegular():
		return nil, fmt.Errorf("%s: exists and is not a regular file", target)
	default:
		mode = st.Mode().Perm() | 0o200
	}
	if !testOnlyNamed {
		if f := openUnnamed(filepath.Dir(target), mode); f != nil {
			return &pendingFile{f, target, true}, nil
		}
	}
	p := &pendingFile{target: target}
	err := withFreeName(target, func(name string) (err error) {
		p.File, err = os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
		return err
	})
	if err != nil {
		return nil, naming(target, err)
	}
	return p, nil
}

// naming puts the name that a user gave in place of a temporary file's.
func naming(target string, err error) error {
	if e, ok := errors.AsType[*fs.PathError](err); ok {
		return &fs.PathError{Op: e.Op, Path: target, Err: e.Err}
	}
	return err
}

// testOnlyNamed makes every pending file have a name.
var testOnlyNamed bool

// withFreeName calls create with names beside target until one is free.
func withFreeName(target string, create func(name string) error) error {
	dir, base := filepath.Split(target)
	for range 100 {
		err := create(fmt.Sprintf("%s.%s.%08x.tmp", dir, base, rand.Uint32()))
		if !errors.Is(err, fs.ErrExist) {
			return err
		}
	}
	return fmt.Errorf("%s: no free name for a temporary file beside it", target)
}

// commit brings the file to disk and gives it its name.
func (p *pendingFile) commit() error {
	err := p.Sync()
	name := p.Name()
	if p.unnamed {
		name = ""
		if err == nil {
			name, err = p.link()
		}
	}
	err = errors.Join(err, p.Close())
	p.File = nil
	if err == nil && name != p.target {
		err = os.Rename(name, p.target)
	}
	if err != nil && name != "" {
		return errors.Join(err, os.Remove(name))
	}
	if err == nil {
		syncDir(filepath.Dir(p.target))
	}
	return err
}

// link gives an unnamed file a name, the target's if that is free.
func (p *pendingFile) link() (name string, err error) {
	if err := linkFile(p.File, p.target); !errors.Is(err, fs.ErrExist) {
		return p.target, err
	}
	err = withFreeName(p.target, func(free string) error {
		name = free
		return linkFile(p.File, free)
	})
	return name, err
}

// abort removes the file unless commit has been called.
func (p *pendingFile) abort() {
	if p.File == nil {
		return
	}
	p.Close()
	if !p.unnamed {
		os.Remove(p.Name())
	}
	p.File = nil
}
