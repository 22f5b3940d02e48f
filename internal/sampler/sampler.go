// Package sampler chooses the next token from a model's logits:
//
//	logits → logit bias → penalties → DRY → top-n-sigma → top-k → typical-p
//	       → top-p → min-p → XTC → temperature → draw → token
//
// Names, order and defaults are llama.cpp's. A seed gives the same tokens on each machine.
package sampler

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"

	"alpaca/internal/fmath"
)

// ErrNotNumbers is wrapped by the error for logits that are NaN
// or +Inf, which means that the model's weights are damaged.
var ErrNotNumbers = errors.New("logits are not numbers")

// ErrNoToken is wrapped by the error for logits that rule out every token.
var ErrNoToken = errors.New("no token is left to choose")

// Vocab has the properties of the tokenizer that the sampler needs.
type Vocab struct {
	N     int                // number of tokens
	EOG   []int32            // tokens that end the text
	Piece func(int32) string // a token's text, for DRY's breakers; may be nil
}

// Sampler is a chain of samplers, with its memory of the text and its random numbers. It serves
// one text at a time and is not safe for concurrent use.
type Sampler struct {
	vocab    int
	seed     uint32
	bias     biases
	chain    []link
	topFirst int       // the chain needs only this many of the likeliest tokens; 0: it needs every token
	afterTop []link    // the samplers that still run if the candidates are only these tokens
	greedy   bool      // the likeliest token is chosen, without random numbers
	mirostat *mirostat // if not nil, mirostat chooses the token
	rng      *fmath.MT19937
	left     candidates
	chosen   int // index in left.list of the token that was sampled last
}

// Chance is a token with its probability after the chain.
type Chance struct {
	ID int32
	P  float32
}

// New returns a sampler for texts of vocabulary v. An error names the setting that is out of
// range, and its bounds.
func New(p Params, v Vocab) (*Sampler, error) {
	if v.N <= 0 || v.N > math.MaxInt32 {
		return nil, fmt.Errorf("sampler: a vocabulary of %d tokens", v.N)
	}
	if err := p.check(v.N); err != nil {
		return nil, err
	}
	for _, id := range v.EOG {
		if id < 0 || int(id) >= v.N {
			return nil, fmt.Errorf("sampler: end-of-text token %d is not in the vocabulary of %d", id, v.N)
		}
	}
	if p.Seed == RandomSeed {
		p.Seed = rand.Uint32N(RandomSeed)
	}
	s := &Sampler{
		vocab:  v.N,
		seed:   p.Seed,
		bias:   newBiases(p, v),
		greedy: p.Temp <= 0,
		rng:    fmath.NewMT19937(p.Seed),
	}
	switch {
	case p.Mirostat != 0 && !s.greedy:
		s.mirostat = newMirostat(&p, v)
		s.chain = []link{temperature{t: p.Temp}}
	default:
		for _, name := range p.Samplers {
			if l := newLink(name, &p, v); l != nil && (!s.greedy || changesLogits(l)) {
				s.chain = append(s.chain, l)
			}
		}
	}
	switch {
	case len(s.bias) > 0:
	case len(s.chain) == 0 && s.greedy:
		s.topFirst = 1
	case len(s.chain) > 0:
		if first, ok := s.chain[0].(topK); ok {
			s.topFirst, s.afterTop = first.k, s.chain[1:]
		}
	}
	return s, nil
}

// Seed returns the seed in use, which New has chosen if Params.Seed is RandomSeed.
func (s *Sampler) Seed() uint32 { return s.seed }

// Accept tells the sampler that the text continues with token id,
// which comes from the prompt or was sampled. Penalties and DRY depend
// on these tokens. Accept ignores an id outside the vocabulary.
func (s *Sampler) Accept(id int32) {
	if id < 0 || int(id) >= s.vocab {
		return
	}
	for _, l := range s.chain {
		l.accept(id)
	}
}

// Sample chooses the next token from logits [vocab], which it does not change.
// It does not call Accept. The error wraps ErrNotNumbers or ErrNoToken.
func (s *Sampler) Sample(logits []float32) (int32, error) { return s.sample(logits, nil) }

// sample does what Sample does. If g is not nil, sample chooses among the tokens that g allows.
func (s *Sampler) sample(logits []float32, g Grammar) (int32, error) {
	if len(logits) != s.vocab {
		return 0, fmt.Errorf("sampler: %d logits for a vocabulary of %d", len(logits), s.vocab)
	}
	c, chain := &s.left, s.chain
	if g == nil && s.topFirst > 0 && c.loadTop(logits, s.topFirst) {
		chain = s.afterTop
	} else if err := s.load(logits, g); err != nil {
		return 0, err
	}
	for _, l := range chain {
		l.apply(c)
	}
	s.chosen = s.choose(c)
	return c.list[s.chosen].id, nil
}

// load sets the candidates to the tokens that g and the biases
// allow. If they allow no token, load returns an error.
func (s *Sampler) load(logits []float32, g Grammar) error {
	c := &s.left
	if list := listed(g); list != nil {
		c.loadListed(logits, list)
	} else if err := c.load(logits); err != nil {
		return err
	}
	s.bias.apply(c)
	if g != nil && c.dense {
		c.refuse(g)
	}
	c.dropImpossible()
	switch {
	case len(c.list) > 0:
		return nil
	case g != nil:
		return fmt.Errorf("sampler: %w: the grammar allows no token here", ErrNoToken)
	}
	return fmt.Errorf("sampler: %w: the logits of all %d are -Inf", ErrNoToken, s.vocab)
}

// Chosen returns the token c that was sampled last, with its probability. top has the n likeliest
// of the tokens that c was drawn from, the likeliest first. If the chain left fewer than n
// tokens, top has all of them. At a temperature of 0 or less, top has only c, with probability 1.
func (s *Sampler) Chosen(n int) (c Chance, top []Chance) {
	list := s.left.list
	if s.greedy {
		c = Chance{list[s.chosen].id, 1}
		return c, []Chance{c}[:min(n, 1)]
	}
	for _, t := range list[:min(n, len(list))] {
		if t.p > 0 {
			top = append(top, Chance{t.id, t.p})
		}
	}
	return Chance{list[s.chosen].id, list[s.chosen].p}, top
}

// choose returns the index of the chosen candidate.
func (s *Sampler) choose(c *candidates) int {
	switch {
	case s.greedy:
		return c.best()
	case s.mirostat != nil:
		return s.mirostat.choose(c, s.rng)
	}
	c.softmax()
	return draw(s.rng, c.list)
}
