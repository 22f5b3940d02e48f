package engine

import "alpaca/internal/model"

// Texts with a beginning in common often come at once, before any of it is evaluated. Then
// one of them evaluates it, and the others wait and take its blocks.

// follows reports whether a text had better wait for what another text evaluates in this
// step. The rows of that one are chosen, so that never all wait.
func (e *Engine) follows(a *answer) bool {
	if !e.sharing(a) {
		return false
	}
	have := a.seq.Len()
	for _, r := range e.rows {
		b := r.answer
		if r.prompt && e.sharing(b) && b.group.req.Salt == a.group.req.Salt && e.ahead(a, b) > have {
			return true
		}
	}
	return false
}

// sharing reports whether a text takes and gives blocks of its prompt.
func (e *Engine) sharing(a *answer) bool {
	return e.prefix != nil && !a.read && a.node != nil && !a.group.req.NoCache
}

// ahead returns how many tokens a text will have in whole blocks from another one, when
// that has read its prompt. The last token is always evaluated anew.
func (e *Engine) ahead(a, b *answer) int {
	return min(same(a.tokens, b.tokens), len(a.tokens)-1) / model.BlockLen * model.BlockLen
}

// catchUp gives texts that read their prompts what others have evaluated meanwhile.
func (e *Engine) catchUp() {
	for _, a := range e.running {
		if a.ended || !e.sharing(a) || a.node.gone {
			continue
		}
		at := a.blocks * model.BlockLen
		if at+model.BlockLen >= len(a.tokens) || e.prefix.full(a.node, a.tokens[at:at+model.BlockLen]) == nil {
			continue
		}
		shared := e.runner.NewSeq()
		node, blocks, err := e.prefix.adopt(shared, a.group.req.Salt, a.tokens[:len(a.tokens)-1])
		more := shared.Len() - a.seq.Len()
		if err != nil {
			a.end("", err)
		}
		if err != nil || more <= 0 {
			shared.Free()
			continue
		}
		a.node, a.blocks = node, blocks
		a.seq.Replace(shared)
		a.known += more
		for _, other := range a.group.answers {
			other.result.CachedTokens = a.known
		}
		e.mu.Lock()
		e.stats.CachedTokens += int64(more)
		e.mu.Unlock()
	}
}
