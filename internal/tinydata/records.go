package tinydata

import (
	"encoding/json"
	"io"
)

// record is a line of the training text for "alpaca train", in JSON:
// a conversation of messages, or a plain text. Training learns every
// token of a plain text, but only the answers of a conversation.
type message struct {
	Role    string `json:"role"`
	Content string `json:"content"`
}

type record struct {
	Messages []message `json:"messages,omitempty"`
	Text     string    `json:"text,omitempty"`
}

// plainShare is the percentage of instructions that are written as a plain text, with the
// answer on the next line. Because of these texts, "run -p" works without a template, too.
const plainShare = 12

// turnsShare is the percentage of examples that become conversations with more than one
// answer.
const turnsShare = 12

// WriteTraining writes examples for "alpaca train" as
// JSON lines. The examples follow from seed and mix.
func WriteTraining(w io.Writer, seed uint64, mix Mix, examples int) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	g := New(seed, mix)
	for i := range examples {
		e := g.Next()
		r := record{Text: e.Answer}
		switch {
		case e.Prompt == "":
		case i%100 < plainShare:
			r.Text = e.Prompt + "\n" + e.Answer
		default:
			r = record{Messages: []message{{"user", e.Prompt}, {"assistant", e.Answer}}}
			for n := i % 100; n >= 100-turnsShare && len(r.Messages) < 2*(2+n%2); {
				if e := g.Next(); e.Prompt != "" {
					r.Messages = append(r.Messages, message{"user", e.Prompt}, message{"assistant", e.Answer})
				}
			}
		}
		if err := enc.Encode(r); err != nil {
			return err
		}
	}
	return nil
}
