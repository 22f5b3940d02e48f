package store

import (
	"os"

	"github.com/gofrs/flock"
)

// Hold locks a model's files, which shows other processes that the model is in use. The locks
// last until release is called or this process ends. A file that cannot be locked is skipped.
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

// inUse reports whether a process has locked a file with Hold.
func inUse(path string) bool {
	l := fileLock(path)
	defer l.Close()
	got, err := l.TryLock()
	return err == nil && !got
}

// fileLock returns a lock on a model's file. There is no
// separate lock file, so the model's file is opened, read-only.
func fileLock(path string) *flock.Flock { return flock.New(path, flock.SetFlag(os.O_RDONLY)) }
