// Package structured makes of a grammar or a JSON schema what tells the sampler which
// tokens an answer may go on with. A Compiler belongs to one vocabulary and serves all
// requests: it keeps the programs that were asked for last. A grammar can begin in the
// middle of a text, behind a trigger or behind what a model thinks first (Lazy).
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
	order list.List // of *entry, the one asked for last in front
}

// entry is what was made.
type entry struct {
	key   [sha256.Size]byte
	value any
}

// maxKnown is how many programs are kept. Their sizes are bounded by the compilers.
const maxKnown = 32

// New returns a compiler for a vocabulary.
func New(tok *tokenizer.Tokenizer) *Compiler {
	return &Compiler{tok: tok, known: map[[sha256.Size]byte]*list.Element{}}
}

// prepare makes the tree of the vocabulary when the first grammar comes.
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

// text returns what a grammar sees of a token: nothing of control tokens, which only an
// item of their own can ask for.
func (c *Compiler) text(id int32) string {
	if c.tok.IsControl(id) {
		return ""
	}
	return c.tok.Piece(id, false)
}

// spelled returns a token's text, that of control tokens too.
func (c *Compiler) spelled(id int32) string {
	if c.tok.IsControl(id) {
		return c.tok.Text(id)
	}
	return c.tok.Piece(id, false)
}

// Control returns the control token of exactly that text, which grammars must ask for by
// its number.
func (c *Compiler) Control(text string) (id int32, ok bool) {
	id, ok = c.tok.ID(text)
	return id, ok && c.tok.IsControl(id)
}

// compiled is a program with what is not enforced of its schema.
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

// Schema compiles a JSON schema. The warnings name what is not enforced.
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

// Remember returns what make makes of a text of some kind, or has made of the same before.
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

// Whole makes a program say what an answer is from its first token on.
func (c *Compiler) Whole(p *grammar.Program) func() sampler.Grammar {
	c.prepare()
	return func() sampler.Grammar { return p.NewMatcher(c.vocab) }
}
