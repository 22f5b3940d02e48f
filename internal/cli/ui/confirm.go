package ui

import (
	"context"
	"fmt"
	"strings"
)

// Confirm asks a question on the terminal. An empty
// answer means yes, and the end of the input means no.
func (u *UI) Confirm(question string) bool {
	u.status.clear(u)
	fmt.Fprintf(u.Err, "alpaca: %s [Y/n] ", question)
	var line []byte
	for b := make([]byte, 1); ; { // read byte by byte, because later readers need what follows the line
		n, err := u.In.Read(b)
		if n > 0 && b[0] == '\n' {
			break
		}
		if err != nil {
			fmt.Fprintln(u.Err)
			return false
		}
		line = append(line, b[:n]...)
	}
	switch strings.ToLower(strings.TrimSpace(string(line))) {
	case "", "y", "yes":
		return true
	}
	return false
}

// Context returns the context that the first signal cancels, for work that does not get the
// command's context.
func (u *UI) Context() context.Context {
	if u.signals.ctx == nil {
		return context.Background()
	}
	return u.signals.ctx
}
