//go:build unix

package clitest

import (
	"bytes"
	"io"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/creack/pty"
	"github.com/stretchr/testify/require"
)

// Terminal is a terminal on which a command runs, and into which a test types.
type Terminal struct {
	t   *testing.T
	Cmd *exec.Cmd
	TTY *os.File

	mu    sync.Mutex
	Shown bytes.Buffer
	seen  int // number of bytes of Shown up to the end of the text that Expect found last
	ended chan struct{}
}

// StartOn starts a command on a terminal.
func StartOn(t *testing.T, columns uint16, cmd *exec.Cmd) *Terminal {
	t.Helper()
	cmd.Env = append(cmd.Environ(), "TERM=xterm")
	tty, err := pty.StartWithSize(cmd, &pty.Winsize{Rows: 24, Cols: columns})
	require.NoError(t, err)
	term := &Terminal{t: t, Cmd: cmd, TTY: tty, ended: make(chan struct{})}
	go func() {
		defer close(term.ended)
		data := make([]byte, 4096)
		for {
			n, err := tty.Read(data)
			term.mu.Lock()
			term.Shown.Write(data[:n])
			term.mu.Unlock()
			if err != nil {
				return
			}
		}
	}()
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
		tty.Close()
	})
	return term
}

// patience is how long a test waits for something that usually takes a moment. It is long,
// because machines may be slow and busy.
const patience = 5 * time.Minute

// Expect waits until the terminal shows the given text, after the text that the previous call
// found.
func (term *Terminal) Expect(text string) {
	term.t.Helper()
	deadline := time.Now().Add(patience)
	for {
		term.mu.Lock()
		rest := term.Shown.String()[term.seen:]
		at := strings.Index(rest, text)
		if at >= 0 {
			term.seen += at + len(text)
			term.mu.Unlock()
			return
		}
		term.mu.Unlock()
		if time.Now().After(deadline) {
			term.t.Fatalf("the terminal does not show %q, but: %q", text, rest)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// ExpectAnswer waits for the end of the typed line and then for a line of the answer.
func (term *Terminal) ExpectAnswer() {
	term.t.Helper()
	term.Expect("\n")
	term.Expect("\n")
}

// DrawnPrompt is what the line editor writes to show its prompt and an empty line.
const DrawnPrompt = "\x1b[36m>\x1b[0m \r\x1b[2C\x1b[?25h"

// Send types a text.
func (term *Terminal) Send(text string) {
	term.t.Helper()
	_, err := term.TTY.WriteString(text)
	require.NoError(term.t, err)
}

// Status waits until the command ends and returns its exit status.
func (term *Terminal) Status() int {
	term.t.Helper()
	select {
	case <-term.ended:
	case <-time.After(patience):
		term.t.Fatalf("the command does not end; the terminal shows %q", term.Shown.String()[term.seen:])
	}
	term.Cmd.Wait()
	return term.Cmd.ProcessState.ExitCode()
}

// OnTerminal runs a command on a terminal with the given number of
// columns and returns what it shows, stdout and stderr together.
func OnTerminal(t *testing.T, columns uint16, env []string, args ...string) string {
	t.Helper()
	NeedExec(t)
	cmd := exec.Command("alpaca", args...)
	cmd.Env = append(cmd.Environ(), "TERM=xterm")
	cmd.Env = append(cmd.Env, env...)
	tty, err := pty.StartWithSize(cmd, &pty.Winsize{Rows: 24, Cols: columns})
	require.NoError(t, err)
	defer tty.Close()
	var shown bytes.Buffer
	io.Copy(&shown, tty) // ends with an error when the other side is closed
	cmd.Wait()
	return strings.ReplaceAll(shown.String(), "\r\n", "\n")
}

// Escapes are a terminal's control sequences.
var Escapes = regexp.MustCompile(`\x1b\[[0-9;]*[A-Za-z]`)
