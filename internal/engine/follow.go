package engine

import "alpaca/internal/model"

// Texts with a beginning in common often come at once, before any of it is evaluated. Then
// one of them evaluates it, and the others wait and go on from its blocks. The last of
// these need not be full: whoever goes on in it first makes a copy.

// worthWaiting is how many tokens have to be saved where a text waits for another one.
const worthWaiting = 8

// sharing reports whether a text takes and gives what is evaluated.
func (e *Engine) sharing(a *answer) bool {
	return e.prefix != nil && !a.ended && a.node != nil && !a.group.req.NoCache
}

// common returns how many tokens a text could have from another one that has evaluated n
// of its own, if more than it has. The last token is always evaluated anew.
func common(a, b *answer, n int) int {
	have, most := a.seq.Len(), min(len(a.tokens)-1, n)
	if a == b || have >= most || a.tokens[have] != b.tokens[have] || a.group.req.Salt != b.group.req.Salt {
		return 0
	}
	return same(a.tokens[:most], b.tokens)
}

// follows reports whether a text had better wait for what another text evaluates in this
// step or soon. The rows of that one are chosen, so that never all wait.
func (e *Engine) follows(a *answer) bool {
	if a.read || !e.sharing(a) {
		return false
	}
	for _, r := range e.rows {
		if r.prompt && e.sharing(r.answer) && common(a, r.answer, len(r.answer.tokens)) >= a.seq.Len()+worthWaiting {
			return true
		}
	}
	return false
}

// catchUp gives texts that read their prompts what others have evaluated meanwhile.
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
			if n := common(a, b, min(b.seq.Len(), b.seq.Exact())); n > most {
				best, most = b, n
			}
		}
		if best != nil {
			e.adopt(a, best, most)
		}
	}
}

// adopt lets a text go on from the first n tokens of another one.
func (e *Engine) adopt(a, b *answer, n int) {
	shared := b.seq.Fork(n)
	more := shared.Len() - a.seq.Len()
	if more <= 0 { // of layers with a window b has less
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
