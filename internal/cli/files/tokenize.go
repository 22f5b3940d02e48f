package files

import (
	"bufio"
	"fmt"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"alpaca/internal/cli/flags"
	"alpaca/internal/cli/load"
	"alpaca/internal/cli/ui"
	"alpaca/internal/gguf"
	"alpaca/internal/tokenizer"
)

// tokenizeOptions are the flags of "alpaca tokenize".
type tokenizeOptions struct {
	model   string
	prompt  flags.Prompt
	vocab   tokenizer.Options
	noBOS   bool
	noParse bool
	idsOnly bool
	output  string
}

// NewTokenize returns the command "alpaca tokenize".
func NewTokenize(u *ui.UI) *cobra.Command {
	var o tokenizeOptions
	cmd := &cobra.Command{
		Use:   "tokenize [-m MODEL] [-p TEXT | -f FILE]",
		Short: "Show a text's tokens",
		Long: `Show the tokens into which a model divides a text: their ids and their texts. The text
is read byte for byte from -p and -f, or else from stdin. A vocabulary without weights
is enough.`,
		Args: flags.NoArgs,
		RunE: func(cmd *cobra.Command, args []string) error { return o.run(u) },
	}
	fs := cmd.Flags()
	fs.SortFlags = false
	load.AddModel(fs, &o.model)
	o.prompt.AddFlags(fs)
	fs.BoolVar(&o.noBOS, "no-bos", false, "do not add the tokens that the vocabulary puts before or after a text")
	fs.BoolVar(&o.noParse, "no-parse-special", false, "encode the texts of control tokens, such as \"</s>\", as ordinary text")
	fs.BoolVar(&o.idsOnly, "ids", false, "print only the ids, as [1, 2, 3]")
	load.AddVocab(fs, &o.vocab)
	flags.AddOutput(fs, &o.output, "text", "json")
	return cmd
}

// tokenRecord is a token in JSON.
type tokenRecord struct {
	ID    int32  `json:"id"`
	Piece string `json:"piece"`
	// Bytes has the bytes of a piece that is not valid UTF-8, which a JSON string cannot
	// hold. It is empty for other pieces.
	Bytes []int `json:"bytes,omitempty"`
}

func (o *tokenizeOptions) run(u *ui.UI) error {
	f, err := load.OpenFile(load.ModelPath(u, o.model), gguf.Options{HeaderOnly: true})
	if err != nil {
		return err
	}
	defer f.Close()
	tok, err := load.Tokenizer(u, f, o.vocab)
	if err != nil {
		return err
	}
	text, given, err := o.prompt.Read(u)
	if err != nil {
		return err
	}
	if !given {
		return ui.WithHint(ui.Usagef("no text"), "give one with -p or -f, or pipe it in")
	}
	return o.print(u, tok, tok.Encode(text, !o.noBOS, !o.noParse))
}

func (o *tokenizeOptions) print(u *ui.UI, tok *tokenizer.Tokenizer, ids []int32) error {
	out := bufio.NewWriter(u.Out)
	records := make([]tokenRecord, len(ids))
	for i, id := range ids {
		piece := tok.Piece(id, true)
		records[i] = tokenRecord{ID: id, Piece: piece}
		if !utf8.ValidString(piece) {
			for _, b := range []byte(piece) {
				records[i].Bytes = append(records[i].Bytes, int(b))
			}
		}
	}
	switch {
	case o.output == "json":
		if err := ui.NewJSONEncoder(out).Encode(map[string]any{"tokens": records}); err != nil {
			return err
		}
	case o.idsOnly:
		if err := ui.PrintIDs(out, ids); err != nil {
			return err
		}
	default:
		for _, r := range records {
			fmt.Fprintf(out, "%7d  %q\n", r.ID, r.Piece)
		}
	}
	return out.Flush()
}
