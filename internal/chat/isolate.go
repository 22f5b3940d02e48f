package chat

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime/debug"
	"runtime/metrics"
	"strings"
	"time"
	"unicode"
)

// A template that comes with a model is a program by a stranger: it may loop for
// ever, or ask for more memory than there is. No interpreter for Go can be
// stopped from outside, so that such templates are rendered by another process,
// which can: this program again, as ServeTemplate.
const (
	maxTime   = 3 * time.Second
	maxMemory = 256 << 20
	maxStack  = 32 << 20
	// Addresses cost nothing, and the runtime reserves many; this bounds what
	// is asked for at once.
	maxAddresses = 4 << 30
)

// isolated returns a renderer that runs command, which must call ServeTemplate,
// for every rendering.
func isolated(command []string) renderer {
	return func(r request) (string, error) {
		if len(r.Source) > maxSource {
			return "", fmt.Errorf("chat: a template of %d bytes, must be at most %d", len(r.Source), maxSource)
		}
		ctx, cancel := context.WithTimeout(context.Background(), maxTime)
		defer cancel()
		in, err := json.Marshal(r)
		if err != nil {
			return "", err
		}
		cmd := exec.CommandContext(ctx, command[0], command[1:]...)
		out := &capped{left: 2 * maxOutput}
		cmd.Stdin, cmd.Stdout = bytes.NewReader(in), out
		detach(cmd)
		err = cmd.Run()
		var answer response
		switch {
		case ctx.Err() != nil:
			return "", fmt.Errorf("%w: not done after %v", errLimit, maxTime)
		case err != nil && errors.As(err, new(*exec.ExitError)):
			return "", fmt.Errorf("%w: it needs too much memory", errLimit)
		case err != nil:
			return "", fmt.Errorf("chat: template: %w", err)
		}
		if err := json.Unmarshal(out.Bytes(), &answer); err != nil {
			return "", fmt.Errorf("chat: template: %w", err)
		}
		if answer.Error != "" {
			return "", errors.New(oneLine(answer.Error))
		}
		return answer.Text, nil
	}
}

// oneLine makes a line of what a template says of itself.
func oneLine(text string) string {
	line := strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, text)
	if r := []rune(line); len(r) > 300 {
		line = string(r[:300]) + "…"
	}
	return line
}

// errLimit says that a template was stopped.
var errLimit = errors.New("chat: template stopped")

// response is what ServeTemplate answers to a request.
type response struct {
	Text  string `json:"text"`
	Error string `json:"error"`
}

// capped is a buffer that takes so many bytes and no more.
type capped struct {
	bytes.Buffer
	left int
}

func (c *capped) Write(p []byte) (int, error) {
	if c.left -= len(p); c.left < 0 {
		return 0, errTooMuch
	}
	return c.Buffer.Write(p)
}

// ServeTemplate renders the template that in asks for and writes the result to
// out. It limits the memory of the whole process, which it ends where a template
// asks for more.
func ServeTemplate(in io.Reader, out io.Writer) error {
	limitMemory()
	var r request
	if err := json.NewDecoder(in).Decode(&r); err != nil {
		return fmt.Errorf("chat: template: %w", err)
	}
	var answer response
	text, err := renderHere(r)
	if err != nil {
		answer.Error = err.Error()
	} else {
		answer.Text = text
	}
	return json.NewEncoder(out).Encode(answer)
}

// limitMemory ends the process when it uses too much. The system's own limit,
// where there is one, stops what grows faster than is looked.
func limitMemory() {
	debug.SetMaxStack(maxStack)
	limitAddressSpace(maxAddresses)
	go func() {
		used := []metrics.Sample{{Name: "/memory/classes/total:bytes"}}
		for {
			if metrics.Read(used); used[0].Value.Uint64() > maxMemory {
				os.Exit(1)
			}
			time.Sleep(2 * time.Millisecond)
		}
	}()
	// A template that never ends is ended by whoever waits for it, or here
	// where nobody does any more.
	time.AfterFunc(2*maxTime, func() { os.Exit(1) })
}
