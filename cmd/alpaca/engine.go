package main

import (
	"path/filepath"
	"time"

	"github.com/spf13/pflag"

	"alpaca/internal/gguf"
	"alpaca/internal/machine"
	"alpaca/internal/model"
	"alpaca/internal/quant"
	"alpaca/internal/sampler"
	"alpaca/internal/tokenizer"
)

// loadOptions are the flags that say how models are opened and evaluated.
type loadOptions struct {
	ctx            int // tokens; 0: what the command takes where none is asked for
	batch          int // tokens
	threads        int // 0: the machine's default
	cacheK, cacheV quant.Type
	memoryF32      bool // as in 2023: both caches in f32
	noMap          bool
	vocab          tokenizer.Options
	eps            float64 // 0: as the file says
	ropeBase       float64 // 0: as the file says
	ropeScale      float64 // 0: as the file says
}

// addSizes adds -c, -b and -t; ctx and batch are the usage of the first two.
func (o *loadOptions) addSizes(flags *pflag.FlagSet, ctx, batch string) {
	addBounded(flags, &o.ctx, "ctx-size", "c", 0, 0, model.MaxCtx, ctx)
	addBounded(flags, &o.batch, "batch-size", "b", model.DefaultBatch, 1, 1<<16, batch)
	addThreads(flags, &o.threads)
}

// addCacheTypes adds the flags for the number formats of the KV cache.
func (o *loadOptions) addCacheTypes(flags *pflag.FlagSet) {
	addCacheTypes(flags, &o.cacheK, &o.cacheV)
}

// addFile adds the flags about how a file is read; noMap is the usage of --no-mmap.
func (o *loadOptions) addFile(flags *pflag.FlagSet, noMap string) {
	flags.BoolVar(&o.noMap, "no-mmap", false, noMap)
	addVocabOptions(flags, &o.vocab)
	addEps(flags, &o.eps)
}

// addRope adds the flags about positions.
func (o *loadOptions) addRope(flags *pflag.FlagSet) {
	addPositive(flags, &o.ropeBase, "rope-freq-base", "`base` of the positions' frequencies (default: the model's)")
	addPositive(flags, &o.ropeScale, "rope-freq-scale", "`factor` on the positions, 1/N for a context N times as long (default: the model's)")
}

// open loads a model, without a session. What is odd about it is told to the user.
func (o *loadOptions) open(u *ui, path string) (*instance, error) {
	start := time.Now()
	m, err := loadModel(u, path, gguf.Options{NoMap: o.noMap, Eps: float32(o.eps)}, model.LoadOptions{Tokenizer: o.vocab, Adjust: o.adjust})
	if err != nil {
		return nil, err
	}
	return &instance{path: path, model: m, loadTime: time.Since(start)}, nil
}

// session returns the options of a session with a context of ctx tokens; 0 is
// the model's.
func (o *loadOptions) session(ctx int) model.SessionOptions {
	k, v := o.cacheK, o.cacheV
	if o.memoryF32 {
		k, v = quant.F32, quant.F32
	}
	return model.SessionOptions{Ctx: ctx, Batch: o.batch, CacheK: &k, CacheV: &v}
}

// adjust puts what the flags say in place of what the file says.
func (o *loadOptions) adjust(c *model.Config) {
	if o.ropeBase != 0 {
		c.Rope.Base = o.ropeBase
	}
	if o.ropeScale != 0 {
		c.Rope.Factor = 1 / o.ropeScale
	}
}

// generationOptions are the flags of a command that generates text with one model.
type generationOptions struct {
	loadOptions
	model    string
	sampling samplingOptions
	compat   compat
}

// addFlags adds them all but -m, with llama.cpp's names.
func (o *generationOptions) addFlags(flags *pflag.FlagSet) {
	o.addSizes(flags, "context in `tokens`; 0 is the model's, at most 4096", "`tokens` of a prompt evaluated together")
	o.addCacheTypes(flags)
	o.sampling.addFlags(flags)
	o.addFile(flags, "read the model into memory instead of mapping it")
	o.addRope(flags)
	o.compat.addFlags(flags)
	flags.BoolVar(&o.memoryF32, "memory-f32", false, "keep the KV cache in f32")
	flags.Lookup("memory-f32").Hidden = true
}

// start loads the model and makes its session and its sampler. What is odd about them
// is told to the user.
func (o *generationOptions) start(u *ui) (*instance, error) {
	start := time.Now()
	if err := o.sampling.check(); err != nil {
		return nil, err
	}
	o.compat.report(u)
	path, err := modelPath(o.model)
	if err != nil {
		return nil, err
	}
	e, err := o.open(u, path)
	if err != nil {
		return nil, err
	}
	opt := o.session(o.ctx)
	opt.Threads = threadCount(u, o.threads)
	if err = e.start(opt); err == nil {
		if w := e.session.Warning(); w != "" {
			u.warnf("%s", w)
		}
		_, err = e.newSampler(o.sampling.params)
	}
	if err != nil {
		e.close()
		return nil, err
	}
	e.loadTime = time.Since(start)
	return e, nil
}

// instance is a model at work.
type instance struct {
	path     string
	label    string // the name in tables; "": the file's
	model    *model.Model
	session  *model.Session   // nil before start and after stop
	sampler  *sampler.Sampler // nil before newSampler
	random   bool             // the sampler draws, so that its seed matters
	loadTime time.Duration
}

// name returns the model's name in tables.
func (e *instance) name() string {
	if e.label != "" {
		return e.label
	}
	return filepath.Base(e.path)
}

// start gives the model a session, in place of any it has.
func (e *instance) start(opt model.SessionOptions) (err error) {
	e.stop()
	e.session, err = e.model.NewSession(opt)
	return err
}

// stop ends the session, if there is one.
func (e *instance) stop() {
	if e.session != nil {
		e.session.Close()
		e.session = nil
	}
}

// newSampler gives the model a sampler for its session, in place of any it has, and
// returns it. It sets p.Ctx.
func (e *instance) newSampler(p sampler.Params) (*sampler.Sampler, error) {
	p.Ctx = e.session.Ctx()
	tok := e.model.Tokenizer
	s, err := sampler.New(p, sampler.Vocab{
		N:     tok.Len(),
		EOG:   tok.EOG(),
		Piece: func(id int32) string { return tok.Piece(id, false) },
	})
	if err == nil {
		e.sampler, e.random = s, p.Temp > 0
	}
	return s, err
}

// close frees everything.
func (e *instance) close() {
	e.stop()
	e.model.Close()
}

// threadCount returns the number of threads that -t asks for, or the machine's
// default.
func threadCount(u *ui, flag int) int {
	if flag == 0 {
		return defaultThreads()
	}
	if n := machine.CountThreads().Logical; flag > n {
		u.warnf("%d threads on %d CPUs wait for one another", flag, n)
	}
	return flag
}

// defaultThreads returns the number of threads where -t is not given: the physical
// cores that may be used.
func defaultThreads() int { return machine.CountThreads().Default() }
