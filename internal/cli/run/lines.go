package run

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"

	"alpaca/internal/cli/ui"
	"alpaca/internal/lineedit"
)

// lines is the source of a conversation's messages.
type lines interface {
	// next returns a line without its newline. If more is true, the line
	// continues an incomplete message. At the end, next returns io.EOF.
	next(ctx context.Context, more bool) (string, error)
	terminal() bool // a person types the lines
	commands() bool // lines may be commands
	// remember adds a message to the history.
	remember(text string)
	close()
}

// errLineInterrupt says that Ctrl-C was pressed. lines.next returns it with the text typed so
// far.
var errLineInterrupt = lineedit.ErrInterrupt

// newLines returns the lines that are typed on the terminal, or those of a pipe or file.
// history says whether typed messages are kept for the next time.
func newLines(u *ui.UI, history bool) lines {
	in, ok := u.In.(*os.File)
	if !ok || !u.InTTY || os.Getenv("TERM") == "dumb" {
		return newPipeLines(u)
	}
	out := os.Stderr
	if u.OutTTY {
		out = os.Stdout
	} else if !u.ErrTTY {
		return newPipeLines(u)
	}
	t := &terminalLines{u: u, editor: lineedit.New(in, out)}
	if history {
		t.path = historyPath()
		t.editor.History = readHistory(t.path)
	}
	return t
}

// terminalLines are lines that a person types.
type terminalLines struct {
	u      *ui.UI
	editor *lineedit.Editor
	path   string // path of the history's file; "" for none
}

func (t *terminalLines) next(ctx context.Context, more bool) (string, error) {
	first, further := t.u.Paint(ui.Cyan, ">")+" ", t.u.Paint(ui.Cyan, ".")+" "
	if more {
		first = further
	}
	return t.editor.Read(ctx, first, further)
}

func (t *terminalLines) terminal() bool { return true }
func (t *terminalLines) commands() bool { return true }

func (t *terminalLines) remember(text string) {
	h := t.editor.History
	if text == "" || len(h) > 0 && h[len(h)-1] == text {
		return
	}
	t.editor.History = append(h, text)
	if t.path != "" {
		if err := appendHistory(t.path, text); err != nil {
			t.u.Warnf("the history cannot be written: %v", err)
			t.path = ""
		}
	}
}

func (t *terminalLines) close() {}

// pipeLines are lines of a pipe or file.
type pipeLines struct {
	lines <-chan pipeLine
}

type pipeLine struct {
	text string
	err  error
}

func newPipeLines(u *ui.UI) *pipeLines {
	ch := make(chan pipeLine)
	go func() {
		defer close(ch)
		r := bufio.NewReader(u.In)
		for {
			text, err := r.ReadString('\n')
			if text != "" {
				ch <- pipeLine{strings.TrimRight(text, "\r\n"), nil}
			}
			if errors.Is(err, io.EOF) {
				return
			} else if err != nil {
				ch <- pipeLine{"", err}
				return
			}
		}
	}()
	return &pipeLines{ch}
}

func (p *pipeLines) next(ctx context.Context, _ bool) (string, error) {
	select {
	case l, ok := <-p.lines:
		if !ok {
			return "", io.EOF // every call after the end returns this
		}
		return l.text, l.err
	case <-ctx.Done():
		return "", ctx.Err()
	}
}

func (p *pipeLines) terminal() bool  { return false }
func (p *pipeLines) commands() bool  { return true }
func (p *pipeLines) remember(string) {}
func (p *pipeLines) close()          {}

// noLines is for conversations whose only messages come from the command line or from the
// file of --messages.
type noLines struct{}

func (noLines) next(context.Context, bool) (string, error) { return "", io.EOF }
func (noLines) terminal() bool                             { return false }
func (noLines) commands() bool                             { return false }
func (noLines) remember(string)                            {}
func (noLines) close()                                     {}

// read returns the next message or command. A line that ends with a backslash continues on the next
// one, and three quotes enclose a message of several lines. If the error is errLineInterrupt, read
// also returns the text typed so far.
func (s *session) read(ctx context.Context) (string, error) {
	const quotes = `"""`
	whole, err := s.lines.next(ctx, false)
	if err != nil {
		return whole, err
	}
	if strings.HasPrefix(whole, quotes) {
		for !strings.HasSuffix(strings.TrimRight(whole[len(quotes):], " \n"), quotes) {
			more, err := s.lines.next(ctx, true)
			if errors.Is(err, io.EOF) && !s.lines.terminal() {
				break
			} else if err != nil {
				return whole, err
			}
			whole += "\n" + more
		}
		s.lines.remember(whole)
		whole = strings.TrimRight(whole[len(quotes):], " \n")
		return strings.Trim(strings.TrimSuffix(whole, quotes), "\n"), nil
	}
	for strings.HasSuffix(whole, `\`) {
		more, err := s.lines.next(ctx, true)
		if errors.Is(err, io.EOF) && !s.lines.terminal() {
			return strings.TrimSuffix(whole, `\`), nil
		} else if err != nil {
			return whole, err
		}
		whole = strings.TrimSuffix(whole, `\`)
		whole += "\n" + more
	}
	s.lines.remember(whole)
	return whole, nil
}

// historyLimit is how many messages the history keeps.
const historyLimit = 1000

// historyPath returns the file of the history, or "" if the user has no home folder.
func historyPath() string {
	dir := os.Getenv("XDG_STATE_HOME")
	if dir == "" {
		home, err := os.UserHomeDir()
		if err != nil {
			return ""
		}
		dir = filepath.Join(home, ".local", "state")
	}
	return filepath.Join(dir, "alpaca", "history")
}

// readHistory returns the messages in a file, a JSON string on each line.
func readHistory(path string) (list []string) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil
	}
	for line := range strings.Lines(string(data)) {
		var text string
		if json.Unmarshal([]byte(line), &text) == nil {
			list = append(list, text)
		}
	}
	if len(list) > 2*historyLimit {
		list = list[len(list)-historyLimit:]
		var b strings.Builder
		for _, text := range list {
			line, _ := json.Marshal(text)
			b.Write(append(line, '\n'))
		}
		_ = os.WriteFile(path, []byte(b.String()), 0o600) // if this fails, the file stays longer than necessary
	}
	return list
}

// appendHistory adds a message to the history in the file at path.
func appendHistory(path, text string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	line, err := json.Marshal(text)
	if err == nil {
		_, err = f.Write(append(line, '\n'))
	}
	return errors.Join(err, f.Close())
}
