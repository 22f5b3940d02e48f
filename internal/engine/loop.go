package engine

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"time"

	"alpaca/internal/model"
	"alpaca/internal/pool"
)

// rows is the rows of a batch that are of one text.
type rows struct {
	answer *answer
	n      int
	logits bool // of the last
	prompt bool // they are of what was asked, not of what was said
}

// loop is the life of an engine: steps, and waiting where there is nothing to do.
func (e *Engine) loop() {
	defer close(e.done)
	for {
		e.mu.Lock()
		wakes, closing := e.wakes, e.closing
		e.mu.Unlock()
		if closing {
			e.end()
			return
		}
		if e.step() {
			continue
		}
		e.mu.Lock()
		for e.wakes == wakes {
			e.changed.Wait()
		}
		e.mu.Unlock()
	}
}

// end ends all texts.
func (e *Engine) end() {
	e.work.Lock()
	defer e.work.Unlock()
	e.admitAll()
	for _, a := range slices.Concat(e.running, e.resting) {
		a.end("", ErrClosed)
	}
	e.settle()
	if e.prefix != nil {
		e.prefix.clear()
	}
}

// admitAll makes all waiting requests known to the loop, so that they can be ended.
func (e *Engine) admitAll() {
	e.mu.Lock()
	waiting := e.waiting
	e.waiting = nil
	e.mu.Unlock()
	for _, g := range waiting {
		for _, a := range g.answers {
			e.begin(a)
		}
	}
}

// step evaluates one batch. It returns false where there is nothing to do.
func (e *Engine) step() bool {
	e.work.Lock()
	defer e.work.Unlock()
	e.cancel()
	e.settle()
	e.admit()
	for e.compose() {
		if e.reserve() {
			return e.evaluate()
		}
	}
	return e.settle()
}

// cancel ends the texts whose requests are cancelled.
func (e *Engine) cancel() {
	e.mu.Lock()
	var cancelled []*group
	e.waiting = slices.DeleteFunc(e.waiting, func(g *group) bool {
		if g.done() == nil {
			return false
		}
		cancelled = append(cancelled, g)
		return true
	})
	e.mu.Unlock()
	for _, g := range cancelled {
		for _, a := range g.answers {
			e.begin(a)
		}
	}
	for _, a := range slices.Concat(e.running, e.resting) {
		if a.group.done() != nil && !a.ended {
			a.end(Interrupt, nil)
		}
	}
}

// begin takes a text among those being answered.
func (e *Engine) begin(a *answer) {
	if a.seq == nil {
		if a.seq = e.runner.NewSeq(); a.group.req.Text != nil {
			a.seq = a.group.req.Text.seq
		}
	}
	e.admitted++
	a.order = e.admitted
	e.running = append(e.running, a)
}

// settle hands on what is ready, and removes the texts that have ended. It returns true
// if there were any.
func (e *Engine) settle() (ended bool) {
	for _, a := range slices.Concat(e.running, e.resting) {
		if a.err != nil && a.group.err == nil {
			a.group.err = a.err
			for _, other := range a.group.answers {
				other.end("", a.err)
			}
		}
	}
	gone := func(a *answer) bool {
		a.group.stream.put(a.ready)
		a.ready = nil
		if a.ended {
			e.finish(a)
			ended = true
		}
		return a.ended
	}
	e.running = slices.DeleteFunc(e.running, gone)
	e.resting = slices.DeleteFunc(e.resting, gone)
	return ended
}

// finish frees what a text that has ended holds.
func (e *Engine) finish(a *answer) {
	g := a.group
	if a.seq != nil {
		e.publish(a, true)
		if g.req.Text == nil {
			a.seq.Free()
		}
	}
	if !a.read {
		a.result.PromptTokens, a.result.CachedTokens = 0, 0
	}
	e.mu.Lock()
	if a.result.Reason == Interrupt {
		e.stats.Cancelled++
	}
	e.mu.Unlock()
	if !g.shared {
		g.shared = true
		for _, other := range g.answers { // those that have not begun
			if other.seq == nil {
				other.end(a.result.Reason, a.err)
				other.result.Reason = a.result.Reason
				g.left--
			}
		}
	}
	if g.left--; g.left > 0 {
		return
	}
	g.stop()
	var results []Result
	for _, a := range g.answers {
		results = append(results, a.result)
	}
	if g.req.Text != nil && g.started {
		g.req.Text.busy.Store(false)
	}
	g.stream.finish(results, g.err)
	e.mu.Lock()
	e.busy--
	e.wakeLocked()
	e.mu.Unlock()
}

// admit begins the texts for which there is room: first those that gave their memory to
// others, then the requests that wait longest.
func (e *Engine) admit() {
	for len(e.resting) > 0 {
		a := e.resting[0]
		if len(e.running) > 0 && !e.fits(a) {
			return
		}
		e.resting = e.resting[1:]
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
		var g *group
		if len(e.waiting) > 0 {
			g = e.waiting[0]
		}
		e.mu.Unlock()
		if g == nil || e.slots()+len(g.answers) > e.opt.Parallel {
			return
		}
		if text := g.req.Text; text != nil && text.busy.Load() {
			return
		}
		a := g.answers[0] // the others begin when it has read the prompt
		if len(e.running) > 0 && !e.fits(a) {
			return
		}
		e.mu.Lock()
		e.waiting = e.waiting[1:]
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

// slots returns how many answers are being given, or will be once their prompt is read.
func (e *Engine) slots() (n int) {
	seen := map[*group]bool{}
	for _, a := range slices.Concat(e.running, e.resting) {
		if !seen[a.group] {
			seen[a.group] = true
			n += a.group.left
		}
	}
	return n
}

// fits reports whether there is memory for a text and some tokens to come.
func (e *Engine) fits(a *answer) bool {
	const ahead = 128
	c, req := e.runner.Cache(), a.group.req
	more := ahead
	if req.MaxTokens >= 0 {
		more = min(more, max(0, req.MaxTokens-a.result.GeneratedTokens))
	}
	need := (min(len(a.tokens)+more, e.opt.Ctx)+model.BlockLen-1)/model.BlockLen + len(a.group.answers)
	free := c.Budget() - c.Used()
	if e.prefix != nil {
		free += e.prefix.unused()
	}
	return need <= free
}

// fill gives a text what is known of its tokens.
func (e *Engine) fill(a *answer) error {
	wanted := a.tokens[:len(a.tokens)-1] // the last one's logits are needed
	if a.saved != nil {
		saved := a.saved
		a.saved = nil
		err := a.seq.Load(bytes.NewReader(saved), e.opt.Ctx)
		a.node = nil
		return err
	}
	n := same(a.seq.Tokens(), wanted)
	a.seq.Truncate(n)
	if e.prefix == nil || a.group.req.NoCache || a.seq.Exact() < n {
		return nil
	}
	shared := e.runner.NewSeq()
	node, blocks, err := e.prefix.adopt(shared, a.group.req.Salt, wanted)
	if err != nil || shared.Len() <= n {
		shared.Free()
		a.node, a.blocks = e.prefix.root(a.group.req.Salt), 0
		return err
	}
	a.node, a.blocks = node, blocks
	a.seq.Replace(shared)
	return nil
}

// compose chooses the rows of the next batch: one of each text that is being answered,
// then some of prompts. It returns false where there are none.
func (e *Engine) compose() bool {
	e.batch.Reset()
	e.rows = e.rows[:0]
	var prompts []*answer
	for _, a := range e.running {
		switch {
		case a.ended || !a.group.stream.room():
		case !a.answering():
			prompts = append(prompts, a)
		case len(e.rows) < e.runner.MaxRows():
			e.rows = append(e.rows, rows{a, 1, true, false})
		}
	}
	used := len(e.rows)
	left := e.pace.chunk(used, e.runner.MaxRows()-used)
	// The eldest first, but one that is read at once may pass another twice.
	slices.SortStableFunc(prompts, func(a, b *answer) int {
		if p, q := a.passed < 2 && b.passed >= 2, b.passed < 2 && a.passed >= 2; p != q {
			if p {
				return 1
			}
			return -1
		}
		if p, q := a.pending() <= left, b.pending() <= left; p != q {
			if p {
				return -1
			}
			return 1
		}
		return a.order - b.order
	})
	first := 0
	for i, a := range prompts {
		n := min(a.pending(), left)
		if n == 0 {
			break
		}
		e.rows = append(e.rows, rows{a, n, n == a.pending(), !a.read})
		left -= n
		for _, elder := range prompts[i+1:] {
			if first == 0 && elder.order < a.order {
				elder.passed++
			}
		}
		first++
	}
	for _, r := range e.rows {
		at := r.answer.seq.Len()
		wanted := 0
		if r.logits {
			wanted = 1
		}
		e.batch.AddAll(r.answer.seq, r.answer.tokens[at:at+r.n], wanted)
	}
	return len(e.rows) > 0
}

// reserve sees to it that there are blocks for the batch. It returns false where it had
// to take them from a text, so that the batch must be composed again.
func (e *Engine) reserve() bool {
	c, need := e.runner.Cache(), 0
	for _, r := range e.rows {
		need += r.answer.seq.Needs(r.n)
	}
	for c.Budget()-c.Used() < need {
		if !e.forget() {
			e.preempt()
			return false
		}
	}
	return true
}

// forget frees a block that only later texts might use.
func (e *Engine) forget() bool { return e.prefix != nil && e.prefix.evict() }

// preempt takes the blocks of the youngest text, which goes on when there is room; where
// it is the only one, it ends.
func (e *Engine) preempt() {
	var a *answer
	for _, other := range e.running {
		if !other.ended && (a == nil || other.order > a.order) {
			a = other
		}
	}
	if a == nil || len(e.running) == 1 {
		for _, a := range e.running {
			a.end("", model.ErrNoBlocks)
		}
		return
	}
	e.rest(a)
}

// rest takes the blocks of a text, which waits until there is room.
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
	a.result.Preemptions++
	e.running = slices.DeleteFunc(e.running, func(other *answer) bool { return other == a })
	e.resting = append(e.resting, a)
	slices.SortFunc(e.resting, func(a, b *answer) int { return a.order - b.order })
	e.mu.Lock()
	e.stats.Preemptions++
	e.mu.Unlock()
}

// abandoned is the context of a batch: it is cancelled when all its texts are.
type abandoned struct {
	context.Context
	rows []rows
}

func (c abandoned) Err() error {
	for _, r := range c.rows {
		if r.answer.group.done() == nil {
			return nil
		}
	}
	return context.Canceled
}

// evaluate evaluates the batch and lets each text go on. It returns true.
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
		// Texts that shared a block both went on in it.
		if !e.forget() {
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
	}
	for _, a := range slices.Clone(e.running) {
		if a.rest && !a.ended {
			e.rest(a)
		}
	}
	e.settle()
	return true
}

// watch lets those who want to know how far a prompt is see it.
func (e *Engine) watch() {
	e.batch.Progress = nil
	layers := e.Model().Config.NumLayers
	for _, r := range e.rows {
		if p := r.answer.group.req.Progress; p != nil && !r.answer.read {
			done, total := r.answer.seq.Len()-r.answer.known, r.answer.group.prompt-r.answer.known
			before := e.batch.Progress
			e.batch.Progress = func(i int) {
				if before != nil {
					before(i)
				}
				p(done+r.n*i/layers, total)
			}
		}
	}
}

// sample gives each text whose logits were asked for its next token, all at once on as
// many threads as there are workers.
func (e *Engine) sample() (sampled int, err error) {
	var turns []*answer
	for _, r := range e.rows {
		a := r.answer
		if p := a.group.req.Progress; p != nil && !a.read {
			p(a.seq.Len()-a.known, a.group.prompt-a.known)
		}
		if r.logits {
			turns = append(turns, a)
		}
	}
	vocab := e.Model().Config.VocabSize
	for from := 0; from < len(turns); from += e.runner.LogitRows() {
		n := min(e.runner.LogitRows(), len(turns)-from)
		all, err := e.runner.Logits(from, n)
		if err != nil {
			return sampled, err
		}
		type turn struct {
			answer *answer
			logits []float32
		}
		var list []turn
		for i, a := range turns[from : from+n] {
			l := all[i*vocab : (i+1)*vocab]
			list = append(list, turn{a, l})
			if !a.read {
				a.read = true
				a.result.PromptTokens = a.group.prompt
				for _, other := range e.share(a) {
					list = append(list, turn{other, l})
				}
			}
		}
		list = slices.DeleteFunc(list, func(t turn) bool { return !t.answer.goesOn(e.opt.Ctx, e.forget) })
		sampled += len(list)
		each := func(i int) error { list[i].answer.next(list[i].logits); return nil }
		if len(list) == 1 {
			list[0].answer.next(list[0].logits)
			continue
		}
		err = pool.EachWith(e.runner.Threads(), len(list), func() func(int) error { return each })
		if err != nil {
			return sampled, err
		}
	}
	return sampled, nil
}

// share lets the other answers of a request begin where the first has read the prompt,
// in the same blocks. It returns them.
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

// account notes what a step has cost.
func (e *Engine) account(d time.Duration, sampled int) {
	prompts := 0
	for _, r := range e.rows {
		if r.prompt {
			r.answer.result.PromptTime += d
			prompts += r.n
		} else {
			r.answer.result.GenerateTime += d
		}
	}
	e.pace.learn(e.batch.Len(), d)
	c := e.runner.Cache()
	cached := 0
	if e.prefix != nil {
		cached = e.prefix.count
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	s := &e.stats
	s.Steps++
	s.Rows += int64(e.batch.Len())
	s.PromptTokens += int64(prompts)
	s.GeneratedTokens += int64(sampled)
	if prompts > 0 {
		s.PromptTime += d
	} else {
		s.GenerateTime += d
	}
	s.Running, s.LastStep = len(e.running), time.Now()
	s.Blocks, s.BlocksUsed, s.BlocksCached = c.Budget(), c.Used(), cached
}

// publish offers others the blocks of a text that are full, and the last one where the
// text ends.
func (e *Engine) publish(a *answer, last bool) {
	if e.prefix == nil || a.group.req.NoCache || a.node == nil || a.seq == nil {
		return
	}
	exact := a.seq.Exact()
	if a.blocks*model.BlockLen > exact {
		a.node = nil // it was moved in its context
		return
	}
	tokens := a.seq.Tokens()
	for a.blocks < exact/model.BlockLen {
		at := a.blocks * model.BlockLen
		n := e.prefix.put(a.node, tokens[at:at+model.BlockLen], a.seq.Block(a.blocks))
		if n == nil {
			a.node = nil
			return
		}
		if n.block != a.seq.Block(a.blocks) {
			a.seq.Share(a.blocks, n.block)
		}
		a.node = n
		a.blocks++
	}
	if at := a.blocks * model.BlockLen; last && exact > at {
		e.prefix.put(a.node, tokens[at:exact], a.seq.Block(a.blocks))
	}
}
