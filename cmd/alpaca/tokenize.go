package main

import (
	"bufio"
	"fmt"
	"unicode/utf8"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"alpaca/internal/gguf"
	"alpaca/internal/tokenizer"
)

// tokenizeOptions are the flags of "alpaca tokenize".
type tokenizeOptions struct {
	model   string
	prompt  promptOptions
	vocab   tokenizer.Options
	noBOS   bool
	noParse bool
	idsOnly bool
	output  string
}

// newTokenizeCmd returns "alpaca tokenize".
func newTokenizeCmd(u *ui) *cobra.Command {
	var o tokenizeOptions
	cmd := &cobra.Command{
		Use:   "tokenize -m MODEL [-p TEXT | -f FILE]",
		Short: "Show a text's tokens",
		Long: `Show the ids and texts of the tokens that a model makes of a text, which is taken
to the byte from -p and -f, or else from stdin. A vocabulary without weights will do.`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, args []string) error { return o.run(u) },
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	addModel(flags, &o.model)
	o.prompt.addFlags(flags)
	flags.BoolVar(&o.noBOS, "no-bos", false, "leave out the tokens that the model wants around a text")
	flags.BoolVar(&o.noParse, "no-parse-special", false, "take the texts of control tokens, such as \"</s>\", for ordinary text")
	flags.BoolVar(&o.idsOnly, "ids", false, "print the ids alone, as [1, 2, 3]")
	addVocabOptions(flags, &o.vocab)
	addOutput(flags, &o.output, "text", "json")
	return cmd
}

// addVocabOptions adds the flags that change how a vocabulary is taken.
func addVocabOptions(flags *pflag.FlagSet, opt *tokenizer.Options) {
	flags.BoolVar(&opt.AllowUnknownPre, "allow-unknown-pretokenizer", false, "take an unknown pre-tokenizer for the default one")
}

// tokenRecord is a token in JSON.
type tokenRecord struct {
	ID    int32  `json:"id"`
	Piece string `json:"piece"`
	// Bytes holds the piece where it is not whole characters, which a JSON
	// string cannot.
	Bytes []int `json:"bytes,omitempty"`
}

func (o *tokenizeOptions) run(u *ui) error {
	path, err := modelPath(o.model)
	if err != nil {
		return err
	}
	f, err := openModel(path, gguf.Options{HeaderOnly: true})
	if err != nil {
		return err
	}
	defer f.Close()
	tok, err := loadTokenizer(u, f, o.vocab)
	if err != nil {
		return err
	}
	text, given, err := o.prompt.read(u)
	if err != nil {
		return err
	}
	if !given {
		return withHint(usageErrorf("no text"), "give one with -p or -f, or pipe it in")
	}
	return o.print(u, tok, tok.Encode(text, !o.noBOS, !o.noParse))
}

// print writes the tokens.
func (o *tokenizeOptions) print(u *ui, tok *tokenizer.Tokenizer, ids []int32) error {
	out := bufio.NewWriter(u.out)
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
		if err := newJSONEncoder(out).Encode(map[string]any{"tokens": records}); err != nil {
			return err
		}
	case o.idsOnly:
		fmt.Fprint(out, "[")
		for i, r := range records {
			if i > 0 {
				fmt.Fprint(out, ", ")
			}
			fmt.Fprint(out, r.ID)
		}
		fmt.Fprintln(out, "]")
	default:
		for _, r := range records {
			fmt.Fprintf(out, "%7d  %q\n", r.ID, r.Piece)
		}
	}
	return out.Flush()
}

// loadTokenizer makes a file's vocabulary ready and passes its warnings on.
func loadTokenizer(u *ui, f *gguf.File, opt tokenizer.Options) (*tokenizer.Tokenizer, error) {
	tok, err := tokenizer.FromGGUF(f, opt)
	if err != nil {
		return nil, vocabHint(err)
	}
	for _, w := range tok.Warnings() {
		u.warnf("%s", w)
	}
	return tok, nil
}
