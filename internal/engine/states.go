package engine

import "alpaca/internal/model"

// A text of a recurrent model can continue only where its state is known. A state is
// large, so the prefix cache keeps few: after prompts, after answers, and after full
// blocks where texts diverge. Only a second text shows where it diverges from the first
// text. The second text stops there, so that its state can be kept. So the third and
// later texts need not evaluate the common prefix. If texts are submitted together, the
// others wait for the first text, and the first text stops where they diverge.

// states has the number of nodes with states, and the limit for this number. most is 0 if the
// model is not recurrent.
type states struct{ count, most int }

// mostStates returns states.most for a model.
func mostStates(m *model.Model, parallel int) int {
	if !m.Config.Recurrent() {
		return 0
	}
	return max(8, 2*parallel)
}

// resumable finds the longest prefix of tokens after which a state is known. It
// returns the nodes of the prefix's full blocks, which are a part of path. part is
// the node of the prefix's last block if this block is not full, and nil otherwise.
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

// keep stores the state of s in n. The tokens of s must be exactly the prefix that n
// stands for. If there are too many states, the least recently used states are forgotten.
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

// dropState forgets the least recently used state, but never the state of the node except.
func (p *prefixes) dropState(except *node) {
	for n := p.oldest.prev; n != &p.oldest; n = n.prev {
		if n.state == nil || n == except {
			continue
		}
		if len(n.tokens) < model.BlockLen {
			p.remove(n) // the node is useless without its state
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

// yield shortens r, the rows of the text for which the answer a waits, so that this text
// stops where answer a diverges from it. yield returns how many rows this saves in the step.
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

// parted returns the length at which a text has to stop so that its state can be
// kept. It is the length of the longest known prefix of tokens in full blocks.
func (e *Engine) parted(a *answer, tokens []int32) int {
	if e.prefix.states.most == 0 {
		return 0
	}
	return len(e.prefix.path(a.group.salt, tokens)) * model.BlockLen
}
