package engine

import (
	"slices"
	"strings"
	"time"

	"alpaca/internal/engine/drafter"
	"alpaca/internal/engine/lookup"
	"alpaca/internal/engine/speculate"
	"alpaca/internal/tokenizer"
)

// A draft is a guess of the text's next tokens. The drafted tokens become rows
// of one batch, after the text's last token. A draft comes from a grammar that
// leaves no choice, from an earlier place where the text was similar, or from a
// small model. A draft affects only how many tokens a step makes (verify.go).

const (
	draftBytes = 6 // bytes of text to request from the grammar for each token of a draft
	draftNear  = 8 // a draft's text is tokenized together with at most this many tokens before it
	sureMatch  = 5 // a match of at least this many tokens is preferred to the small model
)

// learn adds the text's new tokens to the index.
func (d *drafting) learn(tokens []int32) {
	if d != nil && d.index != nil {
		d.index.Add(tokens[d.indexed:]...)
		d.indexed = len(tokens)
	}
}

// moved is called after tokens were removed from the text. The index keeps the removed
// tokens, because the text may repeat them.
func (d *drafting) moved(tokens []int32) {
	if d != nil {
		d.indexed = len(tokens)
	}
}

// draft adds rows for the drafts of all texts, and measures the time.
func (e *Engine) draft() {
	start := time.Now()
	var asked []*rows
	for i := range e.rows {
		if r := &e.rows[i]; e.addDraft(r) {
			asked = append(asked, r)
		}
	}
	e.drafted, e.wrote = time.Since(start), 0
	if len(asked) > 0 {
		e.write(asked)
		e.wrote = time.Since(start) - e.drafted
	}
}

// room returns how many tokens a draft of r can have. Even if all drafted tokens are
// accepted, the text must not reach the context's end or the request's MaxTokens.
func (e *Engine) room(r *rows) int {
	a := r.answer
	n := min(e.opt.Drafts.Max, e.runner.MaxRows()-e.rowsNow(), e.opt.Ctx-a.seq.Len()-2)
	if limit := a.group.req.MaxTokens; limit >= 0 {
		n = min(n, limit-a.result.GeneratedTokens-1)
	}
	return n
}

// addDraft adds rows for a draft after the token of r, unless they are likely to cost more
// time than they save. It returns true if the small model has to write the draft.
func (e *Engine) addDraft(r *rows) (asked bool) {
	a := r.answer
	d := a.drafting
	if d == nil || e.frugal {
		return false
	}
	n := e.room(r)
	switch {
	case n <= 0:
		return false
	case e.guess != nil:
		e.offer(r, e.guess(a, n), speculate.Offer{Kind: speculate.Passage})
		return false
	case d.grammar != nil && e.force(r, n):
		return false
	}
	var match lookup.Match
	if d.index != nil {
		d.learn(a.tokens)
		d.found, match = d.index.Find(d.found[:0], n)
	}
	o := speculate.Offer{Kind: kindOf(match)}
	if d.ask == nil || match >= sureMatch {
		if match == 0 || e.offer(r, d.found, o) || d.ask == nil {
			return false
		}
		match = 0
	}
	if e.ask(r, n) {
		return true
	}
	if match > 0 {
		e.offer(r, d.found, o)
	}
	return false
}

// kindOf returns the kind of a draft that was found by the match m.
func kindOf(m lookup.Match) speculate.Kind {
	switch {
	case m == lookup.Resumed:
		return speculate.Resumed
	case m >= 8:
		return speculate.Passage
	case m >= 4:
		return speculate.Phrase
	}
	return speculate.Pair
}

// force offers the tokens that the grammar of r forces. It returns false if there are none,
// or too few to be worth a draft.
func (e *Engine) force(r *rows, n int) bool {
	a := r.answer
	text := a.drafting.grammar.Draft(nil, n*draftBytes)
	if len(text) == 0 {
		return false
	}
	o := speculate.Offer{Kind: speculate.Forced, Others: e.rowsNow(), Tokens: min(n, len(text)), Ends: true}
	if e.speculate.Length(&a.drafting.sources, o) == 0 {
		e.speculate.Pass(&a.drafting.sources, o.Kind)
		return false
	}
	ids := cut(a.group.tok, a.tokens, string(text))
	return e.offer(r, ids[:min(len(ids), n)], o)
}

// offer adds rows for as many of the first tokens of ids as
// are worth their time. It returns false if it adds none.
func (e *Engine) offer(r *rows, ids []int32, o speculate.Offer) bool {
	d := r.answer.drafting
	ids = r.answer.likely(ids)
	o.Others, o.Tokens = e.rowsNow(), len(ids)
	if len(ids) == 0 || len(ids) < e.opt.Drafts.Min {
		return false
	}
	k := e.speculate.Length(&d.sources, o)
	if k == 0 {
		e.speculate.Pass(&d.sources, o.Kind)
		return false
	}
	r.set(ids[:k], o)
	return true
}

// set makes ids the draft of r. ids are the first tokens of the draft that o describes.
func (r *rows) set(ids []int32, o speculate.Offer) {
	o.Ends = o.Ends && o.Tokens == len(ids)
	o.Tokens = len(ids)
	r.draft, r.offer = ids, o
	r.n += len(ids)
	r.logits += len(ids)
}

// likely returns the prefix of ids that passes two cheap checks. The prefix ends before
// a token that ends the text. It is empty if the grammar does not allow the first token.
func (a *answer) likely(ids []int32) []int32 {
	if i := slices.IndexFunc(ids, a.group.tok.IsEOG); i >= 0 {
		ids = ids[:i]
	}
	if g := a.drafting.grammar; len(ids) > 0 && g != nil && !g.Allowed(ids[0]) {
		return nil
	}
	return ids
}

// ask reserves rows for a draft of the small model, if such a draft is worth its time.
func (e *Engine) ask(r *rows, n int) bool {
	d := r.answer.drafting
	if d.ask.Text == nil {
		if d.ask.Text = e.drafter.Open(r.answer.tokens); d.ask.Text == nil {
			return false
		}
	}
	o := speculate.Offer{Kind: speculate.Model, Others: e.rowsNow(), Tokens: n}
	k := e.speculate.Length(&d.sources, o)
	if k == 0 {
		e.speculate.Pass(&d.sources, o.Kind)
		return false
	}
	d.ask.Tokens, d.ask.Max = r.answer.tokens, k
	r.n += k // so that other texts leave these rows free
	r.offer = o
	return true
}

// write lets the small model draft for the rows in asked. After an error, such as a
// truncated file, it closes the small model. The texts continue without it.
func (e *Engine) write(asked []*rows) {
	var asks []*drafter.Ask
	for _, r := range asked {
		asks = append(asks, r.answer.drafting.ask)
	}
	took, err := e.drafter.Write(asks)
	made := 0
	for _, r := range asked {
		d := r.answer.drafting
		r.n -= d.ask.Max
		ids := d.ask.Draft
		made += len(ids)
		if ids = r.answer.likely(ids); err != nil || len(ids) == 0 || len(ids) < e.opt.Drafts.Min {
			e.speculate.Pass(&d.sources, speculate.Model)
			continue
		}
		r.offer.Tokens = len(ids)
		r.set(ids, r.offer)
	}
	e.speculate.Charge(speculate.Model, made, took)
	if err != nil {
		for _, a := range slices.Concat(e.running, e.resting) {
			if a.drafting != nil {
				a.drafting.ask = nil
			}
		}
		e.drafter.Close()
		e.drafter = nil
	}
}

// cut tokenizes text as the continuation of the tokens in before, and returns the new
// tokens. If a token would span the border between them, cut tokenizes text alone.
func cut(tok *tokenizer.Tokenizer, before []int32, text string) []int32 {
	var near string
	for i := len(before) - 1; i >= max(0, len(before)-draftNear); i-- {
		p := tok.Piece(before[i], false)
		if p == "" {
			break
		}
		near = p + near
	}
	opt := tokenizer.PartOptions{Continues: true}
	ids, starts := tok.EncodeParts([]tokenizer.Part{{Text: near}, {Text: text}}, opt)
	var b strings.Builder
	for _, id := range ids[starts[1]:] {
		b.WriteString(tok.Piece(id, false))
	}
	if b.String() == text {
		return ids[starts[1]:]
	}
	ids, _ = tok.EncodeParts([]tokenizer.Part{{Text: text}}, opt)
	return ids
}
