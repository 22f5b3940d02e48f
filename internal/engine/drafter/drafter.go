// Package drafter lets a small model draft tokens for a large model with the same vocabulary. It
// drafts the likeliest token each time, and ends a draft when the token's probability is too
// low. It drafts for several texts in one batch. It keeps evaluated texts, so that a later text
// with the same prefix, such as the next turn of a conversation, evaluates only its new tokens.
package drafter

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"alpaca/internal/fmath"
	"alpaca/internal/model"
	"alpaca/internal/pool"
	"alpaca/internal/quant"
	"alpaca/internal/tokenizer"
)

const (
	maxRead = 128 // the largest number of new tokens that a call of Write evaluates
	few     = 32  // if a text has at most this many new tokens, the time to read them counts as drafting: one step of the engine can add that many
)

// Options are the settings of a Drafter.
type Options struct {
	Ctx            int     // the largest number of tokens in a text; the small model's training context is another limit
	Texts          int     // the largest number of texts that are open at once
	Sure           float64 // a token is drafted only if it has at least this probability
	CacheK, CacheV *quant.Type
	Pool           *pool.Pool
}

// Drafter drafts with a small model. It is not safe for concurrent use.
type Drafter struct {
	runner *model.Runner
	batch  model.Batch
	ctx    int
	vocab  int // the number of tokens that both models have
	sure   float64
	texts  []*Text
	uses   int    // how many texts were opened so far
	going  []*Ask // in Write: the asks whose drafts get one more token
}

// Text is the part of a text that the small model has evaluated.
type Text struct {
	seq  *model.Seq
	busy bool
	used int // Drafter.uses when the text was last opened
}

// Ask is the request to draft for a text. Write sets the field Draft.
type Ask struct {
	Text   *Text
	Tokens []int32 // all tokens of the text so far
	Max    int     // the largest number of tokens to draft
	Draft  []int32 // the drafted tokens

	max  int  // Max, or fewer if the context ends earlier
	more bool // the draft gets one more token
}

// New returns a Drafter that drafts for large with the small model m.
func New(m, large *model.Model, opt Options) (*Drafter, error) {
	if err := Check(m, large); err != nil {
		return nil, err
	}
	d := &Drafter{sure: opt.Sure, ctx: min(opt.Ctx, m.Config.TrainCtx), vocab: min(m.Tokenizer.Len(), large.Tokenizer.Len())}
	blocks := (d.ctx+model.BlockLen-1)/model.BlockLen + 1
	var err error
	d.runner, err = m.NewRunner(model.RunnerOptions{
		Batch: max(maxRead, opt.Texts), Ctx: d.ctx, Blocks: blocks * opt.Texts, CacheK: opt.CacheK, CacheV: opt.CacheV, Pool: opt.Pool,
	})
	if err != nil {
		return nil, err
	}
	for range opt.Texts {
		d.texts = append(d.texts, &Text{seq: d.runner.NewSeq()})
	}
	return d, nil
}

// Check returns an error unless m can draft for large.
func Check(m, large *model.Model) error {
	if m.Tokenizer == nil {
		return errors.New("it has no vocabulary")
	}
	if m.Config.Recurrent() {
		return errors.New("its layers keep a text in one recurrent state, from which wrong drafts cannot be removed")
	}
	return sameVocabulary(m.Tokenizer, large.Tokenizer)
}

// sameVocabulary returns an error unless a and b have the same tokens. Either may have
// further tokens that are marked as unused.
func sameVocabulary(a, b *tokenizer.Tokenizer) error {
	n := min(a.Len(), b.Len())
	for id := range int32(n) {
		if a.Text(id) != b.Text(id) || a.Type(id) != b.Type(id) {
			return fmt.Errorf("its vocabulary differs from the model's: token %d is %q, but the model has %q", id, a.Text(id), b.Text(id))
		}
	}
	for _, t := range []*tokenizer.Tokenizer{a, b} {
		for id := int32(n); int(id) < t.Len(); id++ {
			if t.Type(id) != tokenizer.TypeUnused {
				return fmt.Errorf("its vocabulary differs from the model's: it has %d tokens, but the model has %d", a.Len(), b.Len())
			}
		}
	}
	return nil
}

// Close closes the small model's runner.
func (d *Drafter) Close() error { return d.runner.Close() }

// MemoryStats returns the memory in use.
func (d *Drafter) MemoryStats() model.MemoryStats { return d.runner.MemoryStats() }

// Open returns the free text that has the longest common prefix with tokens. It returns nil
// if none is free.
func (d *Drafter) Open(tokens []int32) (best *Text) {
	longest := -1
	for _, t := range d.texts {
		if n := same(t.seq.Tokens(), tokens); !t.busy && (n > longest || n == longest && t.used < best.used) {
			best, longest = t, n
		}
	}
	if best != nil {
		d.uses++
		best.busy, best.used = true, d.uses
	}
	return best
}

// Release frees t for other texts. t may be nil.
func (d *Drafter) Release(t *Text) {
	if t != nil {
		t.busy = false
	}
}

// same returns the length of the common prefix of a and b.
func same(a, b []int32) (n int) {
	for n < len(a) && n < len(b) && a[n] == b[n] {
		n++
	}
	return n
}

// Write drafts for the texts of asks, and returns the time that the drafts took. If a text has
// many new tokens, each call evaluates a part of them, and there is no draft before the last
// part. The time to evaluate many new tokens is not part of the result.
func (d *Drafter) Write(asks []*Ask) (time.Duration, error) {
	start := time.Now()
	reading := d.read(asks)
	for d.batch.Len() > 0 {
		if err := d.runner.Forward(context.Background(), &d.batch); err != nil {
			return time.Since(start), err
		}
		if reading {
			start, reading = time.Now(), false
		}
		err := d.runner.EachLogits(len(d.going), func(row int, logits []float32) error {
			d.going[row].next(d.best(logits[:d.vocab]))
			return nil
		})
		if err != nil {
			return time.Since(start), err
		}
		d.batch.Reset()
		d.going = slices.DeleteFunc(d.going, func(a *Ask) bool { return !a.more })
		for _, a := range d.going {
			d.batch.Add(a.Text.seq, a.Draft[len(a.Draft)-1], true)
		}
	}
	for _, a := range asks {
		a.Text.seq.Trim()
	}
	return time.Since(start), nil
}

// read adds the new tokens of the texts to the batch. It reports
// whether any text has more new tokens than the constant few.
func (d *Drafter) read(asks []*Ask) (much bool) {
	d.batch.Reset()
	d.going = d.going[:0]
	room := d.runner.MaxRows()
	for _, a := range asks {
		a.Draft = a.Draft[:0]
		seq := a.Text.seq
		seq.Truncate(min(same(seq.Tokens(), a.Tokens), len(a.Tokens)-1))
		rest := a.Tokens[seq.Len():]
		a.max = min(a.Max, d.ctx-len(a.Tokens))
		if a.max <= 0 || slices.ContainsFunc(rest, func(id int32) bool { return int(id) >= d.vocab }) {
			continue
		}
		n := min(len(rest), room)
		room -= n
		much = much || n > few
		if n < len(rest) {
			d.batch.AddAll(seq, rest[:n], 0)
			continue
		}
		d.batch.AddAll(seq, rest, 1)
		d.going = append(d.going, a)
	}
	return much
}

// next adds a token to the draft or, if sure is false, ends the draft.
func (a *Ask) next(id int32, sure bool) {
	if sure {
		a.Draft = append(a.Draft, id)
	}
	a.more = sure && len(a.Draft) < a.max
}

// best returns the likeliest token. sure says that its probability is at least Options.Sure.
func (d *Drafter) best(logits []float32) (id int32, sure bool) {
	for i, l := range logits {
		if l > logits[id] {
			id = int32(i)
		}
	}
	if d.sure <= 0 {
		return id, true
	}
	sum, limit := 0., 1/d.sure // sum will be the sum of all probabilities, divided by the largest probability
	for _, l := range logits {
		if sum += float64(fmath.Exp32(l - logits[id])); sum > limit {
			return id, false
		}
	}
	return id, sum <= limit // false if a logit is NaN
}
