package load

import (
	"alpaca/internal/chat"
	"alpaca/internal/data"
	"alpaca/internal/data/formats"
	"alpaca/internal/server/browse"
	"alpaca/internal/tokenizer"
)

// RowMessages returns a row as a conversation for templates. The input is not joined to the
// instruction, because some templates have a place for it.
func RowMessages(r *data.Row) (list []chat.Message) {
	if len(r.Turns) == 0 && r.Input != "" {
		if r.System != "" {
			list = append(list, chat.Message{Role: chat.System, Content: r.System})
		}
		return append(list, chat.Message{Role: chat.User, Content: r.Instruction, Input: r.Input}, chat.Message{Role: chat.Assistant, Content: r.Output})
	}
	for _, m := range formats.Messages(r) {
		list = append(list, chat.Message{Role: m.Role, Content: m.Content})
	}
	return list
}

// shownTemplates are the built-in templates that the page of a row shows.
var shownTemplates = []string{"stanford", "chatml", "llama2", "llama3", "gemma", "vicuna"}

// RowPrompts returns a function that renders a row as in training, once with
// each of shownTemplates. If own, the template of the model, is not nil, the
// function also renders the row with own, and counts the tokens of this text.
func RowPrompts(tok *tokenizer.Tokenizer, own *chat.Template) func(*data.Row) []browse.Prompt {
	templates := map[string]*chat.Template{}
	for _, name := range shownTemplates {
		if t, err := chat.Builtin(name, tok); err == nil {
			templates[name] = t
		}
	}
	return func(r *data.Row) (list []browse.Prompt) {
		messages := RowMessages(r)
		if own != nil {
			if text, err := own.Text(messages); err == nil {
				p := browse.Prompt{Template: "this model", Text: text}
				if ids, _, err := own.Training(tok, messages); err == nil {
					p.Tokens = len(ids)
				}
				list = append(list, p)
			}
		}
		for _, name := range shownTemplates {
			if t := templates[name]; t != nil {
				if text, err := t.Text(messages); err == nil { // a template may refuse the roles
					list = append(list, browse.Prompt{Template: name, Text: text})
				}
			}
		}
		return list
	}
}
