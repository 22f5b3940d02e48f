package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"alpaca/internal/eval"
	"alpaca/internal/gguf"
	"alpaca/internal/model"
	"alpaca/internal/pool"
	"alpaca/internal/quant"
	"alpaca/internal/tokenizer"
)

// defaultWindow is the context of an evaluation where none is asked for.
const defaultWindow = 512

// measureOptions are the flags of the commands that evaluate a text with one
// model or several.
type measureOptions struct {
	prompt         promptOptions
	ctx            int // 0: defaultWindow, or the model's if that is less
	batch          int
	threads        int
	chunks         int
	stride         int
	all            bool
	long           bool
	cacheK, cacheV string
	noMap          bool
	eps            float64 // 0: as the files say
	vocab          tokenizer.Options

	sample bool // where no text is given, take eval.SampleText
}

// addFlags adds them all, with llama-perplexity's names where it has them.
func (o *measureOptions) addFlags(flags *pflag.FlagSet) {
	o.prompt.addFlags(flags)
	addBounded(flags, &o.ctx, "ctx-size", "c", 0, 0, model.MaxCtx, "`tokens` in a window; 0 is 512, or the model's context if that is less")
	addBounded(flags, &o.batch, "batch-size", "b", model.DefaultBatch, 1, 1<<16, "`tokens` evaluated together")
	addThreads(flags, &o.threads)
	addBounded(flags, &o.chunks, "chunks", "", -1, -1, 1<<30, "`windows` to evaluate; -1 for all of the text")
	addBounded(flags, &o.stride, "stride", "", 0, 0, model.MaxCtx, "`tokens` from one window's start to the next's, where they overlap; 0: they do not")
	flags.BoolVar(&o.all, "all", false, "score every token of a window, not only the second half")
	flags.BoolVar(&o.long, "allow-long-context", false, "accept a window longer than the model was trained for")
	addCacheTypes(flags, &o.cacheK, &o.cacheV)
	flags.BoolVar(&o.noMap, "no-mmap", false, "read the models into memory instead of mapping them")
	addVocabOptions(flags, &o.vocab)
	addEps(flags, &o.eps)
}

// check returns a usage error if flags do not go together.
func (o *measureOptions) check() error {
	if o.all && o.stride > 0 {
		return usageErrorf("--all and --stride: overlapping windows cannot score every token")
	}
	return nil
}

// read returns the text and its name.
func (o *measureOptions) read(u *ui) (text, name string, err error) {
	text, given, err := o.prompt.read(u)
	switch {
	case err != nil:
		return "", "", err
	case !given && o.sample:
		return eval.SampleText, "built-in text", nil
	case !given:
		return "", "", withHint(usageErrorf("no text"), "give a file with -f, or pipe it in")
	case text == "":
		return "", "", errors.New("the text is empty")
	}
	name = "text"
	if o.prompt.file != "" && o.prompt.file != "-" {
		name = filepath.Base(o.prompt.file)
	}
	return text, name, nil
}

// encode returns the text's tokens. The newline at a file's end does not count,
// as in llama-perplexity.
func (o *measureOptions) encode(tok *tokenizer.Tokenizer, text string) []int32 {
	if o.prompt.endsWithFile {
		text = strings.TrimSuffix(text, "\n")
	}
	return tok.Encode(text, true, false)
}

// policy returns how a model's text is divided.
func (o *measureOptions) policy(m *model.Model) (eval.Policy, error) {
	tok := m.Tokenizer
	p := eval.Policy{
		Context: o.ctx, Stride: o.stride, All: o.all, Chunks: o.chunks,
		BOS: tok.AddBOS(), BOSID: tok.BOS(),
	}
	if p.Context == 0 {
		p.Context = min(defaultWindow, m.Config.TrainCtx)
	}
	if most := m.Config.TrainCtx; p.Stride >= most && !o.long {
		// Windows of most tokens, of which the last most-1 can be scored.
		return p, withHint(
			fmt.Errorf("a stride of %d tokens is too long for the %d that the model was trained for", p.Stride, most),
			fmt.Sprintf("--stride %d is the most, with -c %d", most-1, most-(most-1)/2))
	}
	if p.Length() > m.Config.TrainCtx && !o.long {
		return p, withHint(
			fmt.Errorf("windows of %d tokens are more than the %d that the model was trained for", p.Length(), m.Config.TrainCtx),
			fmt.Sprintf("-c %d is the most, --allow-long-context takes more", m.Config.TrainCtx-p.Stride/2))
	}
	return p, nil
}

// windows divides a text, with advice where it is too short.
func (o *measureOptions) windows(p eval.Policy, tokens []int32) ([]eval.Window, error) {
	windows, err := p.Windows(tokens)
	const least = 4 // tokens in a context
	if most := len(tokens) - p.Stride/2; err != nil && len(tokens) < p.Length() && most >= least && p.Stride < len(tokens) {
		err = withHint(err, fmt.Sprintf("a smaller window will do: -c %d or less", most))
	}
	return windows, err
}

// evaluated is a model at work.
type evaluated struct {
	path    string
	label   string // the name in tables; "": the file's
	model   *model.Model
	session *model.Session
	loading time.Duration
}

// name returns the model's name in tables.
func (e *evaluated) name() string {
	if e.label != "" {
		return e.label
	}
	return filepath.Base(e.path)
}

// bitsPerWeight returns the bits that a weight takes in the file, on average.
func (e *evaluated) bitsPerWeight() float64 {
	var bytes, weights int64
	for _, t := range e.model.File.Tensors {
		bytes += t.Bytes
		weights += int64(t.Elems())
	}
	return 8 * float64(bytes) / float64(max(weights, 1))
}

// load opens a model, without a session.
func (o *measureOptions) load(u *ui, path string) (*evaluated, error) {
	start := time.Now()
	m, err := loadModel(u, path, gguf.Options{NoMap: o.noMap, Eps: float32(o.eps)}, model.LoadOptions{Tokenizer: o.vocab})
	if err != nil {
		return nil, err
	}
	return &evaluated{path: path, model: m, loading: time.Since(start)}, nil
}

// start gives a model a session of ctx tokens that works on pool, in place of
// any it has.
func (o *measureOptions) start(e *evaluated, ctx int, pool *pool.Pool) (err error) {
	e.stop()
	k, _ := quant.ParseType(o.cacheK) // one of addCacheTypes' words
	v, _ := quant.ParseType(o.cacheV)
	e.session, err = e.model.NewSession(model.SessionOptions{Ctx: ctx, Batch: o.batch, Pool: pool, CacheK: &k, CacheV: &v})
	return err
}

// stop ends the session, if there is one.
func (e *evaluated) stop() {
	if e.session != nil {
		e.session.Close()
		e.session = nil
	}
}

// close frees everything.
func (e *evaluated) close() {
	e.stop()
	e.model.Close()
}

// patientReport is how often progress is reported where there is no terminal.
const patientReport = 10 * time.Second

// progress returns what reports how far an evaluation has got, in windows or
// other things.
func (u *ui) progress(thing string) func(p eval.Progress, text string) {
	report := u.progressLine()
	return func(p eval.Progress, text string) {
		report(p, fmt.Sprintf("%s %d of %d: %s%s", thing, p.Window, p.Windows, text, timeLeft(p)))
	}
}

// timeLeft says how much longer an evaluation will take, once that is known.
func timeLeft(p eval.Progress) string {
	if left := p.Left().Round(time.Second); p.Window > 0 && left > 0 {
		return fmt.Sprintf(", %v left", left)
	}
	return ""
}

// progressLine returns what shows a line about an evaluation: on the status
// line, or without a terminal now and then.
func (u *ui) progressLine() func(p eval.Progress, line string) {
	var last time.Time
	return func(p eval.Progress, line string) {
		switch {
		case p.Window == p.Windows:
			u.clearStatus()
		case u.errTTY:
			u.statusf("%s", line)
		case last.IsZero() || time.Since(last) >= patientReport:
			last = time.Now()
			u.notef("%s", line)
		}
	}
}

// evalHint adds advice to the error of an evaluation.
func evalHint(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return errInterrupted
	}
	return err
}

// startClock returns what tells the time since.
func startClock() func() time.Duration {
	start := time.Now()
	return func() time.Duration { return time.Since(start) }
}
