package jinja

import (
	"context"
	"errors"
	"strings"

	"alpaca/internal/jinja/text"
	"alpaca/internal/jinja/value"
)

// continueTag marks the end of the message to continue.
const continueTag = "CONTINUE_FINAL_MESSAGE_TAG "

// ErrNotShown says that a template leaves out the message to continue.
var ErrNotShown = errors.New("jinja: the template does not show the last message, so it cannot be continued")

// Continue does what Render does, for a conversation whose last message is unfinished: the result
// ends with the content of that message, as with transformers' continue_final_message.
func (t *Template) Continue(ctx context.Context, vars *value.Dict, opt Options) (text.Text, error) {
	messages, _ := vars.Lookup("messages")
	l, ok := messages.(*value.List)
	if !ok || len(l.Items) == 0 {
		return text.Text{}, errors.New("jinja: no message to continue")
	}
	last, ok := l.Items[len(l.Items)-1].(*value.Dict)
	if !ok {
		return text.Text{}, errors.New("jinja: the last message must be an object")
	}
	if err := addTag(last); err != nil {
		return text.Text{}, err
	}
	out, err := t.Render(ctx, vars, opt)
	if err != nil {
		return out, err
	}
	tag := strings.TrimSpace(continueTag)
	at := strings.LastIndex(out.String(), tag)
	if at < 0 {
		return text.Text{}, ErrNotShown
	}
	if strings.HasPrefix(out.Cut(at, out.Len()).String(), continueTag) {
		return out.Cut(0, at), nil
	}
	// The template has trimmed the content, so the prompt must be trimmed, too.
	return out.Cut(0, at).Strip(text.Right, text.IsSpace), nil
}

// addTag appends continueTag to the content of a message, or to the last text part of the
// content.
func addTag(message *value.Dict) error {
	content, _ := message.Lookup("content")
	switch c := content.(type) {
	case text.Text:
		message.Put("content", text.Concat(c, text.From(continueTag, c.Origin())))
		return nil
	case *value.List:
		for i := len(c.Items) - 1; i >= 0; i-- {
			part, ok := c.Items[i].(*value.Dict)
			if !ok {
				continue
			}
			if t, ok := part.Lookup("text"); ok {
				if t, ok := t.(text.Text); ok {
					part.Put("text", text.Concat(t, text.From(continueTag, t.Origin())))
					return nil
				}
			}
		}
	}
	return errors.New("jinja: the last message has no text to continue")
}
