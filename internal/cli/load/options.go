package load

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"alpaca/internal/builtin"
	"alpaca/internal/cli/flags"
	"alpaca/internal/cli/models"
	"alpaca/internal/cli/ui"
	"alpaca/internal/engine"
	"alpaca/internal/gguf"
	"alpaca/internal/machine"
	"alpaca/internal/model"
	"alpaca/internal/quant"
	"alpaca/internal/sampler"
	"alpaca/internal/tokenizer"
)

// Options are the flags that say how models are opened and evaluated.
type Options struct {
	Ctx            int // context in tokens; 0: the command's default
	batch          int // number of prompt tokens to evaluate together
	Threads        int // number of threads; 0: the machine's default
	cacheK, cacheV quant.Type
	memoryF32      bool // --memory-f32, a flag of 2023: keys and values are cached in f32
	noMap          bool
	vocab          tokenizer.Options
	eps            float64 // epsilon of the norms; 0: the file's value
	ropeBase       float64 // base of RoPE's frequencies; 0: the file's value
	ropeScale      float64 // factor of positions in RoPE; 0: the file's value
	loras          []string
	unapplied      bool // adapters are off until a request switches them on
	MayPull        bool // a user on a terminal is asked whether to pull a missing model
}

// AddSizes adds -c, -b and -t. ctx and batch are the usages of -c and -b.
func (o *Options) AddSizes(fs *pflag.FlagSet, ctx, batch string) {
	flags.AddInt(fs, &o.Ctx, flags.Int{Name: "ctx-size", Short: "c", High: model.MaxCtx}, ctx)
	flags.AddInt(fs, &o.batch, flags.Int{Name: "batch-size", Short: "b", Value: model.DefaultBatch, Low: 1, High: 1 << 16}, batch)
	flags.AddThreads(fs, &o.Threads)
}

// AddCacheTypes adds the flags for the number formats of the KV cache.
func (o *Options) AddCacheTypes(fs *pflag.FlagSet) {
	flags.AddCacheTypes(fs, &o.cacheK, &o.cacheV)
}

// AddFile adds the flags about how a file is read. noMap is the usage of --no-mmap.
func (o *Options) AddFile(fs *pflag.FlagSet, noMap string) {
	fs.BoolVar(&o.noMap, "no-mmap", false, noMap)
	AddVocab(fs, &o.vocab)
	flags.AddEps(fs, &o.eps)
}

// addRope adds the flags about RoPE.
func (o *Options) addRope(fs *pflag.FlagSet) {
	flags.AddPositive(fs, &o.ropeBase, "rope-freq-base", "`base` of the frequencies of RoPE (default: the base of the model)")
	flags.AddPositive(fs, &o.ropeScale, "rope-freq-scale", "`factor` that positions are multiplied by, 1/N for a context N times as long (default: the factor of the model)")
}

// Open loads a model, without a session. It warns the user if something about the model is
// odd.
func (o *Options) Open(u *ui.UI, path string) (*Instance, error) {
	start := time.Now()
	used, err := o.locate(u, path)
	if err != nil {
		return nil, err
	}
	m, err := loadModel(u, used.Path, gguf.Options{NoMap: o.noMap, Eps: float32(o.eps)}, model.LoadOptions{Tokenizer: o.vocab, Adjust: o.adjust})
	if err == nil {
		m, err = o.addLoRAs(u, m)
	}
	if err != nil {
		used.Release()
		return nil, err
	}
	return &Instance{Path: used.Path, Label: used.Name, Model: m, Settings: used.Settings, LoadTime: time.Since(start), release: used.Release}, nil
}

// locate finds the file of the model that text names.
func (o *Options) locate(u *ui.UI, text string) (models.Used, error) {
	if text == builtin.Name {
		return models.Used{Path: text, Release: func() {}}, nil
	}
	return models.Use(u, text, o.MayPull)
}

// CtxFor returns the length of the context, in tokens: the value of -c or, without
// -c, that of the model's own settings. It returns 0 if neither gives one.
func (o *Options) CtxFor(e *Instance) int {
	if o.Ctx > 0 {
		return o.Ctx
	}
	n, ok := e.Settings.Params["num_ctx"].Int()
	if !ok || n <= 0 {
		return 0
	}
	return int(min(n, int64(e.Model.Config.TrainCtx)))
}

// SessionOptions returns the options of a session with a context of ctx tokens. 0 stands for the
// context of the model, but at most model.DefaultCtx.
func (o *Options) SessionOptions(ctx int) model.SessionOptions {
	k, v := o.cacheK, o.cacheV
	if o.memoryF32 {
		k, v = quant.F32, quant.F32
	}
	return model.SessionOptions{Ctx: ctx, Batch: o.batch, CacheK: &k, CacheV: &v}
}

// EngineOptions returns the options of an engine that evaluates one text of e at a time.
func (o *Options) EngineOptions(e *Instance) engine.Options {
	s := o.SessionOptions(o.CtxFor(e))
	return engine.Options{Ctx: s.Ctx, Batch: s.Batch, CacheK: s.CacheK, CacheV: s.CacheV, Parallel: 1, NoCache: true}
}

// adjust sets the RoPE parameters that the flags give.
func (o *Options) adjust(c *model.Config) {
	if o.ropeBase != 0 {
		c.Rope.Base = o.ropeBase
	}
	if o.ropeScale != 0 {
		c.Rope.Factor = 1 / o.ropeScale
	}
}

// Generation holds the flags of a command that generates text with one model.
type Generation struct {
	Options
	Model    string
	Sampling flags.Sampling
	Verbose  bool
	Grammar  Grammar
	Drafts   Drafts
	compat   flags.Compat
}

// AddFlags adds all flags of Generation except -m, with the names that llama.cpp has.
func (o *Generation) AddFlags(fs *pflag.FlagSet) {
	o.AddSizes(fs, "context in `tokens`; 0 means the context of the model, but at most 4096", "number of prompt `tokens` to evaluate together")
	o.AddCacheTypes(fs)
	o.Sampling.AddFlags(fs)
	o.Grammar.AddFlags(fs)
	o.Drafts.AddFlags(fs)
	o.AddFile(fs, "read the model into memory instead of mapping it")
	o.addRope(fs)
	o.AddLoRA(fs)
	o.compat.AddFlags(fs)
	fs.BoolVar(&o.memoryF32, "memory-f32", false, "keep the KV cache in f32")
	fs.Lookup("memory-f32").Hidden = true
	fs.BoolVarP(&o.Verbose, "verbose", "v", false, "show on stderr the settings of the sampler, and which of them come from the model")
}

// Start loads the model and makes its engine and its sampler. It warns the user if something about
// the model is odd. The garbage collector does not run until ResumeGC is called.
func (o *Generation) Start(u *ui.UI) (*Instance, error) {
	start := time.Now()
	resume := machine.DelayGC()
	e, err := o.start(u)
	if err != nil {
		resume()
		return nil, err
	}
	e.ResumeGC, e.LoadTime = resume, time.Since(start)
	return e, nil
}

// start does what Start does, but does not pause the garbage collector.
func (o *Generation) start(u *ui.UI) (*Instance, error) {
	if err := o.Sampling.Check(); err != nil {
		return nil, err
	}
	if err := o.Grammar.Check(); err != nil {
		return nil, err
	}
	if err := o.Drafts.check(); err != nil {
		return nil, err
	}
	o.compat.Report(u)
	e, err := o.Open(u, ModelPath(u, o.Model))
	if err != nil {
		return nil, err
	}
	if e.Grammar, err = o.Grammar.Compile(u, e.Model.Tokenizer); err != nil {
		e.Close()
		return nil, err
	}
	sampling, own := o.SamplingFor(u, e)
	e.Params = sampling.Params
	if o.Verbose {
		showSampling(u, e.Params, own)
	}
	opt := o.EngineOptions(e)
	opt.Threads = Threads(u, o.Threads)
	if opt.Drafts, err = o.OpenDrafts(u, e); err == nil {
		err = e.StartEngine(opt)
	}
	if err == nil {
		if w := e.Engine.Warning(); w != "" {
			u.Warnf("%s", w)
		}
		_, err = e.NewSampler(e.Params)
	}
	if err != nil {
		e.Close()
		return nil, err
	}
	return e, nil
}

// SamplingFor returns the sampler's settings for e. For flags that are not given, it takes the
// settings that come with the model. It also returns these settings of the model, and warns the
// user about those that cannot be used.
func (o *Generation) SamplingFor(u *ui.UI, e *Instance) (flags.Sampling, []sampler.FileSetting) {
	s := o.Sampling
	own := s.FromFile(u, e.Model.File)
	return s, append(own, s.FromModelfile(u, func(name string) (sampler.FileValue, bool) {
		v, ok := e.Settings.Params[name]
		return v, ok
	})...)
}

// showSampling tells the user the sampler's settings. own are the model's own settings.
func showSampling(u *ui.UI, p sampler.Params, own []sampler.FileSetting) {
	for _, s := range own {
		switch {
		case s.Given:
			u.Notef("the model's %s is not used: a flag says otherwise", s)
		case s.Err == nil:
			u.Notef("the model's %s is used", s)
		}
	}
	if p.Mirostat > 0 {
		u.Notef("sampler   mirostat %d, temp %v, mirostat-ent %v, mirostat-lr %v", p.Mirostat, p.Temp, p.MirostatTau, p.MirostatEta)
		return
	}
	u.Notef("sampler   temp %v, top-k %d, top-p %v, min-p %v, repeat-penalty %v, repeat-last-n %d, xtc-probability %v, xtc-threshold %v%s",
		p.Temp, p.TopK, p.TopP, p.MinP, p.RepeatPenalty, p.RepeatLastN, p.XTCProbability, p.XTCThreshold, changedSampling(&p))
	u.Notef("chain     %s", sampler.JoinSamplers(p.Samplers))
}

// changedSampling returns the settings that showSampling does not always show and that differ from
// their defaults. They have the names that they have in requests, with "-" instead of "_".
func changedSampling(p *sampler.Params) string {
	always := []string{"temperature", "top_k", "top_p", "min_p", "repeat_penalty", "repeat_last_n", "xtc_probability", "xtc_threshold"}
	var b strings.Builder
	def := sampler.DefaultParams()
	usual := def.Numbers()
	for i, x := range p.Numbers() {
		if x.Value() != usual[i].Value() && !slices.Contains(always, x.Name) {
			fmt.Fprintf(&b, ", %s %v", strings.ReplaceAll(x.Name, "_", "-"), x.Value())
		}
	}
	return b.String()
}

// Threads returns the number of threads that -t asks for, or the machine's default.
func Threads(u *ui.UI, flag int) int {
	if flag == 0 {
		return DefaultThreads()
	}
	if n := machine.CountThreads().Logical; flag > n {
		u.Warnf("%d threads on %d CPUs: expect this to be slower; use -t %d", flag, n, DefaultThreads())
	}
	return flag
}

// DefaultThreads returns machine.Threads.Default, the number of threads that is used without -t.
func DefaultThreads() int { return machine.CountThreads().Default() }

// AddVocab adds the flags that change how a vocabulary is read.
func AddVocab(fs *pflag.FlagSet, opt *tokenizer.Options) {
	fs.BoolVar(&opt.AllowUnknownPre, "allow-unknown-pretokenizer", false, "use the default pre-tokenizer in place of an unknown one")
	fs.BoolVar(&opt.ReferencePre, "reference-pretokenizer", false, "split words as llama.cpp does, even if the model's training split them differently")
}
