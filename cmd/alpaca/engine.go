package main

import (
	"time"

	"github.com/spf13/pflag"

	"alpaca/internal/gguf"
	"alpaca/internal/machine"
	"alpaca/internal/model"
	"alpaca/internal/quant"
	"alpaca/internal/sampler"
	"alpaca/internal/tokenizer"
)

// engineOptions are the flags that say what evaluates a text, and how.
type engineOptions struct {
	model          string
	ctx            int // 0: the model's, at most model.DefaultCtx
	batch          int
	threads        int // 0: the machine's default
	cacheK, cacheV string
	noMap          bool
	vocab          tokenizer.Options
	eps            float64 // 0: as the file says
	ropeBase       float64 // 0: as the file says
	ropeScale      float64 // 0: as the file says
	sampling       samplingOptions
	memoryF32      bool // as in 2023: both caches in f32
	compat         compat
}

// addFlags adds them all, with llama.cpp's names.
func (o *engineOptions) addFlags(flags *pflag.FlagSet) {
	addBounded(flags, &o.ctx, "ctx-size", "c", 0, 0, model.MaxCtx, "context in `tokens`; 0 is the model's, at most 4096")
	addBounded(flags, &o.batch, "batch-size", "b", model.DefaultBatch, 1, 1<<16, "`tokens` of a prompt evaluated together")
	addThreads(flags, &o.threads)
	addCacheTypes(flags, &o.cacheK, &o.cacheV)
	o.sampling.addFlags(flags)
	flags.BoolVar(&o.noMap, "no-mmap", false, "read the model into memory instead of mapping it")
	addVocabOptions(flags, &o.vocab)
	addEps(flags, &o.eps)
	addPositive(flags, &o.ropeBase, "rope-freq-base", "`base` of the positions' frequencies (default: the model's)")
	addPositive(flags, &o.ropeScale, "rope-freq-scale", "`factor` on the positions, 1/N for a context N times as long (default: the model's)")
	o.compat.addFlags(flags)
	flags.BoolVar(&o.memoryF32, "memory-f32", false, "keep the KV cache in f32")
	flags.Lookup("memory-f32").Hidden = true
}

// addCacheTypes adds the flags for the number formats of the KV cache.
func addCacheTypes(flags *pflag.FlagSet, k, v *string) {
	words := []string{"f16", "f32", "q8_0"}
	*k, *v = words[0], words[0]
	flags.Var(&choice{k, words}, "cache-type-k", "`type` of the cached keys: f16, f32, q8_0")
	flags.Var(&choice{v, words}, "cache-type-v", "`type` of the cached values: f16, f32, q8_0")
	allowSingleDash(flags, "cache-type-k", "ctk")
	allowSingleDash(flags, "cache-type-v", "ctv")
}

// engine is a model with a session and a sampler, ready for a text.
type engine struct {
	model    *model.Model
	session  *model.Session
	sampler  *sampler.Sampler
	params   sampler.Params // of sampler
	random   bool           // the sampler draws, so that its seed matters
	loadTime time.Duration
}

// open loads the model and prepares it. What is odd about it is told to the
// user.
func (o *engineOptions) open(u *ui) (*engine, error) {
	start := time.Now()
	if err := o.sampling.check(); err != nil {
		return nil, err
	}
	o.compat.report(u)
	path, err := modelPath(o.model)
	if err != nil {
		return nil, err
	}
	m, err := loadModel(u, path, gguf.Options{NoMap: o.noMap, Eps: float32(o.eps)}, model.LoadOptions{Tokenizer: o.vocab, Adjust: o.adjust})
	if err != nil {
		return nil, err
	}
	e := &engine{model: m}
	if err := o.prepare(u, e); err != nil {
		e.close()
		return nil, err
	}
	e.loadTime = time.Since(start)
	return e, nil
}

// prepare makes the session and the sampler of a loaded model.
func (o *engineOptions) prepare(u *ui, e *engine) (err error) {
	if e.session, err = e.model.NewSession(o.sessionOptions(u)); err != nil {
		return err
	}
	if w := e.session.Warning(); w != "" {
		u.warnf("%s", w)
	}
	e.params = o.sampling.params
	e.params.Ctx = e.session.Ctx()
	e.random = e.params.Temp > 0
	e.sampler, err = newSampler(e.params, e)
	return err
}

// newSampler returns a sampler for the model of e.
func newSampler(p sampler.Params, e *engine) (*sampler.Sampler, error) {
	tok := e.model.Tokenizer
	return sampler.New(p, sampler.Vocab{
		N:     tok.Len(),
		EOG:   tok.EOG(),
		Piece: func(id int32) string { return tok.Piece(id, false) },
	})
}

// sessionOptions returns what the flags say.
func (o *engineOptions) sessionOptions(u *ui) model.SessionOptions {
	if o.memoryF32 {
		o.cacheK, o.cacheV = "f32", "f32"
	}
	k, _ := quant.ParseType(o.cacheK) // one of addCacheTypes' words
	v, _ := quant.ParseType(o.cacheV)
	return model.SessionOptions{Ctx: o.ctx, Batch: o.batch, Threads: threadCount(u, o.threads), CacheK: &k, CacheV: &v}
}

// threadCount returns the number of threads that -t asks for, or the machine's
// default.
func threadCount(u *ui, flag int) int {
	if flag == 0 {
		return machine.CountThreads().Default()
	}
	if n := machine.CountThreads().Logical; flag > n {
		u.warnf("%d threads on %d CPUs wait for one another", flag, n)
	}
	return flag
}

// adjust puts what the flags say in place of what the file says.
func (o *engineOptions) adjust(c *model.Config) {
	if o.ropeBase != 0 {
		c.Rope.Base = o.ropeBase
	}
	if o.ropeScale != 0 {
		c.Rope.Factor = 1 / o.ropeScale
	}
}

// close frees everything.
func (e *engine) close() {
	if e.session != nil {
		e.session.Close()
	}
	e.model.Close()
}
