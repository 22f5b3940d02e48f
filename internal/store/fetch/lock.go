package fetch

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/gofrs/flock"
)

// Lock locks the lock file at path, as Hugging Face's client does.
// While another process holds the lock, Lock waits and calls waiting
// again and again. release unlocks the file but does not remove it.
func Lock(ctx context.Context, path string, waiting func()) (release func(), err error) {
	const pause = 200 * time.Millisecond
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		return nil, fmt.Errorf("the folder for models cannot be written: %w", err)
	}
	l := flock.New(path, flock.SetPermissions(0o666))
	for {
		got, err := l.TryLock()
		if err != nil {
			return nil, fmt.Errorf("%s cannot be locked: %w", path, err)
		}
		if got {
			return func() { l.Unlock() }, nil
		}
		waiting()
		select {
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		case <-time.After(pause):
		}
	}
}

// TryLock locks the lock file at path. got is false if that
// fails, for example because another process holds the lock.
func TryLock(path string) (release func(), got bool) {
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		return nil, false
	}
	l := flock.New(path, flock.SetPermissions(0o666))
	if got, err := l.TryLock(); err != nil || !got {
		return nil, false
	}
	return func() { l.Unlock() }, true
}
