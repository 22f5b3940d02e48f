package fetch

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"alpaca/internal/atomicfile"
)

// Suffixes of the partial file and of its state. They differ from .incomplete, so that Hugging
// Face's own client does not take our partial files for its own.
const (
	PartialSuffix = ".alpaca-partial"
	StateSuffix   = PartialSuffix + ".json"
)

// Partial is a complete file that does not have its final name yet.
type Partial struct {
	path string // the final path

	Size    int64
	SHA256  string // digest of the content
	GitSHA1 string // git's digest; "": not computed
}

// File returns the file's path until it is published.
func (p *Partial) File() string { return p.path + PartialSuffix }

// Publish gives the file its final name. An existing file is replaced. If the
// existing file is a symbolic link, the link is replaced, and not its target.
func (p *Partial) Publish() error {
	if err := atomicfile.Move(p.File(), p.path); err != nil {
		return err
	}
	return removed(p.path + StateSuffix)
}

// Discard removes the file.
func (p *Partial) Discard() error { return discard(p.path) }

// discard removes a partial file. It removes the state first,
// because a partial file without a state is never resumed.
func discard(path string) error {
	if err := removed(path + StateSuffix); err != nil {
		return err
	}
	atomicfile.SyncDir(filepath.Dir(path))
	return removed(path + PartialSuffix)
}

// Discard removes what an unfinished download left beside path.
func Discard(path string) error { return discard(path) }

func removed(path string) error {
	if err := os.Remove(path); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// Needed returns how many more bytes a job will take on the disk, or 0 if its size is not known.
func Needed(job Job) int64 {
	if job.Size < 0 {
		return 0
	}
	st, err := os.Stat(job.Path + PartialSuffix)
	if err != nil {
		return job.Size
	}
	return max(0, job.Size-allocated(st))
}

// Done returns how many bytes of a file have been fetched so far, by this process or another.
func Done(path string, size int64) int64 {
	if s, err := readState(path + StateSuffix); err == nil && s.Size == size {
		return s.total()
	}
	return 0
}

// kept returns how many bytes a later Download can use.
func kept(job Job) int64 {
	if s, err := readState(job.Path + StateSuffix); err == nil && s.of(job) == nil {
		return s.total()
	}
	return 0
}

// openPartial opens the partial file. If fresh is set, it creates the file, or empties it.
func openPartial(path string, fresh bool) (*os.File, error) {
	flags := os.O_RDWR
	if fresh {
		flags |= os.O_CREATE | os.O_TRUNC
	}
	f, err := os.OpenFile(path+PartialSuffix, flags, 0o666)
	if err != nil {
		return nil, fmt.Errorf("the folder for models cannot be written: %w", err)
	}
	return f, nil
}
