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
// google/renameio does the same but not on Windows.)
type pendingFile struct {
	*os.File        // nil after commit or abort
	target   string // the name it gets
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
	dir, base := filepath.Split(target)
	for range 100 {
		name := fmt.Sprintf("%s.%s.%08x.tmp", dir, base, rand.Uint32())
		f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
		if err == nil {
			return &pendingFile{f, target}, nil
		}
		if !errors.Is(err, fs.ErrExist) {
			return nil, err
		}
	}
	return nil, fmt.Errorf("%s: no free name for a temporary file beside it", target)
}

// commit brings the file to disk and gives it its name.
func (p *pendingFile) commit() error {
	name := p.Name()
	err := errors.Join(p.Sync(), p.Close())
	p.File = nil
	if err == nil {
		err = os.Rename(name, p.target)
	}
	if err != nil {
		return errors.Join(err, os.Remove(name))
	}
	return nil
}

// abort removes the file unless commit has been called.
func (p *pendingFile) abort() {
	if p.File == nil {
		return
	}
	p.Close()
	os.Remove(p.Name())
	p.File = nil
}
