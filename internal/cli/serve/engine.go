package serve

import (
	"math"

	"alpaca/internal/cli/load"
	"alpaca/internal/cli/ui"
	"alpaca/internal/engine"
	"alpaca/internal/machine"
	"alpaca/internal/model"
)

// engine makes the engine that evaluates m.
func (o *options) engine(u *ui.UI, m *load.Instance, drafts engine.Drafts) (*engine.Engine, error) {
	cache := o.model.SessionOptions(o.model.CtxFor(m))
	blocks, err := o.blocks(u, m, drafts)
	if err != nil {
		return nil, err
	}
	e, err := engine.New(m.Model, engine.Options{
		Ctx: cache.Ctx, Parallel: o.parallel, Queue: o.queue, Batch: cache.Batch, Target: o.target, Blocks: blocks,
		Threads: load.Threads(u, o.model.Threads), CacheK: cache.CacheK, CacheV: cache.CacheV, Drafts: drafts,
	})
	if err != nil {
		return nil, err
	}
	if w := e.Warning(); w != "" {
		u.Warnf("%s", w)
	}
	return e, nil
}

// blocks returns the size of the cache in blocks. Without a limit, long contexts could take more
// memory than the machine has, and the system would end the server with all its answers. With a
// limit, texts wait for each other if they need more memory.
func (o *options) blocks(u *ui.UI, m *load.Instance, drafts engine.Drafts) (int, error) {
	size, err := o.model.CacheSize(m, drafts)
	if err != nil {
		return 0, err
	}
	const gib = 1 << 30
	blocks := 0
	if o.cacheMemory > 0 {
		blocks = int(min(o.cacheMemory*gib/float64(size.Block), math.MaxInt32))
		if blocks < size.Text {
			return 0, ui.Usagef("--kv-memory %g: a text of %d tokens takes %.3g GiB: raise --kv-memory, or choose a smaller -c", o.cacheMemory, size.Ctx, float64(size.Bytes())/gib)
		}
	} else {
		free := freeFor(m.Model)
		if blocks = size.Blocks(o.parallel, free/4); size.Bytes() > free {
			u.Warnf("a text of %d tokens takes %.3g GiB, and %.3g are free: a smaller -c is safer", size.Ctx, float64(size.Bytes())/gib, float64(free)/gib)
		}
	}
	if blocks < size.Text*o.parallel {
		u.Notef("the cache holds %d tokens, fewer than %d texts of %d tokens need: long texts may have to wait for each other; --kv-memory changes this", blocks*model.BlockLen, o.parallel, size.Ctx)
	}
	return blocks, nil
}

// freeFor returns the free memory minus the size of the weights. The weights are subtracted because
// the pages of a mapped file count as free, although every step needs them. If the free memory is
// unknown, freeFor returns the largest number.
func freeFor(m *model.Model) int64 {
	free := machine.FreeMemory()
	switch {
	case free <= 0:
		return math.MaxInt64
	case m.File.Mapped():
		return max(0, free-m.File.Size())
	}
	return free
}
