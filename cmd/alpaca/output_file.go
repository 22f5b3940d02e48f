package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// outputFile is a file that appears under its name when it is complete. A
// device or FIFO is no such file: what is written goes there at once.
type outputFile struct {
	*os.File
	path string // that it gets; "" for a device, a FIFO or stdout
}

// checkOutput returns an error if the file of a flag cannot be written for a reason
// that shows before the work is done: its folder is missing, it is one itself, or it is
// one of the inputs.
func checkOutput(flag, path string, inputs ...string) error {
	if path == "" {
		return nil
	}
	st, err := os.Stat(path)
	switch {
	case err == nil && st.IsDir():
		return fmt.Errorf("--%s %s: is a directory", flag, path)
	case err == nil:
		for _, in := range inputs {
			if input, err := os.Stat(in); err == nil && st.Mode().IsRegular() && os.SameFile(input, st) {
				return fmt.Errorf("--%s %s: is an input", flag, path)
			}
		}
		return nil
	}
	if st, err = os.Stat(filepath.Dir(finalTarget(path))); err == nil && !st.IsDir() {
		err = syscall.ENOTDIR
	}
	if err != nil {
		var in *fs.PathError
		if errors.As(err, &in) {
			err = in.Err // the folder's name is in the file's
		}
		return fmt.Errorf("--%s %s: %w", flag, path, err)
	}
	return nil
}

// createOutput begins a file.
func createOutput(path string) (*outputFile, error) {
	st, err := os.Stat(path)
	switch {
	case err == nil && isStdout(st):
		// As /dev/stdout: its file has more than this to hold.
		return &outputFile{os.Stdout, ""}, nil
	case err == nil && !st.Mode().IsRegular():
		f, err := os.OpenFile(path, os.O_WRONLY, 0)
		if err != nil {
			return nil, err
		}
		return &outputFile{f, ""}, nil
	}
	path = finalTarget(path)
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		var in *fs.PathError
		if errors.As(err, &in) {
			in.Path = path // the name that is known
		}
		return nil, err
	}
	return &outputFile{f, path}, nil
}

// isStdout reports whether a file is the one that stdout goes to.
func isStdout(st fs.FileInfo) bool {
	out, err := os.Stdout.Stat()
	return err == nil && os.SameFile(st, out)
}

// finalTarget follows symbolic links to the file that they stand for, which need not
// exist: a rename would put the file in place of the link.
func finalTarget(path string) string {
	const most = 40 // as in Linux; a loop is replaced
	for range most {
		to, err := os.Readlink(path)
		if err != nil {
			break
		}
		if !filepath.IsAbs(to) {
			// Not filepath.Join, which takes "link/.." for nothing.
			to = filepath.Dir(path) + string(filepath.Separator) + to
		}
		path = to
	}
	return path
}

// commit gives the file its name.
func (f *outputFile) commit() error {
	if f.File == os.Stdout {
		return nil
	} else if f.path == "" {
		return f.Close()
	}
	err := f.Chmod(0o644)
	if errors.Is(err, errors.ErrUnsupported) {
		err = nil
	}
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	if err == nil {
		err = os.Rename(f.Name(), f.path)
	}
	if err != nil {
		os.Remove(f.Name())
	}
	return err
}

// abort removes the file; after commit it does nothing.
func (f *outputFile) abort() {
	if f.File != os.Stdout && f.Close() == nil && f.path != "" {
		os.Remove(f.Name())
	}
}

// writeOutput writes a whole file.
func writeOutput(path string, write func(f *outputFile) error) error {
	f, err := createOutput(path)
	if err != nil {
		return err
	}
	defer f.abort()
	if err := write(f); err != nil {
		return err
	}
	return f.commit()
}
