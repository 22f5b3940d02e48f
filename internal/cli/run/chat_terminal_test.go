//go:build unix

package run_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"github.com/creack/pty"
	"github.com/stretchr/testify/require"

	"alpaca/internal/cli/clitest"
	"alpaca/internal/cli/run"
	"alpaca/internal/cli/ui"
	"alpaca/internal/gguf"
	"alpaca/internal/testmodel"
)

// chatOn starts a conversation on a terminal.
func chatOn(t *testing.T, columns uint16, state string, args ...string) *clitest.Terminal {
	t.Helper()
	clitest.NeedExec(t)
	path := testmodel.SPM(1).Set("llama.context_length", gguf.U32(30000)).Write(t)
	args = append([]string{"run", "-m", path, "--chat-template", "zephyr", "--temp", "0", "-t", "1", "-n", "6"}, args...)
	cmd := exec.Command("alpaca", args...)
	cmd.Env = append(cmd.Environ(), "XDG_STATE_HOME="+state)
	return clitest.StartOn(t, columns, cmd)
}

func TestChatOnTerminal(t *testing.T) {
	state := t.TempDir()
	term := chatOn(t, 40, state)
	term.Expect("/help lists commands")
	term.Expect(clitest.DrawnPrompt)
	term.Send("the llama\r")
	term.Expect("the llama")
	term.Expect(clitest.DrawnPrompt)
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
		{"/nonsense", "Unknown command /nonsense"},
	} {
		term.Send(command.line + "\r")
		term.Expect(command.answer)
		term.Expect(clitest.DrawnPrompt)
	}
	// The history has the lines of this run and of the run before.
	term.Send("\x1b[A")
	term.Expect("/nonsense")
	term.Send("\x15")
	term.Expect(clitest.DrawnPrompt)
	term.Send("\x04")
	require.Equal(t, ui.ExitOK, term.Status())

	term = chatOn(t, 200, state)
	term.Expect(clitest.DrawnPrompt)
	term.Send("\x1b[A\x1b[A")
	term.Expect("/clear")
	term.Send("\r")
	term.Expect(clitest.DrawnPrompt)
	term.Send("/bye\r")
	require.Equal(t, ui.ExitOK, term.Status())

	// --no-history neither reads nor writes the history.
	term = chatOn(t, 200, state, "--no-history")
	term.Expect(clitest.DrawnPrompt)
	term.Send("\x1b[A\x1b[A\x1b[Ax\r")
	term.Expect("\x1b[0m x")
	term.Expect(clitest.DrawnPrompt)
	term.Send("/bye\r")
	require.Equal(t, ui.ExitOK, term.Status())
	history, err := os.ReadFile(filepath.Join(state, "alpaca", "history"))
	require.NoError(t, err)
	require.NotContains(t, string(history), `"x"`)
}

// TestChatCtrlC checks that Ctrl-C stops the answer and keeps the conversation, and that a
// second Ctrl-C leaves the conversation.
func TestChatCtrlC(t *testing.T) {
	term := chatOn(t, 80, t.TempDir(), "-n", "-1", "--ignore-eos", "-c", "30000")
	term.Expect(clitest.DrawnPrompt)
	term.Send("the llama\r")
	term.ExpectAnswer()
	term.Send("\x03")
	term.Expect(clitest.DrawnPrompt)
	term.Send("/context\r")
	term.Expect("2 messages")
	term.Expect(clitest.DrawnPrompt)
	for _, text := range []string{"given up", "\"\"\"\ra", "b \\\rc"} {
		term.Send(text + "\x03")
		term.Expect(clitest.DrawnPrompt)
	}
	term.Send("\x03")
	term.Expect("Ctrl-C again leaves")
	term.Expect(clitest.DrawnPrompt)
	term.Send("\x03")
	require.Equal(t, ui.ExitInterrupted, term.Status())

	// The first Ctrl-C may also come while an answer is being given.
	term = chatOn(t, 80, t.TempDir(), "-n", "-1", "--ignore-eos", "-c", "30000")
	term.Expect(clitest.DrawnPrompt)
	term.Send("the llama\r")
	term.ExpectAnswer()
	term.Send("\x03")
	term.Expect(clitest.DrawnPrompt)
	term.Send("\x03")
	require.Equal(t, ui.ExitInterrupted, term.Status())
}

// TestChatEnded checks that SIGTERM and SIGHUP end a conversation, even during an answer.
func TestChatEnded(t *testing.T) {
	for sig, status := range map[syscall.Signal]int{syscall.SIGTERM: 143, syscall.SIGHUP: 129} {
		term := chatOn(t, 80, t.TempDir(), "-n", "-1", "--ignore-eos", "-c", "30000")
		term.Expect(clitest.DrawnPrompt)
		term.Send("the llama\r")
		term.ExpectAnswer()
		require.NoError(t, term.Cmd.Process.Signal(sig))
		require.Equal(t, status, term.Status())
	}
	// The signals also end the program while it waits for a message.
	term := chatOn(t, 80, t.TempDir())
	term.Expect(clitest.DrawnPrompt)
	require.NoError(t, term.Cmd.Process.Signal(syscall.SIGTERM))
	require.Equal(t, 143, term.Status())
}

// TestChatInput checks text that is hard to edit: long, with wide or combining characters, of
// several lines, in a window that changes its size.
func TestChatInput(t *testing.T) {
	state := t.TempDir()
	term := chatOn(t, 40, state, "-c", "30000")
	term.Expect(clitest.DrawnPrompt)

	pasted := strings.Repeat("the llama ", 450) // a terminal itself can edit lines of at most 4096 bytes
	term.Send("\x1b[200~" + pasted + "\x1b[201~")
	term.Send("\r")
	term.Expect(clitest.DrawnPrompt)

	term.Send("日本語 e\u0301x\x1b[D\x1b[D\x7f\x1b[D!\r")
	term.Expect(clitest.DrawnPrompt)

	term.Send("a long line that goes beyond forty columns")
	term.Expect("col\r\numns")
	require.NoError(t, pty.Setsize(term.TTY, &pty.Winsize{Rows: 24, Cols: 20}))
	term.Expect("a long line that g\r\noes beyond forty col\r\numns")
	require.NoError(t, pty.Setsize(term.TTY, &pty.Winsize{Rows: 24, Cols: 200}))
	term.Expect("a long line that goes beyond forty columns")
	term.Send("\r")
	term.Expect(clitest.DrawnPrompt)

	term.Send("\x1b[200~one\ntwo\x1b[201~\r")
	term.Expect("\x1b[36m.\x1b[0m two")
	term.Expect(clitest.DrawnPrompt)
	term.Send("\"\"\"three\rfour\"\"\"\r")
	term.Expect(clitest.DrawnPrompt)
	term.Send("five\\\rsix\r")
	term.Expect(clitest.DrawnPrompt)
	term.Send("/bye\r")
	require.Equal(t, ui.ExitOK, term.Status())

	history := run.ReadHistory(filepath.Join(state, "alpaca", "history"))
	require.Equal(t, []string{
		pasted, "日本!語e\u0301x", "a long line that goes beyond forty columns", "one\ntwo", "\"\"\"three\nfour\"\"\"", "five\nsix", "/bye",
	}, history)
}

// TestChatWithoutColour checks that NO_COLOR is respected, and
// that answers are broken between words on a narrow terminal.
func TestChatWithoutColour(t *testing.T) {
	t.Setenv("NO_COLOR", "1")
	term := chatOn(t, 40, t.TempDir(), "-n", "100", "--ignore-eos")
	term.Expect("> ")
	term.Send("the llama\r")
	term.Expect("the llama")
	term.Send("/bye\r")
	require.Equal(t, ui.ExitOK, term.Status())
	require.NotRegexp(t, regexp.MustCompile(`\x1b\[[0-9;]*m`), term.Shown.String())
}

// TestSingleTurnOnTerminal checks that --single-turn with a message does not begin a conversation:
// there is no greeting, the message may look like a command, and Ctrl-C sets the exit status.
func TestSingleTurnOnTerminal(t *testing.T) {
	term := chatOn(t, 80, t.TempDir(), "--single-turn", "-p", "/etc/hosts", "-n", "-1", "--ignore-eos", "-c", "30000")
	term.Expect("\n")
	term.Send("\x03")
	require.Equal(t, ui.ExitInterrupted, term.Status())
	require.NotContains(t, term.Shown.String(), "/help")
}

// TestTemplateRefuses checks that a conversation continues after a message that its template
// refuses.
func TestTemplateRefuses(t *testing.T) {
	clitest.NeedExec(t)
	path := testmodel.SPM(1).Set("tokenizer.chat_template", gguf.Str(
		"{% for m in messages %}{% if messages|length > 4 %}{{ raise_exception('no more') }}{% endif %}{{ m.role }}: {{ m.content }}\n{% endfor %}")).Write(t)
	cmd := exec.Command("alpaca", "run", "-m", path, "-n", "2")
	cmd.Env = append(cmd.Environ(), "XDG_STATE_HOME="+t.TempDir())
	term := clitest.StartOn(t, 80, cmd)
	for range 2 {
		term.Expect(clitest.DrawnPrompt)
		term.Send("the llama\r")
	}
	term.Expect(clitest.DrawnPrompt)
	term.Send("the llama\r")
	term.Expect("no more")
	term.Expect(clitest.DrawnPrompt)
	term.Send("/bye\r")
	require.Equal(t, ui.ExitOK, term.Status())
}

// TestModelDoesNotControlTerminal checks that a model's name is shown as text.
func TestModelDoesNotControlTerminal(t *testing.T) {
	clitest.NeedExec(t)
	path := testmodel.SPM(1).Set("general.name", gguf.Str("evil\x1b]0;title\a\x1b[31m\nalpaca: error: no")).Write(t)
	shown := clitest.OnTerminal(t, 80, nil, "run", "-m", path, "-i", "-p", "the", "--single-turn", "-n", "1")
	require.NotContains(t, shown, "\x1b]")
	cmd := exec.Command("alpaca", "run", "-m", path, "--chat-template", "zephyr")
	term := clitest.StartOn(t, 80, cmd)
	term.Expect("evil?]0;title??[31m")
	term.Expect(clitest.DrawnPrompt)
	require.NotContains(t, term.Shown.String(), "\x1b[31m")
	term.Send("/bye\r")
	require.Equal(t, ui.ExitOK, term.Status())
}

// TestAnswerInAFile checks that an answer in a file or pipe has no colours or control sequences.
func TestAnswerInAFile(t *testing.T) {
	clitest.NeedExec(t)
	path := testmodel.SPM(1).Write(t)
	o := clitest.Run(t, "the llama\n", "run", "-m", path, "--chat-template", "zephyr", "-i", "-n", "6", "--temp", "0")
	require.Equal(t, ui.ExitOK, o.Status)
	require.NotContains(t, o.Out, "\x1b")
	require.Empty(t, o.Stderr)
}
