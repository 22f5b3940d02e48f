package load

import (
	"fmt"
	"strings"

	"github.com/spf13/pflag"

	"alpaca/internal/cli/ui"
	"alpaca/internal/grammar"
	"alpaca/internal/grammar/gbnf"
	"alpaca/internal/grammar/jsonschema"
	"alpaca/internal/sampler"
	"alpaca/internal/tokenizer"
)

// Grammar holds the flags that constrain generated text, with llama.cpp's names.
type Grammar struct {
	flags        *pflag.FlagSet
	text, file   string
	schema, path string
}

// grammarFlags are the names of Grammar's flags. Only one of them may be given.
var grammarFlags = []string{"grammar", "grammar-file", "json-schema", "json-schema-file"}

// AddFlags adds the flags.
func (g *Grammar) AddFlags(fs *pflag.FlagSet) {
	g.flags = fs
	fs.StringVar(&g.text, "grammar", "", "`grammar` in GBNF that the text must follow")
	fs.StringVar(&g.file, "grammar-file", "", "`file` with a grammar in GBNF")
	fs.StringVarP(&g.schema, "json-schema", "j", "", "JSON `schema` that the text must satisfy; {} is any JSON")
	fs.StringVar(&g.path, "json-schema-file", "", "`file` with a JSON schema")
}

// Given reports whether one of the flags is given.
func (g *Grammar) Given() bool {
	for _, name := range grammarFlags {
		if g.flags != nil && g.flags.Changed(name) {
			return true
		}
	}
	return false
}

// Check returns a usage error if more than one of the flags is given.
func (g *Grammar) Check() error {
	var given []string
	for _, name := range grammarFlags {
		if g.flags != nil && g.flags.Changed(name) {
			given = append(given, "--"+name)
		}
	}
	if len(given) > 1 {
		return ui.Usagef("%s: only one grammar or schema can be given", strings.Join(given, " and "))
	}
	return nil
}

// Compile returns a function that makes the grammar of one text, for the vocabulary of tok. It
// returns nil if no flag asks for a grammar. It is called before the model is used, so that
// errors are reported early.
func (g *Grammar) Compile(u *ui.UI, tok *tokenizer.Tokenizer) (func() sampler.Grammar, error) {
	if !g.Given() {
		return nil, nil
	}
	p, err := g.program(u, tok)
	if err != nil {
		return nil, err
	}
	vocab := grammar.NewVocab(tok.Len(), func(id int32) []byte { return grammarText(tok, id) }, tok.EOG())
	return func() sampler.Grammar { return p.NewMatcher(vocab) }, nil
}

func (g *Grammar) program(u *ui.UI, tok *tokenizer.Tokenizer) (*grammar.Program, error) {
	switch {
	case g.flags.Changed("grammar"):
		return GBNF("--grammar", g.text, tok)
	case g.flags.Changed("grammar-file"):
		text, err := ui.ReadFile(g.file)
		if err != nil {
			return nil, err
		}
		return GBNF(g.file, text, tok)
	case g.flags.Changed("json-schema"):
		return Schema(u, "--json-schema", g.schema)
	}
	text, err := ui.ReadFile(g.path)
	if err != nil {
		return nil, err
	}
	return Schema(u, g.path, text)
}

// GBNF compiles the grammar in text. name stands for the grammar in error messages. If tok is nil,
// the grammar must not name tokens. A grammar that is refused is a usage error.
func GBNF(name, text string, tok *tokenizer.Tokenizer) (*grammar.Program, error) {
	var vocab *gbnf.Vocab
	if tok != nil {
		ids := map[string]int32{}
		for id := int32(tok.Len()) - 1; id >= 0; id-- {
			ids[tok.Piece(id, true)] = id
		}
		vocab = &gbnf.Vocab{N: tok.Len(), Lookup: func(text string) (int32, bool) {
			id, ok := ids[text]
			return id, ok
		}}
	}
	p, err := gbnf.Compile(text, vocab)
	if err != nil {
		return nil, ui.Usage(fmt.Errorf("%s: %w", name, err))
	}
	return p, nil
}

// Schema compiles the JSON schema in text. name stands for the schema in messages. Schema passes
// the compiler's warnings on to the user.
func Schema(u *ui.UI, name, text string) (*grammar.Program, error) {
	p, warnings, err := jsonschema.Compile([]byte(text), jsonschema.Options{})
	if err != nil {
		return nil, ui.Usage(fmt.Errorf("%s: %w", name, err))
	}
	for _, w := range warnings {
		u.Warnf("%s: %s", name, w)
	}
	return p, nil
}

// grammarText returns the bytes of a token for grammars. For a control token it returns
// no bytes, because a grammar accepts such a token only through an item that names it.
func grammarText(tok *tokenizer.Tokenizer, id int32) []byte {
	if tok.IsControl(id) {
		return nil
	}
	return []byte(tok.Piece(id, false))
}
