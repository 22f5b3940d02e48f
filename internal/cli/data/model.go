package data

import (
	"fmt"

	"github.com/spf13/pflag"

	"alpaca/internal/builtin"
	"alpaca/internal/chat"
	"alpaca/internal/cli/flags"
	"alpaca/internal/cli/load"
	"alpaca/internal/cli/ui"
	"alpaca/internal/data"
	"alpaca/internal/gguf"
	"alpaca/internal/tokenizer"
)

// modelFlags are the flags that choose a vocabulary and the template for training.
type modelFlags struct {
	model    string
	template load.TemplateChoice
	length   int
}

func (f *modelFlags) add(fs *pflag.FlagSet) {
	fs.StringVarP(&f.model, "model", "m", "", "`model` whose vocabulary is used to count the tokens of rows (default: none; tokens are not counted)")
	fs.StringVar(&f.template.Name, "chat-template", "", "`name` of the template for training (default: the model's own, or else stanford)")
	flags.AddInt(fs, &f.length, flags.Int{Name: "max-length", Value: 512, Low: 2, High: 1 << 20}, "largest number of `tokens` of a row in training")
}

// asked reports whether the flags ask for a model or a template.
func (f *modelFlags) asked() bool { return f.model != "" || f.template.Name != "" }

// A vocabulary turns rows into tokens.
type vocabulary struct {
	tok  *tokenizer.Tokenizer
	tmpl *chat.Template
	real bool // the vocabulary comes from a model that the user has named, not from the built-in one
}

// open reads the vocabulary of the model of -m. Without -m, it reads the
// vocabulary of the built-in model, and the commands show no counts of tokens.
func (f *modelFlags) open(u *ui.UI) (*vocabulary, error) {
	path := builtin.Name
	if f.model != "" {
		path = load.ModelPath(u, f.model)
	}
	file, err := load.OpenFile(path, gguf.Options{HeaderOnly: true})
	if err != nil {
		return nil, err
	}
	defer file.Close()
	v := &vocabulary{real: f.model != ""}
	if v.tok, err = load.Tokenizer(u, file, tokenizer.Options{}); err != nil {
		return nil, err
	}
	if v.tmpl, _, err = load.Template(u, file, v.tok, f.template, chat.Request{}); err != nil {
		return nil, err
	}
	if v.tmpl == nil {
		v.tmpl, err = chat.Builtin("stanford", v.tok)
	}
	return v, err
}

// tokens returns the row's tokens. prompt is the number
// of tokens before the first one that training learns.
func (v *vocabulary) tokens(r *data.Row) (ids []int32, prompt int, err error) {
	ids, answer, err := v.tmpl.Training(v.tok, load.RowMessages(r))
	if err != nil {
		return nil, 0, err
	}
	prompt = len(ids)
	for i, learned := range answer {
		if learned {
			prompt = i
			break
		}
	}
	return ids, prompt, nil
}

// shownRow is a row in the form that training uses, in JSON.
type shownRow struct {
	ID     int64   `json:"id"`
	Text   string  `json:"text"`
	Tokens []int32 `json:"tokens,omitempty"`
	Prompt int     `json:"prompt_tokens,omitempty"`
}

// print writes the training text of a row.
func (v *vocabulary) print(u *ui.UI, r *data.Row, output string) error {
	ids, prompt, err := v.tokens(r)
	if err != nil {
		return fmt.Errorf("row %d: %w", r.ID, err)
	}
	s := shownRow{ID: r.ID, Tokens: ids, Prompt: prompt}
	if s.Text, err = v.tmpl.Text(load.RowMessages(r)); err != nil {
		return fmt.Errorf("row %d: %w", r.ID, err)
	}
	if !v.real {
		s.Tokens, s.Prompt = nil, 0
	}
	if output == "json" {
		return u.WriteJSON(s)
	}
	fmt.Fprintf(u.Out, "%d", r.ID)
	if v.real {
		fmt.Fprintf(u.Out, "  %d tokens, %d of them in the prompt", len(ids), prompt)
	}
	_, err = fmt.Fprintf(u.Out, "\n%s\n", printable(s.Text))
	return err
}

// special returns the texts of the model's control tokens.
func (v *vocabulary) special() (list []string) {
	for id := range int32(v.tok.Len()) {
		if v.tok.IsControl(id) {
			list = append(list, v.tok.Piece(id, true))
		}
	}
	return list
}
