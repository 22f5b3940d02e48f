//go:build unix

package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/creack/pty"
	"github.com/stretchr/testify/require"

	"alpaca/internal/gguf"
	"alpaca/internal/testmodel"
)

// terminal is a terminal with a command that a test types into.
type terminal struct {
	t   *testing.T
	cmd *exec.Cmd
	tty *os.File

	mu    sync.Mutex
	shown bytes.Buffer
	seen  int // bytes of shown that expect has passed
	ended chan struct{}
}

// chatOn starts a conversation on a terminal.
func chatOn(t *testing.T, columns uint16, state string, args ...string) *terminal {
	t.Helper()
	needExec(t)
	path := testmodel.SPM(1).Set("llama.context_length", gguf.U32(30000)).Write(t)
	args = append([]string{"run", "-m", path, "--chat-template", "zephyr", "--temp", "0", "-t", "1", "-n", "6"}, args...)
	cmd := exec.Command("alpaca", args...)
	cmd.Env = append(cmd.Environ(), "XDG_STATE_HOME="+state)
	return startOn(t, columns, cmd)
}

// startOn starts a command on a terminal.
func startOn(t *testing.T, columns uint16, cmd *exec.Cmd) *terminal {
	t.Helper()
	cmd.Env = append(cmd.Environ(), "TERM=xterm")
	tty, err := pty.StartWithSize(cmd, &pty.Winsize{Rows: 24, Cols: columns})
	require.NoError(t, err)
	term := &terminal{t: t, cmd: cmd, tty: tty, ended: make(chan struct{})}
	go func() {
		defer close(term.ended)
		data := make([]byte, 4096)
		for {
			n, err := tty.Read(data)
			term.mu.Lock()
			term.shown.Write(data[:n])
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

// patience is how long something may take that takes a moment: machines may be slow
// and busy.
const patience = 5 * time.Minute

// expect waits for a text after what was expected before.
func (term *terminal) expect(text string) {
	term.t.Helper()
	deadline := time.Now().Add(patience)
	for {
		term.mu.Lock()
		rest := term.shown.String()[term.seen:]
		at := strings.Index(rest, text)
		if at >= 0 {
			term.seen += at + len(text)
			term.mu.Unlock()
			return
		}
		term.mu.Unlock()
		if time.Now().After(deadline) {
			term.t.Fatalf("%q does not come; shown since: %q", text, rest)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// expectAnswer waits for the end of what was typed and for a line of the answer.
func (term *terminal) expectAnswer() {
	term.t.Helper()
	term.expect("\n")
	term.expect("\n")
}

// drawnPrompt is an empty prompt, drawn.
const drawnPrompt = "\x1b[36m>\x1b[0m \r\x1b[2C\x1b[?25h"

func (term *terminal) send(text string) {
	term.t.Helper()
	_, err := term.tty.WriteString(text)
	require.NoError(term.t, err)
}

// status waits for the end and returns the exit status.
func (term *terminal) status() int {
	term.t.Helper()
	select {
	case <-term.ended:
	case <-time.After(patience):
		term.t.Fatalf("it does not end: %q", term.shown.String()[term.seen:])
	}
	term.cmd.Wait()
	return term.cmd.ProcessState.ExitCode()
}

func TestChatOnTerminal(t *testing.T) {
	state := t.TempDir()
	term := chatOn(t, 40, state)
	term.expect("/help lists commands")
	term.expect(drawnPrompt)
	term.send("the llama\r")
	term.expect("the llama")
	term.expect(drawnPrompt)
	for _, command := range []struct{ line, answer string }{
		{"/help", "/regen           another answer"},
		{"/context", "of 4096 tokens"},
		{"/stats", "tokens/s"},
		{"/set temp 0.5", "temp is 0.5"},
		{"/system on and on", "is changed"},
		{"/regen", ""},
		{"/save " + filepath.Join(state, "s"), "Saved"},
		{"/undo", "Taken back: the llama"},
		{"/load " + filepath.Join(state, "s"), "3 messages"},
		{"/clear", "Forgotten: 2 messages."},
		{"/nonsense", "There is no command /nonsense"},
	} {
		term.send(command.line + "\r")
		term.expect(command.answer)
		term.expect(drawnPrompt)
	}
	// The history, of this run and, after it, of the next.
	term.send("\x1b[A")
	term.expect("/nonsense")
	term.send("\x15")
	term.expect(drawnPrompt)
	term.send("\x04")
	require.Equal(t, exitOK, term.status())

	term = chatOn(t, 200, state)
	term.expect(drawnPrompt)
	term.send("\x1b[A\x1b[A")
	term.expect("/clear")
	term.send("\r")
	term.expect(drawnPrompt)
	term.send("/bye\r")
	require.Equal(t, exitOK, term.status())

	// Without a history.
	term = chatOn(t, 200, state, "--no-history")
	term.expect(drawnPrompt)
	term.send("\x1b[A\x1b[A\x1b[Ax\r")
	term.expect("\x1b[0m x")
	term.expect(drawnPrompt)
	term.send("/bye\r")
	require.Equal(t, exitOK, term.status())
	history, err := os.ReadFile(filepath.Join(state, "alpaca", "history"))
	require.NoError(t, err)
	require.NotContains(t, string(history), `"x"`)
}

// TestChatCtrlC checks that Ctrl-C stops the answer and keeps the conversation,
// and that twice leaves it.
func TestChatCtrlC(t *testing.T) {
	term := chatOn(t, 80, t.TempDir(), "-n", "-1", "--ignore-eos", "-c", "30000")
	term.expect(drawnPrompt)
	term.send("the llama\r")
	term.expectAnswer()
	term.send("\x03")
	term.expect(drawnPrompt)
	term.send("/context\r")
	term.expect("2 messages")
	term.expect(drawnPrompt)
	for _, text := range []string{"given up", "\"\"\"\ra", "b \\\rc"} {
		term.send(text + "\x03")
		term.expect(drawnPrompt)
	}
	term.send("\x03")
	term.expect("Ctrl-C again leaves")
	term.expect(drawnPrompt)
	term.send("\x03")
	require.Equal(t, exitInterrupted, term.status())

	// While an answer is given, too.
	term = chatOn(t, 80, t.TempDir(), "-n", "-1", "--ignore-eos", "-c", "30000")
	term.expect(drawnPrompt)
	term.send("the llama\r")
	term.expectAnswer()
	term.send("\x03")
	term.expect(drawnPrompt)
	term.send("\x03")
	require.Equal(t, exitInterrupted, term.status())
}

// TestChatEnded checks that what ends a process ends an answer and the conversation,
// too, unless it is to outlive its terminal.
func TestChatEnded(t *testing.T) {
	for sig, status := range map[syscall.Signal]int{syscall.SIGTERM: 143, syscall.SIGHUP: 129} {
		term := chatOn(t, 80, t.TempDir(), "-n", "-1", "--ignore-eos", "-c", "30000")
		term.expect(drawnPrompt)
		term.send("the llama\r")
		term.expectAnswer()
		require.NoError(t, term.cmd.Process.Signal(sig))
		require.Equal(t, status, term.status())
	}
	// Where a message is waited for.
	term := chatOn(t, 80, t.TempDir())
	term.expect(drawnPrompt)
	require.NoError(t, term.cmd.Process.Signal(syscall.SIGTERM))
	require.Equal(t, 143, term.status())
}

// TestChatInput checks text that is hard to edit: long, wide, composed, of
// several lines, in a window that changes its size.
func TestChatInput(t *testing.T) {
	state := t.TempDir()
	term := chatOn(t, 40, state, "-c", "30000")
	term.expect(drawnPrompt)

	pasted := strings.Repeat("the llama ", 450) // beyond a terminal's line of 4096
	term.send("\x1b[200~" + pasted + "\x1b[201~")
	term.send("\r")
	term.expect(drawnPrompt)

	term.send("日本語 e\u0301x\x1b[D\x1b[D\x7f\x1b[D!\r")
	term.expect(drawnPrompt)

	term.send("a long line that goes beyond forty columns")
	term.expect("col\r\numns")
	require.NoError(t, pty.Setsize(term.tty, &pty.Winsize{Rows: 24, Cols: 20}))
	term.expect("a long line that g\r\noes beyond forty col\r\numns")
	require.NoError(t, pty.Setsize(term.tty, &pty.Winsize{Rows: 24, Cols: 200}))
	term.expect("a long line that goes beyond forty columns")
	term.send("\r")
	term.expect(drawnPrompt)

	term.send("\x1b[200~one\ntwo\x1b[201~\r")
	term.expect("\x1b[36m.\x1b[0m two")
	term.expect(drawnPrompt)
	term.send("\"\"\"three\rfour\"\"\"\r")
	term.expect(drawnPrompt)
	term.send("five\\\rsix\r")
	term.expect(drawnPrompt)
	term.send("/bye\r")
	require.Equal(t, exitOK, term.status())

	history := readHistory(filepath.Join(state, "alpaca", "history"))
	require.Equal(t, []string{
		pasted, "日本!語e\u0301x", "a long line that goes beyond forty columns", "one\ntwo", "\"\"\"three\nfour\"\"\"", "five\nsix", "/bye",
	}, history)
}

// TestChatWithoutColour checks that NO_COLOR is heeded, and that answers are
// broken between words on a narrow terminal.
func TestChatWithoutColour(t *testing.T) {
	t.Setenv("NO_COLOR", "1")
	term := chatOn(t, 40, t.TempDir(), "-n", "100", "--ignore-eos")
	term.expect("> ")
	term.send("the llama\r")
	term.expect("the llama")
	term.send("/bye\r")
	require.Equal(t, exitOK, term.status())
	require.NotRegexp(t, regexp.MustCompile(`\x1b\[[0-9;]*m`), term.shown.String())
}

// TestSingleTurnOnTerminal checks that one answer to a message that is given is no
// conversation: no greeting, no commands, and Ctrl-C is told by the exit status.
func TestSingleTurnOnTerminal(t *testing.T) {
	term := chatOn(t, 80, t.TempDir(), "--single-turn", "-p", "/etc/hosts", "-n", "-1", "--ignore-eos", "-c", "30000")
	term.expect("\n")
	term.send("\x03")
	require.Equal(t, exitInterrupted, term.status())
	require.NotContains(t, term.shown.String(), "/help")
}

// TestTemplateRefuses checks that a conversation outlives a message that its template
// refuses.
func TestTemplateRefuses(t *testing.T) {
	needExec(t)
	path := testmodel.SPM(1).Set("tokenizer.chat_template", gguf.Str(
		"{% for m in messages %}{% if messages|length > 4 %}{{ raise_exception('no more') }}{% endif %}{{ m.role }}: {{ m.content }}\n{% endfor %}")).Write(t)
	cmd := exec.Command("alpaca", "run", "-m", path, "-n", "2")
	cmd.Env = append(cmd.Environ(), "XDG_STATE_HOME="+t.TempDir())
	term := startOn(t, 80, cmd)
	for range 2 {
		term.expect(drawnPrompt)
		term.send("the llama\r")
	}
	term.expect(drawnPrompt)
	term.send("the llama\r")
	term.expect("no more")
	term.expect(drawnPrompt)
	term.send("/bye\r")
	require.Equal(t, exitOK, term.status())
}

// TestModelDoesNotControlTerminal checks that a model's name is shown as text.
func TestModelDoesNotControlTerminal(t *testing.T) {
	needExec(t)
	path := testmodel.SPM(1).Set("general.name", gguf.Str("evil\x1b]0;title\a\x1b[31m\nalpaca: error: no")).Write(t)
	shown := onTerminal(t, 80, nil, "run", "-m", path, "-i", "-p", "the", "--single-turn", "-n", "1")
	require.NotContains(t, shown, "\x1b]")
	cmd := exec.Command("alpaca", "run", "-m", path, "--chat-template", "zephyr")
	term := startOn(t, 80, cmd)
	term.expect("evil?]0;title??[31m")
	term.expect(drawnPrompt)
	require.NotContains(t, term.shown.String(), "\x1b[31m")
	term.send("/bye\r")
	require.Equal(t, exitOK, term.status())
}

// TestAnswerInAFile checks that a redirected answer is not decorated.
func TestAnswerInAFile(t *testing.T) {
	needExec(t)
	path := testmodel.SPM(1).Write(t)
	o := alpaca(t, "the llama\n", "run", "-m", path, "--chat-template", "zephyr", "-i", "-n", "6", "--temp", "0")
	require.Equal(t, exitOK, o.status)
	require.NotContains(t, o.out, "\x1b")
	require.Empty(t, o.stderr)
}
