package ui

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"alpaca/internal/atomicfile"
)

// OutputFile is a file that appears under its name when Commit is called. If it is a device or a
// FIFO, each write goes there immediately.
type OutputFile interface {
	io.Writer
	Commit() error
	Abort() // drops the file; after Commit it does nothing
}

// atOnce is an output to a device or a FIFO.
type atOnce struct{ *os.File }

func (f atOnce) Commit() error { return f.Close() }
func (f atOnce) Abort()        { f.Close() }

// toStdout is an output whose path names the file of stdout, such as /dev/stdout.
type toStdout struct{ io.Writer }

func (toStdout) Commit() error { return nil }
func (toStdout) Abort()        {}

// Output is a file to write, and the flag that names it.
type Output struct{ Flag, Path string }

// CheckOutputs returns an error if an output cannot be written: if its folder is
// missing, if the output is itself a folder or one of the inputs, or if two
// flags name the same file. A command calls CheckOutputs before its work begins.
func CheckOutputs(outputs []Output, inputs ...string) error {
	for i, out := range outputs {
		if out.Path == "" {
			continue
		}
		if err := checkOutput(out.Path, inputs); err != nil {
			return fmt.Errorf("--%s %s: %w", out.Flag, out.Path, err)
		}
		for _, other := range outputs[:i] {
			if sameFile(out.Path, other.Path) {
				return Usagef("--%s and --%s name the same file, %s", other.Flag, out.Flag, out.Path)
			}
		}
	}
	return nil
}

func checkOutput(path string, inputs []string) error {
	st, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return atomicfile.CheckFolder(path)
	case err == nil && st.IsDir():
		return errors.New("is a directory")
	case err == nil && atomicfile.IsOneOf(st, inputs):
		return errors.New("is an input")
	}
	if e, ok := errors.AsType[*fs.PathError](err); ok {
		return e.Err // CheckOutputs adds the path
	}
	return err
}

// sameFile reports whether a and b name the same regular file, or would name it if both existed.
func sameFile(a, b string) bool {
	stA, errA := os.Stat(a)
	stB, errB := os.Stat(b)
	if errA == nil && errB == nil {
		return stA.Mode().IsRegular() && os.SameFile(stA, stB)
	}
	absA, _ := filepath.Abs(a)
	absB, _ := filepath.Abs(b)
	return absA == absB
}

// CreateOutput opens path for writing. If path names a device, a FIFO or stdout, it
// opens that. Otherwise it opens a new file, which replaces an old one on Commit.
func CreateOutput(path string) (OutputFile, error) {
	st, err := os.Stat(path)
	if err != nil || st.Mode().IsRegular() && !isStdout(st) {
		return atomicfile.Create(path, 0o666)
	}
	if isStdout(st) {
		return toStdout{os.Stdout}, nil // replacing stdout's file would lose its other content
	}
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return nil, err
	}
	return atOnce{f}, nil
}

// isStdout reports whether stdout goes to the file st.
func isStdout(st fs.FileInfo) bool {
	out, err := os.Stdout.Stat()
	return err == nil && os.SameFile(st, out)
}

// WriteOutput writes a whole file.
func WriteOutput(path string, write func(w io.Writer) error) error {
	f, err := CreateOutput(path)
	if err != nil {
		return err
	}
	defer f.Abort()
	if err := write(f); err != nil {
		return err
	}
	return f.Commit()
}
