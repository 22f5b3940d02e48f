package engine

import "slices"

// verify.go decides how many tokens of a draft are accepted. The rows' tokens
// are sampled in order, as without drafts. When a sampled token differs from
// the draft, the rows for the rest of the draft are removed from the text.

// drafting reports whether any text has a draft in this step.
func (e *Engine) drafting() bool {
	return slices.ContainsFunc(e.rows, func(r rows) bool { return len(r.draft) > 0 })
}

// rowsNow returns the number of rows chosen for this step
// so far, including the rows that are kept for prompts.
func (e *Engine) rowsNow() int {
	n := e.promised
	for _, r := range e.rows {
		n += r.n
	}
	return n
}

// refused reports whether the text has ended or differs from its draft,
// so that the rest of its rows are skipped. It returns false for a nil r.
func (r *rows) refused() bool { return r != nil && r.used > 0 && !r.follows() }

// follows reports whether all tokens sampled in this step are those of the draft.
func (r *rows) follows() bool {
	a := r.answer
	return !a.ended && r.used <= len(r.draft) && a.tokens[len(a.tokens)-1] == r.draft[r.used-1]
}

// take samples tokens from the rows of logits until one differs from the draft.
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

// refuse removes the rows after the first wrong token of each draft, and counts how many
// tokens were accepted.
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
		if r.used == 0 {
			continue // the answer ended before the step, so nothing is known about the draft
		}
		accepted := r.accepted()
		e.speculate.Judge(&a.drafting.sources, r.offer, accepted)
		a.result.addDraft(draft{at: a.result.GeneratedTokens - r.used, tokens: len(r.draft), accepted: accepted})
		e.mu.Lock()
		e.stats.Drafts++
		e.stats.DraftTokens += int64(len(r.draft))
		e.stats.DraftAccepted += int64(accepted)
		for i := range accepted {
			e.stats.AcceptedAt[min(i, len(e.stats.AcceptedAt)-1)]++
		}
		e.mu.Unlock()
	}
}

// accepted returns how many tokens of the draft the sampler chose.
func (r *rows) accepted() int { return max(0, r.used-1) }

// draft is the outcome of a draft.
type draft struct {
	at       int // how many tokens the answer had before the draft
	tokens   int
	accepted int
}

func (r *Result) addDraft(d draft) {
	r.DraftTokens += d.tokens
	r.DraftAccepted += d.accepted
	r.drafts = append(r.drafts, d)
}

// readDrafts corrects the counts of drafts for a reader who got only the first n tokens. A
// draft counts only if the reader got a token that was compared with the draft. If the reader
// did not get all accepted tokens of a draft, only the tokens that the reader got count.
func (r *Result) readDrafts(n int) {
	drafts := r.drafts
	r.DraftTokens, r.DraftAccepted, r.drafts = 0, 0, nil
	for _, d := range drafts {
		switch read := n - d.at; {
		case read <= 0:
			return
		case read <= d.accepted:
			d.tokens, d.accepted = read, read
		}
		r.addDraft(d)
	}
}
