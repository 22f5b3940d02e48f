package fetch

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/gofrs/flock"
)

// Lock takes the lock that a file stands for, as Hugging Face's client does, and waits for
// whoever has it. The file stays. While it waits, waiting is called now and then.
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

// TryLock takes the lock that a file stands for, if nobody has it.
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
