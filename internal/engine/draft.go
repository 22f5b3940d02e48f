package engine

import (
	"slices"
	"strings"

	"alpaca/internal/engine/speculate"
	"alpaca/internal/sampler"
	"alpaca/internal/tokenizer"
)

// Where a grammar leaves no choice, what comes next is a draft: its tokens are rows of
// one batch, behind the text's last token. Each row's token is sampled as ever, in order,
// as long as the draft has what was sampled; the rows after that are taken back. So a
// draft decides nothing but how many tokens a step makes.

const (
	mostDraft  = 24 // tokens of a draft at most
	draftBytes = 6  // of its text, for each token
	draftNear  = 8  // tokens before the draft that may change how its text is cut
)

// drafting is what an answer's drafts are made from.
type drafting struct {
	grammar sampler.Drafter
	source  speculate.Source
}

// drafts lets the grammar of a begin them.
func (e *Engine) drafts(a *answer) {
	if g, ok := a.grammar.(sampler.Drafter); ok && !e.opt.NoDrafts {
		a.drafting = &drafting{g, e.speculate.Source()}
	}
}

// cut returns the tokens of text behind some others: those that the whole of both has
// there, or where that is cut elsewhere, those of text alone.
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

// addDraft adds rows for what is expected after the token of r, unless they would take
// more time than they are likely to save. No row lies behind the end of the context or of
// what was asked for, so that nothing but a sampled token ends or moves the text within a
// draft.
func (e *Engine) addDraft(r *rows) {
	a := r.answer
	d := a.drafting
	if d == nil || e.frugal {
		return
	}
	others := e.rowsNow()
	n := min(mostDraft, e.runner.MaxRows()-others, e.opt.Ctx-a.seq.Len()-2)
	if most := a.group.req.MaxTokens; most >= 0 {
		n = min(n, most-a.result.GeneratedTokens-1)
	}
	if e.Model().Config.Recurrent() {
		return // rows that are taken back would take the text's state with them
	}
	if n <= 0 {
		return
	}
	text := d.grammar.Draft(nil, n*draftBytes)
	if len(text) == 0 {
		return
	}
	if e.speculate.Length(&d.source, others, min(n, len(text))) == 0 {
		e.speculate.Pass(&d.source)
		return
	}
	ids := cut(a.group.tok, a.tokens, string(text))
	ids = ids[:min(len(ids), n)]
	k := e.speculate.Length(&d.source, others, len(ids))
	if k == 0 {
		e.speculate.Pass(&d.source)
		return
	}
	r.draft, r.whole = ids[:k], k == len(ids)
	r.n += k
	r.logits += k
}

// drafting reports whether any of the rows chosen is of a draft.
func (e *Engine) drafting() bool {
	return slices.ContainsFunc(e.rows, func(r rows) bool { return len(r.draft) > 0 })
}

// rowsNow returns the number of rows that are chosen.
func (e *Engine) rowsNow() (n int) {
	for _, r := range e.rows {
		n += r.n
	}
	return n
}

// refused reports whether the text has left its draft, so that the rows that come next
// are of another text.
func (r *rows) refused() bool { return r != nil && r.used > 0 && !r.follows() }

// follows reports whether the text has all tokens of the draft so far.
func (r *rows) follows() bool {
	a := r.answer
	return !a.ended && r.used <= len(r.draft) && a.tokens[len(a.tokens)-1] == r.draft[r.used-1]
}

// take makes tokens of the logits, until one is not as drafted.
func (t turn) take(vocab int) {
	if t.rows == nil {
		t.answer.next(t.logits)
		return
	}
	for at := 0; at < len(t.logits); at += vocab {
		t.answer.next(t.logits[at : at+vocab])
		if t.rows.used++; !t.rows.follows() {
			return
		}
	}
}

// refuse takes back the rows that no text goes on from, and notes what drafts were worth.
func (e *Engine) refuse() {
	for i := range e.rows {
		r := &e.rows[i]
		if len(r.draft) == 0 {
			continue
		}
		a := r.answer
		if used := max(r.used, 1); used < r.logits {
			a.seq.Truncate(a.seq.Len() - r.logits + used)
		}
		accepted := r.accepted()
		e.speculate.Judge(&a.drafting.source, len(r.draft), accepted, r.whole)
		a.result.DraftTokens += len(r.draft)
		a.result.DraftAccepted += accepted
		e.mu.Lock()
		e.stats.DraftTokens += int64(len(r.draft))
		e.stats.DraftAccepted += int64(accepted)
		e.mu.Unlock()
	}
}

// accepted returns how many tokens of the draft are of the text.
func (r *rows) accepted() int { return max(0, r.used-1) }
