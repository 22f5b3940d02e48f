package engine

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"alpaca/internal/engine/speculate"
	"alpaca/internal/model"
	"alpaca/internal/pool"
)

// rows describes the rows of one text in a batch.
type rows struct {
	answer *answer
	n      int
	logits int  // how many rows at the end need logits
	prompt bool // the rows are of the prompt, not of the answer

	draft []int32         // the drafted tokens, which are in the last rows
	offer speculate.Offer // the kind and length of draft
	used  int             // how many tokens were sampled from the rows' logits
}

// compose chooses the rows of the next batch. First it takes one row and a draft of each text
// that is being answered, and then rows of prompts. It returns false if the batch is empty.
func (e *Engine) compose() bool {
	e.batch.Reset()
	e.rows = e.rows[:0]
	var prompts []*answer
	for _, a := range e.running {
		switch {
		case a.ended || a.paused():
		case !a.answering():
			prompts = append(prompts, a)
		case len(e.rows) < e.runner.MaxRows():
			e.rows = append(e.rows, rows{answer: a, n: 1, logits: 1})
		}
	}
	// A draft saves time only if a step has rows to spare, so prompts get their rows first.
	answering := len(e.rows)
	left, enough, soon := e.slice(answering, prompts)
	for _, a := range prompts {
		e.promised = min(left, e.promised+a.pending())
	}
	e.drafted, e.wrote = 0, 0
	if !soon {
		e.draft()
	}
	e.promised = 0
	left = min(left, e.runner.MaxRows()-e.rowsNow())
	first, ends := 0, false
	for i, a := range prompts {
		if left == 0 {
			break
		}
		if leader := e.follows(a); leader != nil {
			left += e.yield(leader, a)
			ends = ends && leader.logits > 0
			continue
		}
		if ends && e.rowsNow() >= enough {
			continue
		}
		n := a.stopAt(min(a.pending(), left))
		r := rows{answer: a, n: n, prompt: !a.read}
		if n == a.pending() {
			r.logits, ends = 1, true
		}
		e.rows = append(e.rows, r)
		left -= n
		for _, elder := range prompts[i+1:] {
			if first == 0 && elder.order < a.order {
				elder.passed++
			}
		}
		first++
	}
	if len(e.Model().LoRAs) > 0 { // rows with the same adapters stand together
		slices.SortStableFunc(e.rows, func(a, b rows) int { return strings.Compare(a.answer.group.salt, b.answer.group.salt) })
	}
	for _, r := range e.rows {
		at, n := r.answer.seq.Len(), r.n-len(r.draft)
		e.batch.AddAll(r.answer.seq, r.answer.tokens[at:at+n], min(r.logits, 1))
		e.batch.AddAll(r.answer.seq, r.draft, len(r.draft))
	}
	return len(e.rows) > 0
}

// evaluate evaluates the batch and samples the next tokens of each text. It always returns true.
func (e *Engine) evaluate() bool {
	start := time.Now()
	e.watch()
	sampled := 0
	err := e.runner.Forward(abandoned{context.Background(), e.rows}, &e.batch)
	switch {
	case err == nil:
		sampled, err = e.sample()
	case errors.Is(err, context.Canceled):
		return true
	case errors.Is(err, model.ErrNoBlocks):
		// The batch needs one more block than reserve has counted.
		if !e.forget(e.runner.Cache().Lacks(model.Blocks{1, 1})) {
			e.preempt()
		}
		return true
	}
	if err != nil {
		for _, r := range e.rows {
			r.answer.end("", err)
		}
	}
	e.account(time.Since(start), sampled)
	for _, r := range e.rows {
		e.publish(r.answer, false)
		if a := r.answer; r.prompt && (a.read || a.seq.Len() == a.parting) {
			e.keepState(a)
		}
		r.answer.seq.Trim()
	}
	for _, a := range slices.Clone(e.running) {
		if a.rest && !a.ended {
			e.rest(a)
		}
	}
	e.settle()
	return true
}

// watch calls Request.Progress for the prompts of the batch, and makes
// batch.Progress call it again every 200 ms during the step.
// batch.Progress also calls beat, because a finished layer is progress.
func (e *Engine) watch() {
	const pause = 200 * time.Millisecond
	e.batch.Progress = func(int) { e.beat() }
	layers := e.Model().Config.NumLayers
	for _, r := range e.rows {
		if p := r.answer.group.req.Progress; p != nil && !r.answer.read {
			done, total := r.answer.seq.Len()-r.answer.known, r.answer.group.prompt-r.answer.known
			before, told := e.batch.Progress, time.Now()
			p(done, total)
			e.batch.Progress = func(i int) {
				before(i)
				if time.Since(told) >= pause {
					told = time.Now()
					p(done+r.n*i/layers, total)
				}
			}
		}
	}
}

// turn is the task to sample the next tokens of one answer from rows of logits.
type turn struct {
	answer *answer
	rows   *rows     // nil for an answer whose prompt another answer of the request has read
	logits []float32 // [rows, VocabSize]
}

// sample chooses the next tokens of each text with logits. Texts are sampled in parallel, on
// as many threads as the runner has workers.
func (e *Engine) sample() (sampled int, err error) {
	var wanted []*rows // for each row with logits, the rows of its text
	for i := range e.rows {
		r := &e.rows[i]
		a := r.answer
		if p := a.group.req.Progress; p != nil && !a.read {
			p(a.seq.Len()-a.known, a.group.prompt-a.known)
		}
		for range r.logits {
			wanted = append(wanted, r)
		}
	}
	defer e.refuse()
	vocab := e.Model().Config.VocabSize
	for from := 0; from < len(wanted); from += e.runner.LogitRows() {
		n := min(e.runner.LogitRows(), len(wanted)-from)
		all, err := e.runner.Logits(from, n)
		if err != nil {
			return sampled, err
		}
		var list []turn
		for i := 0; i < n; {
			r, first := wanted[from+i], i
			for i < n && wanted[from+i] == r {
				i++
			}
			l := all[first*vocab : i*vocab]
			list = append(list, turn{r.answer, r, l})
			if a := r.answer; !a.read {
				a.read = true
				if a.group.req.Text != nil {
					a.seq.Mark() // so that Truncate can remove the answer later
				}
				a.result.PromptTokens = a.group.prompt
				for _, other := range e.share(a) {
					list = append(list, turn{other, nil, l})
				}
			}
		}
		list = slices.DeleteFunc(list, func(t turn) bool {
			return t.rows.refused() || !t.answer.goesOn(e.opt.Ctx, e.disown)
		})
		before := 0
		for _, t := range list {
			before += t.answer.result.GeneratedTokens
		}
		each := func(i int) error { list[i].take(vocab); return nil }
		if len(list) == 1 {
			list[0].take(vocab)
		} else if err = pool.EachWith(e.runner.Threads(), len(list), func() func(int) error { return each }); err != nil {
			return sampled, err
		}
		for _, t := range list {
			sampled += t.answer.result.GeneratedTokens
		}
		sampled -= before
	}
	return sampled, nil
}

// share starts the other answers of a request after its first answer, a, has read the prompt.
// They share the blocks of the prompt. share returns the other answers.
func (e *Engine) share(a *answer) []*answer {
	g := a.group
	if g.shared {
		return nil
	}
	g.shared = true
	for _, other := range g.answers[1:] {
		e.begin(other)
		other.seq = a.seq.Fork(a.seq.Len())
		other.node, other.blocks, other.known = a.node, a.blocks, a.known
		other.read, other.result.PromptTokens = true, g.prompt
	}
	return g.answers[1:]
}

// publish puts the full blocks of a text into the prefix cache. last says that the text ends
// or is preempted: then its last block is put there, too.
func (e *Engine) publish(a *answer, last bool) {
	if e.prefix == nil || a.group.req.NoCache || a.node == nil || a.seq == nil {
		return
	}
	exact := a.seq.Exact()
	if a.blocks*model.BlockLen > exact || a.node.gone {
		a.node = nil // the context was shifted, or the prefix cache forgot the node
		return
	}
	tokens := a.seq.Tokens()
	for a.blocks < exact/model.BlockLen {
		at := a.blocks * model.BlockLen
		n := e.prefix.put(a.node, tokens[at:at+model.BlockLen], a.seq.Block(a.blocks), a.seq.Recent(a.blocks))
		if n == nil {
			a.node = nil
			return
		}
		if n.block != a.seq.Block(a.blocks) {
			a.seq.Share(a.blocks, n.block)
		}
		if own := a.seq.Recent(a.blocks); own != nil && n.recent != nil && n.recent != own {
			a.seq.Share(a.blocks, n.recent)
		}
		a.node = n
		a.blocks++
	}
	if !last {
		return
	}
	end := a.node
	if at := a.blocks * model.BlockLen; exact > at {
		end = e.prefix.put(a.node, tokens[at:exact], a.seq.Block(a.blocks), a.seq.Recent(a.blocks))
	}
	if end != nil {
		e.prefix.stop(end)
		e.keepState(a)
	}
}
