package atomicfile

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// Move renames a complete, synced file within a file system. A file that already exists
// there is replaced.
func Move(from, to string) error {
	if err := os.Rename(from, to); err != nil {
		return err
	}
	SyncDir(filepath.Dir(to))
	return nil
}

// Symlink makes a symbolic link at path. A file that exists there is replaced.
func Symlink(target, path string) error {
	if old, err := os.Readlink(path); err == nil && old == target {
		return nil
	}
	temporary := ""
	err := withFreeName(path, func(name string) error {
		temporary = name
		return os.Symlink(target, name)
	})
	if err != nil {
		return err
	}
	if err := Move(temporary, path); err != nil {
		return errors.Join(err, os.Remove(temporary))
	}
	return nil
}

// WriteFile writes data to a file by Create and Commit.
func WriteFile(path string, data []byte, mode fs.FileMode) error {
	f, err := Create(path, mode)
	if err != nil {
		return err
	}
	defer f.Abort()
	if _, err := f.Write(data); err != nil {
		return err
	}
	return f.Commit()
}
