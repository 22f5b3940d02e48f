package engine

import (
	"time"
)

// account adds the cost of a step to the statistics and to the keys' accounts.
func (e *Engine) account(d time.Duration, sampled int) {
	prompts, drafted, accepted := 0, 0, 0
	e.pace.learn(e.batch.Len(), d)
	d += e.drafted
	each := true // each text has one row besides the rows of its draft
	for _, r := range e.rows {
		each = each && r.n == 1+len(r.draft)
		drafted += len(r.draft)
		accepted += r.accepted()
		if r.prompt {
			r.answer.result.PromptTime += d
			prompts += r.n
		} else {
			r.answer.result.GenerateTime += d + e.wrote
		}
	}
	if each {
		e.speculate.Learn(e.batch.Len(), drafted, accepted, d)
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
		s.GenerateTime += d + e.wrote
	}
	s.Running = len(e.running) + len(e.resting)
	for _, r := range e.rows {
		if a := e.accounts[r.answer.group.req.Key]; a != nil {
			a.tokens += int64(r.n)
		}
	}
	e.countBlocks()
}

// countBlocks updates the counts of blocks in stats. The loop calls it, with mu locked.
func (e *Engine) countBlocks() {
	c := e.runner.Cache()
	e.stats.Blocks, e.stats.BlocksUsed, e.stats.BlocksCached = c.Budget(), c.Used(), 0
	if e.prefix != nil {
		e.stats.BlocksCached = e.prefix.count
	}
}
