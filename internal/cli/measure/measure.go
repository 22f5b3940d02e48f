// Package measure implements the commands that measure how well models predict a text: "alpaca
// perplexity", "alpaca compare" and "alpaca quality". "alpaca perplexity" also asks the
// questions of benchmarks. The three commands share the flags about the text and its windows.
package measure

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/spf13/pflag"

	"alpaca/internal/cli/flags"
	"alpaca/internal/cli/load"
	"alpaca/internal/cli/ui"
	"alpaca/internal/eval"
	"alpaca/internal/gguf"
	"alpaca/internal/model"
	"alpaca/internal/pool"
	"alpaca/internal/tokenizer"
)

// defaultWindow is the default context of an evaluation, in tokens.
const defaultWindow = 512

// measureOptions are the flags of the commands that evaluate a text with one
// model or several.
type measureOptions struct {
	prompt flags.Prompt
	load   load.Options // Ctx is the window; 0: defaultWindow, or the model's context if that is less
	chunks int
	stride int
	all    bool
	long   bool

	sample bool // if no text is given, eval.SampleText is the text
}

// addFlags adds the flags, with llama-perplexity's names where it has them.
func (o *measureOptions) addFlags(fs *pflag.FlagSet) {
	o.prompt.AddFlags(fs)
	o.load.AddSizes(fs, "`tokens` in a window; 0 means 512, or the context of the model if that is less", "`tokens` evaluated together")
	flags.AddInt(fs, &o.chunks, flags.Int{Name: "chunks", Value: -1, Low: -1, High: 1 << 30}, "number of `windows` to evaluate; -1 means the whole text")
	flags.AddInt(fs, &o.stride, flags.Int{Name: "stride", High: model.MaxCtx}, "`tokens` from the start of a window to the start of the next; 0 means that windows do not overlap")
	fs.BoolVar(&o.all, "all", false, "score every token of a window, not only the second half")
	fs.BoolVar(&o.long, "allow-long-context", false, "accept a window longer than the model was trained for")
	o.load.AddCacheTypes(fs)
	o.load.AddFile(fs, "read the models into memory instead of mapping them")
}

// check returns a usage error if flags conflict.
func (o *measureOptions) check() error {
	if o.all && o.stride > 0 {
		return ui.Usagef("--all and --stride: overlapping windows cannot score every token")
	}
	return nil
}

// read returns the text and its name.
func (o *measureOptions) read(u *ui.UI) (text, name string, err error) {
	text, given, err := o.prompt.Read(u)
	switch {
	case err != nil:
		return "", "", err
	case !given && o.sample:
		return eval.SampleText, "built-in text", nil
	case !given:
		return "", "", ui.WithHint(ui.Usagef("no text"), "give a file with -f, or pipe it in")
	case text == "":
		return "", "", errors.New("the text is empty")
	}
	name = "text"
	if o.prompt.File != "" && o.prompt.File != "-" {
		name = filepath.Base(o.prompt.File)
	}
	return text, name, nil
}

// encode returns the text's tokens. The newline at a file's end does not count,
// as in llama-perplexity.
func (o *measureOptions) encode(tok *tokenizer.Tokenizer, text string) []int32 {
	if o.prompt.EndsWithFile {
		text = strings.TrimSuffix(text, "\n")
	}
	return tok.Encode(text, true, false)
}

// policy returns the policy that divides the text into windows for m.
func (o *measureOptions) policy(m *model.Model) (eval.Policy, error) {
	tok := m.Tokenizer
	p := eval.Policy{
		Context: o.load.Ctx, Stride: o.stride, All: o.all, Chunks: o.chunks,
		BOS: tok.AddBOS(), BOSID: tok.BOS(),
	}
	if p.Context == 0 {
		p.Context = min(defaultWindow, m.Config.TrainCtx)
	}
	if trained := m.Config.TrainCtx; p.Stride >= trained && !o.long {
		// The first token of a window cannot be scored, so the longest stride is trained-1.
		return p, ui.WithHint(
			fmt.Errorf("the stride is %d tokens, but the model was trained for a context of %d", p.Stride, trained),
			fmt.Sprintf("use at most --stride %d, with -c %d", trained-1, trained-(trained-1)/2))
	}
	if p.Length() > m.Config.TrainCtx && !o.long {
		return p, ui.WithHint(
			fmt.Errorf("windows of %d tokens are longer than the context of %d tokens that the model was trained for", p.Length(), m.Config.TrainCtx),
			fmt.Sprintf("use at most -c %d, or --allow-long-context for more", m.Config.TrainCtx-p.Stride/2))
	}
	return p, nil
}

// windows divides a text into windows. The error about a text that is too short has a hint.
func (o *measureOptions) windows(p eval.Policy, tokens []int32) ([]eval.Window, error) {
	windows, err := p.Windows(tokens)
	const minContext = 4 // the smallest context, in tokens
	if longest := len(tokens) - p.Stride/2; err != nil && len(tokens) < p.Length() && longest >= minContext && p.Stride < len(tokens) {
		err = ui.WithHint(err, fmt.Sprintf("use a smaller window: -c %d or less", longest))
	}
	return windows, err
}

// start gives a model a session of ctx tokens that works on pool.
func (o *measureOptions) start(e *load.Instance, ctx int, pool *pool.Pool) error {
	opt := o.load.SessionOptions(ctx)
	opt.Pool = pool
	return e.Start(opt)
}

// bitsPerWeight returns the mean number of bits of a weight in a model's file.
func bitsPerWeight(f *gguf.File) float64 {
	var bytes, weights int64
	for _, t := range f.Tensors {
		bytes += t.Bytes
		weights += int64(t.Elems())
	}
	return 8 * float64(bytes) / float64(max(weights, 1))
}

// evalHint returns ui.ErrInterrupted if ctx is cancelled, or else err.
func evalHint(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ui.ErrInterrupted
	}
	return err
}
