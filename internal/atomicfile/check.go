package atomicfile

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"syscall"
)

// ErrExists says that a file is not replaced because it exists.
var ErrExists = errors.New("exists already")

// Check returns an error if path must not be written: if it is one of the inputs, directly or
// through a link; if it exists and force is not set; or if it is not a regular file.
func Check(path string, inputs []string, force bool) error {
	st, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case IsOneOf(st, inputs):
		return fmt.Errorf("%s is the input", path)
	case !st.Mode().IsRegular():
		return fmt.Errorf("%s is not a regular file", path)
	case !force:
		return fmt.Errorf("%s %w", path, ErrExists)
	}
	return nil
}

// IsOneOf reports whether file is a regular file, and is one of the files with the given names.
func IsOneOf(file fs.FileInfo, names []string) bool {
	return file.Mode().IsRegular() && slices.ContainsFunc(names, func(name string) bool {
		st, err := os.Stat(name)
		return err == nil && os.SameFile(st, file)
	})
}

// CheckFolder returns an error, without the path, if the folder of path does not exist.
func CheckFolder(path string) error {
	st, err := os.Stat(filepath.Dir(followLinks(path)))
	if e, ok := errors.AsType[*fs.PathError](err); ok {
		return e.Err
	} else if err == nil && !st.IsDir() {
		return syscall.ENOTDIR
	}
	return err
}

// followLinks follows symbolic links to their target, which need not exist. Otherwise, a rename
// would replace the link.
func followLinks(path string) string {
	const limit = 40 // Linux's limit
	for range limit {
		to, err := os.Readlink(path)
		if err != nil {
			break
		}
		if !filepath.IsAbs(to) {
			// Not filepath.Join, which removes "link/..".
			to = filepath.Dir(path) + string(filepath.Separator) + to
		}
		path = to
	}
	return path
}
