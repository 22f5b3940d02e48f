package engine

import "alpaca/internal/model"

// Texts with a common prefix often arrive together, before any part of the prefix is evaluated.
// Then one of them evaluates the prefix. The others wait, and then share the prefix's blocks.
// The last shared block need not be full: a text that adds tokens to it makes a copy first.

// worthWaiting is the least number of tokens that a text must save by waiting for another text.
const worthWaiting = 8

// sharing reports whether a text shares blocks with others.
func (e *Engine) sharing(a *answer) bool {
	return e.prefix != nil && !a.ended && a.node != nil && !a.group.req.NoCache
}

// common returns the length of the common prefix of answer a and the first n tokens of answer b.
// It returns 0 if a has evaluated this prefix already, or if the answers have different salts. The
// last token of a never counts, because every text evaluates its last token for the logits.
func common(a, b *answer, n int) int {
	have, most := a.seq.Len(), min(len(a.tokens)-1, n)
	if a == b || have >= most || a.tokens[have] != b.tokens[have] || a.group.salt != b.group.salt {
		return 0
	}
	return same(a.tokens[:most], b.tokens)
}

// follows looks for another text that evaluates a prefix of this answer's text in this step. If
// there is one, the answer should wait for it, and follows returns the other text's rows. Otherwise
// follows returns nil. The other text has rows already, so at least one text does not wait.
func (e *Engine) follows(a *answer) *rows {
	if a.read || !e.sharing(a) {
		return nil
	}
	for i := range e.rows {
		r := &e.rows[i]
		if !r.prompt || !e.sharing(r.answer) {
			continue
		}
		n := common(a, r.answer, len(r.answer.tokens))
		if n < a.seq.Len()+worthWaiting || e.prefix.states.most > 0 && n <= r.answer.seq.Len() {
			continue
		}
		return r
	}
	return nil
}

// catchUp lets each text that is reading its prompt adopt the longest prefix that another
// text has evaluated meanwhile.
func (e *Engine) catchUp() {
	for _, a := range e.running {
		if a.read || !e.sharing(a) {
			continue
		}
		var best *answer
		most := 0
		for _, b := range e.running {
			if !e.sharing(b) || b.node.gone {
				continue
			}
			if n := b.seq.Reachable(common(a, b, min(b.seq.Len(), b.seq.Exact()))); n > most {
				best, most = b, n
			}
		}
		if best != nil {
			e.adopt(a, best, most)
		}
	}
}

// adopt lets the text a share the blocks of the first n tokens of b.
func (e *Engine) adopt(a, b *answer, n int) {
	shared := b.seq.Fork(n)
	more := shared.Len() - a.seq.Len()
	if more <= 0 { // b no longer has the Recent blocks that a text of n tokens needs
		shared.Free()
		return
	}
	node, blocks := b.node, b.blocks
	for ; blocks*model.BlockLen > shared.Len(); blocks-- {
		node = node.parent
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
