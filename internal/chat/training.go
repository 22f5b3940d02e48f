package chat

import (
	"fmt"
	"slices"
	"strings"

	"alpaca/internal/lazyregexp"
	"alpaca/internal/tokenizer"
)

// Training returns the tokens of a whole conversation. answer marks the tokens to learn: the
// assistant's answers, each with the token that ends it.
//
// An answer is encoded separately from the text before it, as when the model answers. So no
// token contains both the end of that text and the beginning of the answer. Text of the template
// after the token that ends an answer does not belong to the answer. If the template writes no
// token that ends an answer, Training adds the vocabulary's EOS, if there is one.
func (t *Template) Training(tok *tokenizer.Tokenizer, messages []Message) (ids []int32, answer []bool, err error) {
	all, err := t.parts(messages, false)
	if err != nil {
		return nil, nil, err
	}
	text := flat(all)
	e := trainingEncoder{t: t, tok: tok}
	done := 0 // how many bytes of text have been encoded
	for i, m := range messages {
		if m.Role != Assistant {
			continue
		}
		before, err := t.parts(messages[:i], true)
		if err != nil {
			return nil, nil, err
		}
		prompt := flat(before)
		if !strings.HasPrefix(text, prompt) || len(prompt) < done {
			return nil, nil, &TemplateError{fmt.Errorf("chat: the template changes the text before answer %d, so only conversations of one turn can be used for training", i+1)}
		}
		from, to := done, len(prompt)
		end := endOf(all, i)
		if end < to {
			return nil, nil, &TemplateError{fmt.Errorf("chat: the template leaves out the answer of message %d", i+1)}
		}
		e.add(between(all, from, to), false)
		e.add(between(all, to, end), true)
		rest := between(all, end, len(text))
		if len(rest) > 0 && rest[0].message == fromTemplate {
			done = end + e.end(rest[0].text)
		} else {
			e.end("")
			done = end
		}
	}
	e.add(between(all, done, len(text)), false)
	return e.ids, e.answer, nil
}

// endOf returns where the last part of a message ends in the text of parts, or -1 if no part
// belongs to the message.
func endOf(parts []part, message int) int {
	at, end := 0, -1
	for _, p := range parts {
		at += len(p.text)
		if p.message == message {
			end = at
		}
	}
	return end
}

// between returns the bytes [from, to) of the text of parts, as parts.
func between(parts []part, from, to int) []part {
	var list []part
	at := 0
	for _, p := range parts {
		lo, hi := max(from-at, 0), min(to-at, len(p.text))
		at += len(p.text)
		if lo < hi {
			list = append(list, part{p.text[lo:hi], p.message})
		}
	}
	return list
}

// trainingEncoder collects the tokens of a conversation.
type trainingEncoder struct {
	t      *Template
	tok    *tokenizer.Tokenizer
	ids    []int32
	answer []bool
}

// add appends the tokens of parts.
func (e *trainingEncoder) add(parts []part, answer bool) {
	if len(parts) == 0 && len(e.ids) > 0 {
		return
	}
	continues := len(e.ids) > 0 && !e.tok.IsControl(e.ids[len(e.ids)-1])
	ids, _ := e.t.encode(e.tok, parts, continues)
	if bos := e.tok.BOS(); len(e.ids) == 0 && e.tok.AddBOS() && (len(ids) == 0 || ids[0] != bos) {
		ids = append([]int32{bos}, ids...)
	}
	for _, id := range ids {
		e.ids, e.answer = append(e.ids, id), append(e.answer, answer)
	}
}

// end appends the token that ends an answer. text is the template's text after
// the answer. If text begins with an end-of-text token, possibly after white
// space, end appends the white space and this token. Otherwise it appends the
// vocabulary's EOS. end returns how many bytes of text it appended.
func (e *trainingEncoder) end(text string) int {
	for _, id := range e.tok.EOG() {
		mark := e.tok.Text(id)
		if at := strings.Index(text, mark); at >= 0 && mark != "" && strings.TrimSpace(text[:at]) == "" {
			e.add([]part{{text[:at+len(mark)], fromTemplate}}, true)
			return at + len(mark)
		}
	}
	if eos := e.tok.EOS(); eos != tokenizer.None {
		e.ids, e.answer = append(e.ids, eos), append(e.answer, true)
	}
	return 0
}

// markup matches texts in templates that are usually one token.
var markup = lazyregexp.New(`<\|[A-Za-z0-9_]+\|>|<(?:start|end)_of_turn>`)

// MissingTokens returns texts of the template that look like a control token, but are several
// tokens in the vocabulary.
func (t *Template) MissingTokens(tok *tokenizer.Tokenizer) ([]string, error) {
	parts, err := t.parts([]Message{{Role: User, Content: "U"}, {Role: Assistant, Content: "A"}}, false)
	if err != nil {
		return nil, err
	}
	var missing []string
	for _, p := range parts {
		if p.message != fromTemplate {
			continue
		}
		for _, m := range markup().FindAllString(p.text, -1) {
			if _, ok := tok.ID(m); !ok && !slices.Contains(missing, m) {
				missing = append(missing, m)
			}
		}
	}
	return missing, nil
}
