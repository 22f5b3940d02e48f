// Package rows turns the records of a data set into training examples: tokens, each with
// its weight as a label.
//
//	dataset.Record ─► chat.Template ─► tokenizer ─► train.Example
//
// A record that cannot be used is reported with its line and the reason.
package rows

import (
	"errors"
	"fmt"

	"alpaca/internal/chat"
	"alpaca/internal/dataset"
	"alpaca/internal/tokenizer"
	"alpaca/internal/train"
)

// Maker makes examples.
type Maker struct {
	Tokenizer *tokenizer.Tokenizer
	Template  *chat.Template // for conversations
	MaxLength int            // the largest number of tokens in an example

	// PromptWeight is the weight of a prompt's tokens. Tokens of answers and of texts
	// have the weight 1.
	PromptWeight float32
}

// Result has the examples made from records.
type Result struct {
	Examples []train.Example
	Of       []int            // Of[i] is the index of the record of Examples[i]
	Problems dataset.Problems // records that were not used, and why

	Cut      int // examples cut to MaxLength tokens
	FirstCut int // the line of the first record whose example was cut
	Tokens   int
	Labels   int
}

// Make turns records into examples, in order.
func (m *Maker) Make(records []dataset.Record) (*Result, error) {
	if m.MaxLength < 2 {
		return nil, fmt.Errorf("rows: examples of at most %d tokens: the limit must be at least 2", m.MaxLength)
	}
	r := &Result{}
	for i := range records {
		rec := &records[i]
		var err error
		if rec.Messages == nil {
			m.text(r, i, rec)
		} else {
			err = m.conversation(r, i, rec)
		}
		if err != nil {
			return nil, err
		}
	}
	for i := range r.Examples {
		_, labels := r.Examples[i].Weight()
		r.Tokens += len(r.Examples[i].Tokens)
		r.Labels += labels
	}
	return r, nil
}

// conversation adds a conversation. If the conversation is longer than
// MaxLength, its end is cut off, including the token that ends the answer.
func (m *Maker) conversation(r *Result, index int, rec *dataset.Record) error {
	messages := make([]chat.Message, len(rec.Messages))
	for i, msg := range rec.Messages {
		messages[i] = chat.Message{Role: msg.Role, Content: msg.Content, Input: msg.Input}
	}
	ids, answer, err := m.Template.Training(m.Tokenizer, messages)
	if refused := new(chat.TemplateError); errors.As(err, &refused) {
		r.Problems = append(r.Problems, dataset.Problem{Line: rec.Line, Reason: err.Error()})
		return nil
	}
	if err != nil {
		return err
	}
	e := train.Example{Tokens: ids, Weights: make([]float32, len(ids))}
	for i, a := range answer {
		e.Weights[i] = m.PromptWeight
		if a {
			e.Weights[i] = 1
		}
	}
	if long := len(ids); long > m.MaxLength {
		e.Tokens, e.Weights, answer = ids[:m.MaxLength], e.Weights[:m.MaxLength], answer[:m.MaxLength]
		if !anyOf(answer[1:]) {
			r.Problems = append(r.Problems, dataset.Problem{Line: rec.Line, Reason: fmt.Sprintf("no answer within the first %d tokens", m.MaxLength)})
			return nil
		}
		if r.Cut++; r.Cut == 1 {
			r.FirstCut = rec.Line
		}
	}
	if _, labels := e.Weight(); labels == 0 {
		r.Problems = append(r.Problems, dataset.Problem{Line: rec.Line, Reason: "no tokens of an answer"})
		return nil
	}
	r.Examples, r.Of = append(r.Examples, e), append(r.Of, index)
	return nil
}

func anyOf(list []bool) bool {
	for _, x := range list {
		if x {
			return true
		}
	}
	return false
}

// text adds a text, in pieces of up to MaxLength tokens.
func (m *Maker) text(r *Result, index int, rec *dataset.Record) {
	ids := m.Tokenizer.Encode(rec.Text, true, false)
	if eos := m.Tokenizer.EOS(); eos != tokenizer.None && (len(ids) == 0 || ids[len(ids)-1] != eos) {
		ids = append(ids, eos)
	}
	made := false
	for len(ids) > 1 {
		n := min(len(ids), m.MaxLength)
		e := train.Example{Tokens: ids[:n], Weights: make([]float32, n)}
		for i := range e.Weights {
			e.Weights[i] = 1
		}
		r.Examples, r.Of = append(r.Examples, e), append(r.Of, index)
		ids, made = ids[n:], true
	}
	if !made {
		r.Problems = append(r.Problems, dataset.Problem{Line: rec.Line, Reason: "a text of one token"})
	}
}
