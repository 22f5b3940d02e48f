package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"alpaca/internal/pending"
)

// outputFile is a file that appears under its name when it is complete. A
// device or FIFO is no such file: what is written goes there at once.
type outputFile interface {
	io.Writer
	Commit() error
	Abort() // after Commit it does nothing
}

// atOnce is a device or a FIFO.
type atOnce struct{ *os.File }

func (f atOnce) Commit() error { return f.Close() }
func (f atOnce) Abort()        { f.Close() }

// toStdout is the file that stdout goes to, by another name.
type toStdout struct{ io.Writer }

func (toStdout) Commit() error { return nil }
func (toStdout) Abort()        {}

// checkOutput returns an error if the file of a flag cannot be written for a reason
// that shows before the work is done: its folder is missing, it is one itself, or it is
// one of the inputs.
func checkOutput(flag, path string, inputs ...string) error {
	if path == "" {
		return nil
	}
	st, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		err = pending.CheckFolder(path)
	case err != nil:
	case st.IsDir():
		err = errors.New("is a directory")
	case pending.IsOneOf(st, inputs):
		err = errors.New("is an input")
	}
	if e, ok := errors.AsType[*fs.PathError](err); ok {
		err = e.Err // the name is there
	}
	if err != nil {
		return fmt.Errorf("--%s %s: %w", flag, path, err)
	}
	return nil
}

// createOutput begins a file.
func createOutput(path string) (outputFile, error) {
	st, err := os.Stat(path)
	if err != nil || st.Mode().IsRegular() && !isStdout(st) {
		return pending.Create(path, 0o666)
	}
	if isStdout(st) {
		return toStdout{os.Stdout}, nil // as /dev/stdout: its file has more than this to hold
	}
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return nil, err
	}
	return atOnce{f}, nil
}

// isStdout reports whether a file is the one that stdout goes to.
func isStdout(st fs.FileInfo) bool {
	out, err := os.Stdout.Stat()
	return err == nil && os.SameFile(st, out)
}

// writeOutput writes a whole file.
func writeOutput(path string, write func(w io.Writer) error) error {
	f, err := createOutput(path)
	if err != nil {
		return err
	}
	defer f.Abort()
	if err := write(f); err != nil {
		return err
	}
	return f.Commit()
}
