package store

import (
	"os"

	"github.com/gofrs/flock"
)

// Hold marks a model as in use for other processes, until release is called or this process
// ends. Where files cannot be locked, it does nothing.
func (m *Model) Hold() (release func()) {
	var locks []*flock.Flock
	for _, b := range m.Blobs {
		l := fileLock(b.File)
		if got, err := l.TryRLock(); got && err == nil {
			locks = append(locks, l)
		}
	}
	return func() {
		for _, l := range locks {
			l.Close()
		}
	}
}

// inUse reports whether a process of ours holds a file.
func inUse(path string) bool {
	l := fileLock(path)
	defer l.Close()
	got, err := l.TryLock()
	return err == nil && !got
}

// fileLock is the lock of a model's file itself, which is only read.
func fileLock(path string) *flock.Flock { return flock.New(path, flock.SetFlag(os.O_RDONLY)) }
