package engine

import (
	"slices"
	"strings"

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

// drafting is what is known of the drafts of a text.
type drafting struct {
	rate  float64 // how often a token of a draft is the one sampled
	tried int     // times that there was one
}

// drafted returns the tokens that are expected after those of a, at most n.
func (a *answer) drafted(n int) []int32 {
	g, ok := a.grammar.(sampler.Drafter)
	if !ok || n <= 0 {
		return nil
	}
	text := g.Draft(nil, n*draftBytes)
	if len(text) == 0 {
		return nil
	}
	ids := cut(a.group.tok, a.tokens, string(text))
	return ids[:min(len(ids), n)]
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
	if e.opt.NoDrafts || e.frugal || a.grammar == nil {
		return
	}
	n := min(mostDraft, e.runner.MaxRows()-e.rowsNow(), e.opt.Ctx-a.seq.Len()-2)
	if most := a.group.req.MaxTokens; most >= 0 {
		n = min(n, most-a.result.GeneratedTokens-1)
	}
	if e.Model().Config.Recurrent() {
		return // rows that are taken back would take the text's state with them
	}
	draft := a.drafted(n)
	if len(draft) == 0 {
		return
	}
	if a.drafting.tried++; a.drafting.tried == 1 {
		a.drafting.rate = e.drafts
	}
	if a.drafting.tried%32 != 0 { // else it is tried, so that what is known stays true
		draft = draft[:e.pace.draft(a.drafting.rate, e.rowsNow(), len(draft))]
	}
	r.draft = draft
	r.n += len(draft)
	r.logits += len(draft)
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
	const weight = 1. / 8 // of a token, in the rate
	for i := range e.rows {
		r := &e.rows[i]
		if len(r.draft) == 0 {
			continue
		}
		a := r.answer
		if used := max(r.used, 1); used < r.logits {
			a.seq.Truncate(a.seq.Len() - r.logits + used)
		}
		accepted := max(0, r.used-1)
		for j := range min(r.used, len(r.draft)) {
			switch {
			case j < accepted:
				a.drafting.rate += (1 - a.drafting.rate) * weight
			case j < len(r.draft)-1: // the last one may be a part of a longer token
				a.drafting.rate -= a.drafting.rate * weight
			}
		}
		e.drafts += (a.drafting.rate - e.drafts) * weight
		a.result.DraftTokens += len(r.draft)
		a.result.DraftAccepted += accepted
		e.mu.Lock()
		e.stats.DraftTokens += int64(len(r.draft))
		e.stats.DraftAccepted += int64(accepted)
		e.mu.Unlock()
	}
}

// draft returns how many tokens of a draft, at most n, are to be evaluated with others
// rows: as many as make the most tokens in the time, where each is the right one with
// probability rate.
func (p *pace) draft(rate float64, others, n int) int {
	best, most := 0, 0.
	expected := float64(others) // tokens of the step
	for k, likely := 0, 1.; k <= n; k++ {
		if gain := expected / p.cost(others, k); gain > most {
			best, most = k, gain
		}
		likely *= rate
		expected += likely
	}
	return best
}

// cost returns how long a step of rows+k rows takes, in steps of rows. Where that is not
// known, rows are taken to be cheap, so that it gets known.
func (p *pace) cost(rows, k int) float64 {
	const row = 0.08
	base := p.row[class(rows)] * float64(rows)
	cost := 1 + row*float64(k)
	if known := p.row[class(rows+k)]; known > 0 && base > 0 && k > 0 {
		cost = max(known*float64(rows+k)/base, 1)
	}
	return cost
}
