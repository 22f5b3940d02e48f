package chat

import (
	"errors"
	"fmt"

	"github.com/ardanlabs/jinja"
)

// Limits of what a template may be and do. Templates that models come with are a
// few kilobytes, and what they add to a conversation is less than that.
const (
	maxSource = 64 << 10 // bytes of a template
	maxOutput = 1 << 20  // bytes of what it makes, with marks for contents
)

// request asks for a template to be rendered.
type request struct {
	Source   string    `json:"source"`
	Messages []Message `json:"messages"` // contents are marks
	BOS      string    `json:"bos"`
	EOS      string    `json:"eos"`
	Generate bool      `json:"generate"` // end where the answer begins
}

// renderer renders templates.
type renderer func(request) (string, error)

// renderHere renders a template in this process, which a bad template can hang
// or exhaust: for those that come with the program.
func renderHere(r request) (string, error) {
	if len(r.Source) > maxSource {
		return "", fmt.Errorf("chat: a template of %d bytes, must be at most %d", len(r.Source), maxSource)
	}
	t, err := jinja.Compile(spaceExplicit(r.Source))
	if err != nil {
		return "", fmt.Errorf("chat: template: %w", err)
	}
	list := make([]any, len(r.Messages))
	for i, m := range r.Messages {
		entry := map[string]any{"role": m.Role, "content": m.Content}
		if m.Input != "" {
			entry["input"] = m.Input
		}
		list[i] = entry
	}
	out, err := t.Render(map[string]any{
		"messages":              list,
		"bos_token":             r.BOS,
		"eos_token":             r.EOS,
		"add_generation_prompt": r.Generate,
	})
	switch {
	case err != nil:
		return "", fmt.Errorf("chat: template: %w", err)
	case len(out) > maxOutput:
		return "", errTooMuch
	}
	return out, nil
}

var errTooMuch = errors.New("chat: template: it makes more than a megabyte of text")
