package engine

import "alpaca/internal/model"

// A text of a recurrent model can go on only where its state is known. A state is large, so the
// prefix cache keeps few: after prompts, after answers, and after full blocks where texts part.
// That place is known once a second text comes. It stops there, so that its state can be kept,
// and from the third text on the common prefix is not evaluated again. Texts that come at once
// wait, and the text that they follow stops where they part from it.

// states counts the states of the nodes, and has the most that there may be. most is 0 if the
// model is not recurrent.
type states struct{ count, most int }

// mostStates returns states.most for a model.
func mostStates(m *model.Model, parallel int) int {
	if !m.Config.Recurrent() {
		return 0
	}
	return max(8, 2*parallel)
}

// resumable returns the longest prefix of tokens after which a state is known: some nodes of
// path, which are full blocks of tokens, and perhaps a node that is not full.
func (p *prefixes) resumable(salt string, path []*node, tokens []int32) (full []*node, part *node) {
	for ; ; path = path[:len(path)-1] {
		n := p.last(salt, path)
		rest := tokens[len(path)*model.BlockLen:]
		for _, k := range n.kids {
			if k.state != nil && len(k.tokens) < model.BlockLen && same(k.tokens, rest) == len(k.tokens) && (part == nil || len(k.tokens) > len(part.tokens)) {
				part = k
			}
		}
		if part != nil || n.state != nil || len(path) == 0 {
			return path, part
		}
	}
}

// keep stores the state of s, all of whose tokens are the prefix of n. The least recently used
// states make room.
func (p *prefixes) keep(n *node, s *model.Seq) {
	if n == nil || n.parent == nil || n.gone || n.state != nil {
		return
	}
	if n.state = s.State(); n.state == nil {
		return
	}
	p.touch(n)
	for p.states.count++; p.states.count > p.states.most; {
		p.dropState(n)
	}
}

// dropState forgets the least recently used state, but not that of except.
func (p *prefixes) dropState(except *node) {
	for n := p.oldest.prev; n != &p.oldest; n = n.prev {
		if n.state == nil || n == except {
			continue
		}
		if len(n.tokens) < model.BlockLen {
			p.remove(n) // of no use without the state
			return
		}
		n.state = nil
		p.states.count--
		return
	}
}

// keepState keeps the state of a text in the prefix cache, after the text was published.
func (e *Engine) keepState(a *answer) {
	if e.prefix == nil || e.prefix.states.most == 0 || a.group.req.NoCache || a.node == nil || a.node.gone || a.seq.Exact() < a.seq.Len() {
		return
	}
	n, tokens := a.node, a.seq.Tokens()
	if at := a.blocks * model.BlockLen; len(tokens) > at {
		n = e.prefix.put(n, tokens[at:], a.seq.Block(a.blocks), a.seq.Recent(a.blocks))
	}
	e.prefix.keep(n, a.seq)
}

// stopAt returns how many of a text's next n rows to evaluate in this step.
func (a *answer) stopAt(n int) int {
	if left := a.parting - a.seq.Len(); left > 0 {
		return min(n, left)
	}
	return n
}

// yield makes a text whose rows are r stop where a, which follows it, parts from it. It returns
// how many rows that saves in this step.
func (e *Engine) yield(r *rows, a *answer) int {
	if e.prefix.states.most == 0 {
		return 0
	}
	n := r.n
	if r.n = min(n, common(a, r.answer, len(r.answer.tokens))-r.answer.seq.Len()); r.n < n {
		r.logits = 0
	}
	return n - r.n
}

// parted returns the length of the longest known prefix in full blocks, if a text has not come
// so far: where it has to stop, so that its state can be kept there.
func (e *Engine) parted(a *answer, tokens []int32) int {
	if e.prefix.states.most == 0 {
		return 0
	}
	return len(e.prefix.path(a.group.salt, tokens)) * model.BlockLen
}
