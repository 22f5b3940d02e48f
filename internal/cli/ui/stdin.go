package ui

import (
	"fmt"
	"io"
	"os"
	"time"
)

// ReadFile returns a file's bytes.
func ReadFile(path string) (string, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	return string(data), nil
}

// ReadInput returns a file's bytes; "-" is stdin.
func (u *UI) ReadInput(path string) (string, error) {
	if path == "-" {
		return u.ReadStdin()
	}
	return ReadFile(path)
}

// ReadStdin reads all of stdin. If that takes long, a note says that the program waits for
// input. Ctrl-C ends the reading, too.
func (u *UI) ReadStdin() (string, error) {
	const patience = 2 * time.Second
	waiting := time.AfterFunc(patience, func() {
		u.Notef("reading the text from stdin until it ends")
	})
	defer waiting.Stop()
	var data []byte
	var err error
	read := make(chan struct{})
	go func() {
		defer close(read)
		data, err = io.ReadAll(u.In)
	}()
	select {
	case <-read:
	case <-u.signals.ended:
		return "", ErrInterrupted
	}
	if err != nil {
		return "", fmt.Errorf("stdin: %w", err)
	}
	return string(data), nil
}
