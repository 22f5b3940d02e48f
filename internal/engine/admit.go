package engine

import (
	"bytes"
	"math"
	"slices"
	"time"

	"alpaca/internal/model"
)

// admit starts the answers for which there is room: first
// preempted answers, then answers to waiting requests.
func (e *Engine) admit() {
	e.short = false
	for {
		// An answer with a slow reader stays preempted. Meanwhile other answers may start.
		i := slices.IndexFunc(e.resting, func(a *answer) bool { return !a.paused() })
		if i < 0 {
			break
		}
		a := e.resting[i]
		if len(e.running) > 0 && !e.fits(a) || !e.roomForSaved(a) {
			e.short = true
			return
		}
		e.resting = slices.Delete(e.resting, i, i+1)
		order := a.order
		e.begin(a)
		a.order = order
		slices.SortFunc(e.running, func(a, b *answer) int { return a.order - b.order })
		if err := e.fill(a); err != nil {
			a.end("", err)
		}
	}
	for {
		e.mu.Lock()
		if len(e.waiting) == 0 {
			e.mu.Unlock()
			return
		}
		places, held := e.places()
		next := nextInLine(e.waiting, e.accounts, held, e.opt.Parallel)
		g := e.waiting[next]
		e.mu.Unlock()
		if places > 0 && places+len(g.answers) > e.opt.Parallel {
			return
		}
		if text := g.req.Text; text != nil && text.busy.Load() {
			return
		}
		a := g.answers[0] // the other answers begin once this one has read the prompt
		if len(e.running) > 0 && !e.fits(a) {
			e.short = true
			return
		}
		e.mu.Lock()
		e.waiting = slices.DeleteFunc(e.waiting, func(other *group) bool { return other == g })
		e.mu.Unlock()
		if g.started = true; g.req.Text != nil {
			g.req.Text.busy.Store(true)
		}
		e.begin(a)
		for _, a := range g.answers {
			a.result.QueueTime = time.Since(g.began)
		}
		if err := e.fill(a); err != nil {
			a.end("", err)
			continue
		}
		a.known = a.seq.Len()
		for _, a := range g.answers {
			a.result.CachedTokens = g.answers[0].known
		}
		e.mu.Lock()
		e.stats.CachedTokens += int64(a.known)
		e.mu.Unlock()
	}
}

// places returns the number of answers in progress, including those that begin once the first
// answer of their request has read the prompt. held counts them by Request.Key.
func (e *Engine) places() (n int, held map[string]int) {
	seen, held := map[*group]bool{}, map[string]int{}
	for _, a := range slices.Concat(e.running, e.resting) {
		if !seen[a.group] {
			seen[a.group] = true
			n += a.group.left
			held[a.group.req.Key] += a.group.left
		}
	}
	return n, held
}

// fits reports whether there are enough blocks for a text and the next tokens of its answer.
func (e *Engine) fits(a *answer) bool {
	const ahead = 128
	c, req := e.runner.Cache(), a.group.req
	more := ahead
	if req.MaxTokens >= 0 {
		more = min(more, max(0, req.MaxTokens-a.result.GeneratedTokens))
	}
	blocks := (min(len(a.tokens)+more, e.opt.Ctx) + model.BlockLen - 1) / model.BlockLen
	need := e.holds(blocks, len(a.group.answers))
	if e.prefix != nil {
		free := e.prefix.unused()
		need = need.Add(model.Blocks{-free[model.Whole], -free[model.Recent]})
	}
	return c.Lacks(need) == model.Blocks{}
}

// holds returns how many blocks a request needs if its answers share the given
// number of blocks. Each of the texts also needs a copy of the last shared block.
func (e *Engine) holds(blocks, texts int) model.Blocks {
	need := model.Blocks{blocks + texts}
	if recent := e.Model().RecentBlocks(e.opt.Ctx); recent > 0 {
		need[model.Recent] = min(blocks, recent) + texts
	}
	return need
}

// roomForSaved frees blocks for a preempted text whose state was saved. It returns false if
// other texts have to finish first.
func (e *Engine) roomForSaved(a *answer) bool {
	c := e.runner.Cache()
	need := e.holds((len(a.tokens)+model.BlockLen-1)/model.BlockLen, 0)
	for a.saved != nil {
		missing := c.Lacks(need)
		if missing == (model.Blocks{}) {
			break
		}
		if !e.forget(missing) {
			return len(e.running) == 0 // without running texts, waiting would free no blocks
		}
	}
	return true
}

// fill restores the saved state of a text, or gives it the cached blocks of its longest
// known prefix.
func (e *Engine) fill(a *answer) error {
	wanted := a.tokens[:len(a.tokens)-1] // the last token is evaluated for its logits
	if a.saved != nil {
		saved := a.saved
		a.saved = nil
		err := a.seq.Load(bytes.NewReader(saved), e.opt.Ctx)
		a.node = nil
		return err
	}
	a.seq.Truncate(same(a.seq.Tokens(), wanted))
	n := a.seq.Len()
	if e.prefix == nil || a.group.req.NoCache || a.seq.Exact() < n {
		return nil
	}
	a.parting = e.parted(a, wanted)
	shared := e.runner.NewSeq()
	node, blocks, err := e.prefix.adopt(shared, a.group.salt, wanted)
	if err != nil || shared.Len() <= n {
		shared.Free()
		a.node, a.blocks = e.prefix.root(a.group.salt), 0
		return err
	}
	a.node, a.blocks = node, blocks
	a.seq.Replace(shared)
	return nil
}

// reserve makes sure that there are blocks for the batch. It returns false if the batch must
// be composed again: without drafts, or without a text that was preempted.
func (e *Engine) reserve() bool {
	need := e.batch.Needs()
	for {
		missing := e.runner.Cache().Lacks(need)
		if missing == (model.Blocks{}) {
			return true
		}
		if !e.forget(missing) {
			if e.frugal = !e.frugal && e.drafting(); !e.frugal {
				e.preempt()
			}
			return false
		}
	}
}

// disown frees a block that only the prefix cache uses. If there is no such
// block, the prefix cache gives up its share of a block that texts use.
func (e *Engine) disown() bool {
	if e.prefix == nil {
		return false
	}
	if e.runner.Cache().Lacks(model.Blocks{0, 1})[model.Recent] > 0 && (e.prefix.evictRecent(1) || e.prefix.evictRecent(math.MaxInt)) {
		return true
	}
	return e.prefix.disown()
}

// forget frees a block that only the prefix cache uses, in a part of the cache that lacks
// blocks. It returns false if there is none.
func (e *Engine) forget(missing model.Blocks) bool {
	if e.prefix == nil {
		return false
	}
	if missing[model.Whole] == 0 && missing[model.Recent] > 0 && e.prefix.evictRecent(1) {
		return true
	}
	return e.prefix.evict()
}

// youngest returns the text to preempt next: the youngest text with a slow
// reader or, if there is none, the youngest text. It returns nil if all
// texts have ended. paused reports whether the text has a slow reader.
func (e *Engine) youngest() (a *answer, paused bool) {
	for _, other := range e.running {
		if other.ended {
			continue
		}
		p := other.paused()
		if a == nil || p && !paused || p == paused && other.order > a.order {
			a, paused = other, p
		}
	}
	return a, paused
}

// makeWay preempts a text with a slow reader if others wait for blocks. It is
// called when no text can continue. It returns false if it preempts nothing.
func (e *Engine) makeWay() bool {
	a, paused := e.youngest()
	if !e.short || !paused {
		return false
	}
	e.rest(a)
	return true
}

// preempt frees the blocks of the text that youngest returns. The text resumes when there is
// room. If only one text is running, preempt ends it with ErrNoBlocks.
func (e *Engine) preempt() {
	a, _ := e.youngest()
	if a == nil || len(e.running) == 1 {
		for _, a := range e.running {
			a.end("", model.ErrNoBlocks)
		}
		return
	}
	e.rest(a)
}

// rest preempts an answer: it frees the blocks of its text, which waits until there is room.
func (e *Engine) rest(a *answer) {
	a.rest = false
	e.publish(a, true)
	if a.seq.Exact() < a.seq.Len() {
		var b bytes.Buffer
		if err := a.seq.Save(&b, a.seq.Len()); err != nil {
			a.end("", err)
			return
		}
		a.saved = b.Bytes()
	}
	a.seq.Free()
	e.undraft(a)
	a.result.Preemptions++
	e.running = slices.DeleteFunc(e.running, func(other *answer) bool { return other == a })
	e.resting = append(e.resting, a)
	slices.SortFunc(e.resting, func(a, b *answer) int { return a.order - b.order })
	e.mu.Lock()
	e.stats.Preemptions++
	e.mu.Unlock()
}
