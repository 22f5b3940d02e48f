package load

import (
	"alpaca/internal/engine"
	"alpaca/internal/model"
)

// CacheSize says how much memory the cache of an engine takes.
type CacheSize struct {
	Block int64 // bytes of model.BlockLen tokens in the model's cache, plus those in the cache of the small model that drafts
	Text  int   // blocks of a text that fills its context, plus one for the copy of a shared block
	Ctx   int   // tokens of a text that fills its context
}

// CacheSize returns the sizes for an engine that evaluates m with the given drafts.
func (o *Options) CacheSize(m *Instance, drafts engine.Drafts) (s CacheSize, err error) {
	cache := o.SessionOptions(o.CtxFor(m))
	if s.Ctx, _, err = m.Model.Context(cache.Ctx); err != nil {
		return s, err
	}
	s.Text = (s.Ctx+model.BlockLen-1)/model.BlockLen + 1
	for _, m := range []*model.Model{m.Model, drafts.Model} {
		if m == nil {
			continue
		}
		n, err := m.BlockBytes(model.RunnerOptions{Ctx: s.Ctx, CacheK: cache.CacheK, CacheV: cache.CacheV})
		if err != nil {
			return s, err
		}
		s.Block += int64(n)
	}
	s.Block = max(s.Block, 1)
	return s, nil
}

// Blocks returns the size of a cache in blocks. It has room for n texts
// at once, and for as many blocks again, which keep prefixes for later
// texts. It takes at most memory bytes, unless a single text needs more.
func (s CacheSize) Blocks(n int, memory int64) int {
	return int(max(int64(s.Text), min(2*int64(s.Text)*int64(n), memory/s.Block)))
}

// Bytes returns the memory of a text that fills its context.
func (s CacheSize) Bytes() int64 { return int64(s.Text) * s.Block }
