package load

import (
	"fmt"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"alpaca/internal/cli/flags"
	"alpaca/internal/cli/ui"
	"alpaca/internal/engine"
	"alpaca/internal/jobs"
	"alpaca/internal/machine"
)

// Executor holds the flags of a command that answers requests from a file or from a queue.
type Executor struct {
	Generation
	Template TemplateChoice
	Parallel int // requests answered at the same time

	created string
	Alias   string // the model's name in answers; "": the name of its file
	strict  bool
	predict int
	flags   *pflag.FlagSet
}

// AddFlags adds the flags, with -m.
func (o *Executor) AddFlags(fs *pflag.FlagSet) {
	o.flags = fs
	AddModel(fs, &o.Model)
	flags.AddInt(fs, &o.Parallel, flags.Int{Name: "parallel", Value: 16, Low: 1, High: 256}, "number of `requests` answered at once; this changes only the time")
	flags.AllowSingleDash(fs, "parallel", "np")
	flags.AddInt(fs, &o.predict, flags.Int{Name: "predict", Short: "n", Value: -1, Low: -1, High: math.MaxInt32}, "largest number of `tokens` in an answer, whatever a request asks for; -1 is no limit")
	fs.StringVarP(&o.Alias, "alias", "a", "", "`name` of the model in answers (default: the name of its file)")
	fs.StringVar(&o.created, "created", "", "creation `time` that every answer states, in seconds since 1970 or as a date such as 2026-12-31; a template that shows the date shows this one (default: $SOURCE_DATE_EPOCH, or 0)")
	fs.BoolVar(&o.strict, "strict-template", false, "refuse conversations with a model that has no chat template")
	o.Template.AddFlags(fs)
	o.Generation.AddFlags(fs)
}

// Check returns a usage error if flags are wrong or conflict. It tells the user which flags are
// ignored.
func (o *Executor) Check(u *ui.UI) error {
	if o.Grammar.Given() {
		return ui.WithHint(ui.Usagef("the flags for grammars cannot be used here"), `a request can name its own grammar, with "response_format" or "grammar" in its body`)
	}
	if _, err := o.createdAt(); err != nil {
		return err
	}
	return o.Generation.Check(u)
}

// createdAt returns the creation time that all answers state, in seconds since 1970.
func (o *Executor) createdAt() (int64, error) {
	const env = "SOURCE_DATE_EPOCH"
	text, name := o.created, "--created"
	if text == "" {
		text, name = os.Getenv(env), "$"+env
	}
	if text == "" {
		return 0, nil
	}
	if day, err := time.Parse(time.DateOnly, text); err == nil && name != "$"+env {
		return day.Unix(), nil
	}
	const limit = 253402300799 // the end of the year 9999
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 0 || n > limit {
		return 0, ui.Usagef("%s %q: must be seconds since 1970, between 0 and %d, or a date such as 2026-12-31", name, text, int64(limit))
	}
	return n, nil
}

// Answering is a model that answers requests.
type Answering struct {
	*jobs.Executor
	Model  *Instance
	Engine *engine.Engine
	Digest string // digest of the model and its adapters, see Identity.Digest
	// Settings are what answers depend on besides the model, by name: values of flags and,
	// for example, the digest of the chat template.
	Settings map[string]string
}

// Close frees the engine and the model.
func (a *Answering) Close() {
	a.Engine.Close()
	a.Model.Close()
}

// Open loads the model and makes its engine and executor. It warns the user if something
// about the model is odd.
func (o *Executor) Open(u *ui.UI) (a *Answering, err error) {
	m, err := o.Options.Open(u, ModelPath(u, o.Model))
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			m.Close()
		}
	}()
	created, err := o.createdAt()
	if err != nil {
		return nil, err
	}
	opt, err := o.ServerOptions(u, m, o.Template, o.strict)
	if err != nil {
		return nil, err
	}
	opt.MaxTokens, opt.Log, opt.Quiet = max(0, o.predict), u.Notef, !o.Verbose
	if o.Alias != "" {
		opt.Aliases = []string{o.Alias}
	}
	a = &Answering{Model: m}
	id, err := o.Identity(m)
	if err != nil {
		return nil, err
	}
	a.Digest = id.Digest()
	if a.Engine, err = o.engine(u, m); err != nil {
		return nil, err
	}
	a.Settings = o.settings()
	a.Settings["ctx-size"] = strconv.Itoa(a.Engine.Ctx())
	a.Settings["created"] = strconv.FormatInt(created, 10)
	a.Settings["alias"] = opt.Aliases[0]
	if text := m.Settings.Text(); text != "" || m.Settings.System != "" {
		a.Settings["modelfile"] = fmt.Sprintf("%s %q", text, m.Settings.System)
	}
	if opt.Template != nil {
		source := opt.Template.Source()
		a.Settings["chat-template"] = TextSum(source)
		if strings.Contains(source, "strftime_now") {
			u.Notef("the chat template tells the model that the date is %s; --created sets another date", time.Unix(created, 0).UTC().Format(time.DateOnly))
		}
	}
	a.Executor = jobs.New(a.Engine, jobs.Options{Digest: a.Digest, Created: created, Server: opt})
	return a, nil
}

// engine makes the engine that evaluates m.
func (o *Executor) engine(u *ui.UI, m *Instance) (*engine.Engine, error) {
	cache := o.SessionOptions(o.CtxFor(m))
	opt := engine.Options{
		Ctx: cache.Ctx, Parallel: o.Parallel, Answers: jobs.MaxAnswers, Queue: 1 << 20, Batch: cache.Batch,
		Target:  time.Hour, // a step may take long, because nobody waits for the next token
		Threads: Threads(u, o.Threads), CacheK: cache.CacheK, CacheV: cache.CacheV,
	}
	var err error
	if opt.Drafts, err = o.OpenDrafts(u, m); err != nil {
		return nil, err
	}
	size, err := o.CacheSize(m, opt.Drafts)
	if err != nil {
		return nil, err
	}
	memory := int64(math.MaxInt64)
	if free := machine.FreeMemory(); free > 0 {
		memory = free / 2
	}
	opt.Blocks = size.Blocks(o.Parallel, memory) // at most half of the free memory
	e, err := engine.New(m.Model, opt)
	if err != nil {
		return nil, err
	}
	if w := e.Warning(); w != "" {
		u.Warnf("%s", w)
	}
	return e, nil
}

// harmless are the flags of AddFlags that the method settings leaves out. Answers do not depend on
// most of them. For the others, such as --created, Open itself adds the value in use to Settings.
var harmless = []string{
	"model", "threads", "batch-size", "parallel", "no-mmap", "lora", "verbose",
	"chat-template", "chat-template-file", "created", "alias", "ctx-size",
}

// settings returns the values of those flags of AddFlags on
// which answers depend, whether the flags are given or not.
func (o *Executor) settings() map[string]string {
	own, without := pflag.NewFlagSet("", pflag.ContinueOnError), pflag.NewFlagSet("", pflag.ContinueOnError)
	(&Executor{}).AddFlags(own)
	new(Grammar).AddFlags(without)
	new(flags.Compat).AddFlags(without)
	list := map[string]string{}
	own.VisitAll(func(f *pflag.Flag) {
		if without.Lookup(f.Name) == nil && !slices.Contains(harmless, f.Name) && !slices.Contains(harmlessDrafts, f.Name) {
			list[f.Name] = o.flags.Lookup(f.Name).Value.String()
		}
	})
	return list
}
