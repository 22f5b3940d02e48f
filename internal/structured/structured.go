// Package structured compiles grammars and JSON schemas into constraints for the sampler: which
// tokens may come next in an answer. A Compiler belongs to one vocabulary and serves all requests.
// It caches the most recently used programs. A grammar may begin in the middle of a text, after a
// trigger or after the model's thinking (Lazy).
package structured

import (
	"container/list"
	"crypto/sha256"
	"fmt"
	"sync"

	"alpaca/internal/grammar"
	"alpaca/internal/grammar/gbnf"
	"alpaca/internal/grammar/jsonschema"
	"alpaca/internal/sampler"
	"alpaca/internal/tokenizer"
)

// Compiler compiles grammars for one vocabulary. It is safe for concurrent use.
type Compiler struct {
	tok *tokenizer.Tokenizer

	once  sync.Once
	vocab *grammar.Vocab
	gbnf  *gbnf.Vocab

	mu    sync.Mutex
	known map[[sha256.Size]byte]*list.Element
	order list.List // elements are *entry, the most recently used first
}

// entry is a cached result.
type entry struct {
	key   [sha256.Size]byte
	value any
}

// maxKnown is how many programs are cached. The compilers limit the size of each program.
const maxKnown = 32

// New returns a compiler for a vocabulary.
func New(tok *tokenizer.Tokenizer) *Compiler {
	return &Compiler{tok: tok, known: map[[sha256.Size]byte]*list.Element{}}
}

// prepare builds the tree of the vocabulary, once, before the first grammar.
func (c *Compiler) prepare() {
	c.once.Do(func() {
		n := c.tok.Len()
		c.vocab = grammar.NewVocab(n, func(id int32) []byte { return []byte(c.text(id)) }, c.tok.EOG())
		ids := make(map[string]int32, n)
		for id := int32(n) - 1; id >= 0; id-- {
			ids[c.tok.Piece(id, true)] = id
		}
		c.gbnf = &gbnf.Vocab{N: n, Lookup: func(text string) (int32, bool) {
			id, ok := ids[text]
			return id, ok
		}}
	})
}

// text returns the text of a token for grammars. It returns "" for control tokens, because a grammar
// matches a control token by its id and never by its text.
func (c *Compiler) text(id int32) string {
	if c.tok.IsControl(id) {
		return ""
	}
	return c.tok.Piece(id, false)
}

// spelled returns the text of a token, even of a control token.
func (c *Compiler) spelled(id int32) string {
	if c.tok.IsControl(id) {
		return c.tok.Text(id)
	}
	return c.tok.Piece(id, false)
}

// Control returns the control token with exactly this text. Grammars must name it by its id.
func (c *Compiler) Control(text string) (id int32, ok bool) {
	id, ok = c.tok.ID(text)
	return id, ok && c.tok.IsControl(id)
}

// compiled is the program of a schema, with warnings about the keywords that it does not enforce.
type compiled struct {
	program  *grammar.Program
	warnings []string
}

// Grammar compiles a grammar in GBNF.
func (c *Compiler) Grammar(text string) (*grammar.Program, error) {
	c.prepare()
	v, err := c.Remember("gbnf", text, func() (any, error) { return gbnf.Compile(text, c.gbnf) })
	p, _ := v.(*grammar.Program)
	return p, err
}

// Schema compiles a JSON schema. warnings name the keywords that are not enforced.
func (c *Compiler) Schema(text []byte, opt jsonschema.Options) (p *grammar.Program, warnings []string, err error) {
	v, err := c.Remember(fmt.Sprint("schema", opt.Lenient, opt.Compact), string(text), func() (any, error) {
		p, warnings, err := jsonschema.Compile(text, opt)
		return compiled{p, warnings}, err
	})
	if err != nil {
		return nil, nil, err
	}
	known := v.(compiled)
	return known.program, known.warnings, nil
}

// Remember returns the result of make for a text. kind names what make does with the text. If the
// result is cached, make is not called.
func (c *Compiler) Remember(kind, text string, make func() (any, error)) (any, error) {
	key := sha256.Sum256(fmt.Appendf(nil, "%s\x00%s", kind, text))
	c.mu.Lock()
	if at, ok := c.known[key]; ok {
		c.order.MoveToFront(at)
		value := at.Value.(*entry).value
		c.mu.Unlock()
		return value, nil
	}
	c.mu.Unlock()
	value, err := make()
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, ok := c.known[key]; !ok {
		c.known[key] = c.order.PushFront(&entry{key, value})
		if c.order.Len() > maxKnown {
			delete(c.known, c.order.Remove(c.order.Back()).(*entry).key)
		}
	}
	return value, nil
}

// Whole returns a constructor for grammars that constrain an answer from its first token on.
func (c *Compiler) Whole(p *grammar.Program) func() sampler.Grammar {
	c.prepare()
	return func() sampler.Grammar { return p.NewMatcher(c.vocab) }
}
