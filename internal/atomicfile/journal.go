package atomicfile

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"

	"github.com/gofrs/flock"
)

// Journal is a file that grows by whole lines. A crash may leave an incomplete line, which
// OpenJournal cuts off.
type Journal struct {
	file *os.File
	lock *flock.Flock // nil on Windows, where a lock would keep its owner from writing
	size int64        // size of the complete lines, in bytes
}

// OpenJournal opens a journal, or creates it. It fails if another process has the journal open.
func OpenJournal(path string) (*Journal, error) {
	if st, err := os.Stat(path); err == nil && !st.Mode().IsRegular() {
		return nil, fmt.Errorf("%s: exists and is not a regular file", path)
	}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o666)
	if err != nil {
		return nil, err
	}
	SyncDir(filepath.Dir(path))
	j := &Journal{file: f}
	if err = j.claim(path); err == nil {
		j.size, err = wholeLines(f)
	}
	if err == nil {
		err = f.Truncate(j.size)
	}
	if err != nil {
		j.Close()
		return nil, err
	}
	return j, nil
}

// claim keeps other processes from writing the file.
func (j *Journal) claim(path string) error {
	if runtime.GOOS == "windows" { // a lock would keep this process from writing, too
		return nil
	}
	lock := flock.New(path, flock.SetFlag(os.O_RDONLY))
	switch held, err := lock.TryLock(); {
	case err != nil:
		return err
	case !held:
		return fmt.Errorf("%s: another process is writing it", path)
	}
	j.lock = lock
	return nil
}

// wholeLines returns the length of a file up to the end of its last complete line.
func wholeLines(f *os.File) (int64, error) {
	st, err := f.Stat()
	if err != nil {
		return 0, err
	}
	buf := make([]byte, 64<<10)
	for end := st.Size(); end > 0; {
		at := max(0, end-int64(len(buf)))
		part := buf[:end-at]
		if _, err := f.ReadAt(part, at); err != nil {
			return 0, err
		}
		if i := bytes.LastIndexByte(part, '\n'); i >= 0 {
			return at + int64(i) + 1, nil
		}
		end = at
	}
	return 0, nil
}

// Reader returns a reader of the lines.
func (j *Journal) Reader() io.Reader { return io.NewSectionReader(j.file, 0, j.size) }

// Size returns the size of all lines in bytes.
func (j *Journal) Size() int64 { return j.size }

// Append adds a line, which must end in a newline. If it fails, it removes the part of the line
// that was written.
func (j *Journal) Append(line []byte) error {
	_, err := j.file.Write(line)
	if err != nil {
		return errors.Join(err, j.file.Truncate(j.size))
	}
	j.size += int64(len(line))
	return nil
}

// Sync syncs all lines to the disk.
func (j *Journal) Sync() error { return j.file.Sync() }

// Close closes the file and releases its lock. The file may have been removed or replaced
// meanwhile.
func (j *Journal) Close() error {
	err := j.file.Close()
	if j.lock != nil {
		err = errors.Join(err, j.lock.Close())
	}
	return err
}
