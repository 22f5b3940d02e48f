package ui

import (
	"errors"

	"golang.org/x/sys/windows"
)

// ignoreClosedPipes does nothing: on Windows a write to a closed pipe returns an error anyway.
func ignoreClosedPipes() {}

// isClosedPipe reports whether a write failed because nobody reads.
func isClosedPipe(err error) bool {
	return errors.Is(err, windows.ERROR_BROKEN_PIPE) || errors.Is(err, windows.ERROR_NO_DATA)
}
