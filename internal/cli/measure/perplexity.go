package measure

import (
	"context"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"alpaca/internal/arch"
	"alpaca/internal/cli/flags"
	"alpaca/internal/cli/load"
	"alpaca/internal/cli/ui"
	"alpaca/internal/eval"
	"alpaca/internal/gguf"
	"alpaca/internal/model"
	"alpaca/internal/pool"
	"alpaca/internal/report"
)

// perplexityOptions are the flags of "alpaca perplexity".
type perplexityOptions struct {
	measure  measureOptions
	model    string
	perToken string // file that gets a line for each token; "-" is stdout
	base     string // logits file
	diverge  bool   // read base and compare with it, instead of writing it
	imatrix  string // file for the importance matrix
	process  bool   // include the output matrix in the importance matrix
	choice   choiceOptions
	output   string
	compat   flags.Compat
}

// NewPerplexity returns the command "alpaca perplexity".
func NewPerplexity(u *ui.UI) *cobra.Command {
	var o perplexityOptions
	cmd := &cobra.Command{
		Use:   "perplexity [-m MODEL] -f TEXT",
		Short: "Measure how well a model predicts a text",
		Long: `Measure how well a model predicts a text. The result is the perplexity, computed as
llama-perplexity computes it. The text is cut into windows of -c tokens. Each window is
read into an empty context, and its second half is scored. If the model's texts begin with
BOS, that token replaces the window's first token. Numbers are comparable only between
runs on the same text with the same windows and vocabulary; stderr says how the text was
cut.

With --hellaswag, --winogrande or --multiple-choice, the text is a file of questions,
and the result is how many of the questions the model answers right.`,
		Example: `  alpaca perplexity -m model.gguf -f wiki.test.raw
  alpaca perplexity -m model.gguf -f text.txt --per-token | sort-by-surprise
  alpaca perplexity -m model-f16.gguf -f text.txt --imatrix-out imatrix.gguf
  alpaca perplexity -m model.gguf -f hellaswag_val_full.txt --hellaswag --hellaswag-tasks 400
  alpaca perplexity -m model.gguf -f arc-challenge-validation.bin --multiple-choice`,
		Args: flags.NoArgs,
		RunE: func(cmd *cobra.Command, args []string) error { return o.run(cmd.Context(), u) },
	}
	fs := cmd.Flags()
	fs.SortFlags = false
	load.AddModel(fs, &o.model)
	o.measure.addFlags(fs)
	o.measure.load.AddLoRA(fs)
	fs.StringVar(&o.measure.prompt.File, "binary-file", "", "same as -f; llama-perplexity has this flag for the `file` of --multiple-choice")
	flags.AllowSingleDash(fs, "binary-file", "bf")
	fs.StringVar(&o.perToken, "per-token", "", "write a JSON line for every scored token, to stdout or with =`FILE` to a file")
	fs.Lookup("per-token").NoOptDefVal = "-"
	fs.StringVar(&o.base, "kl-divergence-base", "", "write the model's log probabilities to a `file` for \"alpaca compare\" and llama-perplexity; with --kl-divergence, read them from this file")
	fs.BoolVar(&o.diverge, "kl-divergence", false, "compare with the model whose log probabilities are in the file of --kl-divergence-base")
	fs.StringVar(&o.imatrix, "imatrix-out", "", "write an importance matrix to a `file`, for \"alpaca quantize\"; a name that ends in .dat chooses the older format")
	fs.BoolVar(&o.process, "process-output", false, "with --imatrix-out, include the output matrix")
	o.choice.addFlags(fs)
	flags.AddOutput(fs, &o.output, "text", "json")
	o.compat.AddFlags(fs)
	return cmd
}

func (o *perplexityOptions) run(ctx context.Context, u *ui.UI) error {
	if err := o.check(); err != nil {
		return err
	}
	o.compat.Report(u)
	if o.diverge {
		c := compareOptions{measure: o.measure, output: "md"}
		if o.output == "json" {
			c.output = "json"
		}
		return c.run(ctx, u, []string{o.base, load.ModelPath(u, o.model)})
	}
	text, name, err := o.measure.read(u)
	if err != nil {
		return err
	}
	e, err := o.measure.load.Open(u, load.ModelPath(u, o.model))
	if err != nil {
		return err
	}
	defer e.Close()
	if err := o.checkOutputs(e.Model.File.Parts...); err != nil { // the parts are known only when the model is open
		return err
	}
	pool := pool.New(load.Threads(u, o.measure.load.Threads), gguf.Guard)
	defer pool.Close()
	policy, err := o.measure.policy(e.Model)
	if err != nil {
		return err
	}
	if err := o.measure.start(e, policy.Length(), pool); err != nil {
		return err
	}
	if o.choice.asked() {
		return evalHint(ctx, o.choice.run(ctx, u, e, text, o.output))
	}
	return evalHint(ctx, o.score(ctx, u, e, policy, text, name))
}

// check returns an error if flags conflict, or if it is already clear that a file cannot be written
// at the end.
func (o *perplexityOptions) check() error {
	switch {
	case o.diverge && o.base == "":
		return ui.WithHint(ui.Usagef("--kl-divergence needs a file to compare with"), "name it with --kl-divergence-base")
	case o.base != "" && (o.measure.stride > 0 || o.measure.all):
		return ui.Usagef("--kl-divergence-base: its file holds only the second half of each window, so --stride and --all cannot be used")
	case o.process && o.imatrix == "":
		return ui.Usagef("--process-output requires --imatrix-out")
	}
	if err := o.choice.check(); err != nil {
		return err
	}
	if err := o.checkAlone(); err != nil {
		return err
	}
	if st, err := os.Stat(o.imatrix); err == nil && !st.IsDir() && !st.Mode().IsRegular() && !isDat(o.imatrix) {
		return ui.WithHint(fmt.Errorf("--imatrix-out %s: is not a regular file", o.imatrix), "a name that ends in .dat gives the older format, which can be written anywhere")
	}
	if err := o.checkOutputs(load.Named(o.model), o.measure.prompt.File); err != nil {
		return err
	}
	return o.measure.check()
}

// checkAlone returns a usage error if a given flag cannot be used with --kl-divergence or with
// a file of questions.
func (o *perplexityOptions) checkAlone() error {
	instead, others := "", []string{"per-token", "imatrix-out"}
	switch {
	case o.diverge:
		instead, others = "kl-divergence", append(others, "hellaswag", "winogrande", "multiple-choice")
	case o.choice.asked():
		instead, others = o.choice.flag(), append(others, "kl-divergence-base", "chunks", "stride", "all")
	}
	for _, name := range others {
		if f := o.measure.prompt.Flags.Lookup(name); instead != "" && f.Value.String() != f.DefValue {
			return ui.Usagef("--%s cannot be used with --%s", name, instead)
		}
	}
	return nil
}

// checkOutputs returns an error if an output file cannot be written, before the text is
// evaluated.
func (o *perplexityOptions) checkOutputs(inputs ...string) error {
	outputs := []ui.Output{{Flag: "per-token", Path: o.perToken}, {Flag: "imatrix-out", Path: o.imatrix}}
	if !o.diverge {
		outputs = append(outputs, ui.Output{Flag: "kl-divergence-base", Path: o.base})
	}
	return ui.CheckOutputs(outputs, inputs...)
}

// score evaluates the text.
func (o *perplexityOptions) score(ctx context.Context, u *ui.UI, e *load.Instance, policy eval.Policy, text, name string) error {
	tokens := o.measure.encode(e.Model.Tokenizer, text)
	windows, err := o.measure.windows(policy, tokens)
	if err != nil {
		return err
	}
	u.Notef("%s: %d tokens; %d %s", name, len(tokens), len(windows), policy)
	opt := eval.Options{Threads: e.Session.Threads()}
	progress := progress(u, "window")
	opt.Done = func(p eval.Progress) error {
		progress(p, fmt.Sprintf("PPL %.4f +/- %.4f", p.PPL.Value, p.PPL.Error))
		return ctx.Err()
	}

	var files evalFiles
	defer files.abort()
	if err := o.addFiles(u, e, &files, &opt, scoredText{name, policy, tokens, len(windows)}); err != nil {
		return err
	}
	result, err := eval.MeasurePerplexity(ctx, e.Session, windows, opt)
	u.ClearStatus()
	if err != nil {
		return err
	}
	if err := files.commit(); err != nil {
		return err
	}
	return o.report(u, e, result, policy, name)
}

// scoredText is a text that is evaluated.
type scoredText struct {
	name    string
	policy  eval.Policy
	tokens  []int32
	windows int
}

// addFiles opens the files that are written besides the result.
func (o *perplexityOptions) addFiles(u *ui.UI, e *load.Instance, files *evalFiles, opt *eval.Options, t scoredText) error {
	if o.perToken != "" {
		if err := files.perToken(u, o.perToken, e.Model.Tokenizer, opt); err != nil {
			return err
		}
	}
	if o.base != "" {
		var err error
		if opt.Base, err = files.logits(o.base, t.policy.Context, e.Model.Config.VocabSize, t.tokens, t.windows); err != nil {
			return err
		}
	}
	if o.imatrix != "" {
		m := &eval.Imatrix{Output: o.process, Dataset: t.name, Chunks: t.windows, ChunkSize: t.policy.Length()}
		if hasStacks(e.Model) {
			m.Experts = e.Model.Config.NumExperts
		}
		e.Session.Collect, opt.Whole = m.Collect, true
		files.imatrix(u, o.imatrix, m)
	}
	return nil
}

// hasStacks reports whether a model's file has the matrices of all experts in one tensor.
func hasStacks(m *model.Model) bool {
	family := arch.Find(m.Config.Arch)
	if family == nil {
		return false
	}
	up := family.Stack(arch.FFNUp)
	return up != nil && m.File.Tensor(arch.LayerPrefix(0)+up.GGUF()+".weight") != nil
}

// perplexityResult is the result in JSON.
type perplexityResult struct {
	Model    string         `json:"model"`
	Text     string         `json:"text"`
	PPL      report.Number  `json:"ppl"`
	PPLError report.Number  `json:"ppl_error"`
	NLL      report.Number  `json:"nll"`
	NLLError report.Number  `json:"nll_error"`
	Tokens   int            `json:"tokens"` // tokens that were evaluated
	Scored   int            `json:"scored"`
	Chunks   int            `json:"chunks"`
	Policy   eval.Policy    `json:"policy"`
	Timings  perplexityTime `json:"timings"`
}

// perplexityTime has the times of an evaluation in milliseconds.
type perplexityTime struct {
	Load  float64 `json:"load_ms"`
	Eval  float64 `json:"eval_ms"`  // time in the model
	Score float64 `json:"score_ms"` // time for computing probabilities
	Rate  float64 `json:"tokens_per_second"`
}

// report writes the result.
func (o *perplexityOptions) report(u *ui.UI, e *load.Instance, r eval.Perplexity, policy eval.Policy, name string) error {
	total := r.Eval + r.Score
	rate := float64(r.Tokens) / max(total.Seconds(), 1e-9)
	u.Notef("%d tokens read, %d scored in %.2f s, %.1f tokens/s", r.Tokens, r.Scored, total.Seconds(), rate)
	if o.output == "json" || o.perToken == "-" {
		return u.WriteJSON(perplexityResult{
			Model: e.Path, Text: name,
			PPL: report.Number(r.PPL.Value), PPLError: report.Number(r.PPL.Error),
			NLL: report.Number(r.NLL.Value), NLLError: report.Number(r.NLL.Error),
			Tokens: r.Tokens, Scored: r.Scored, Chunks: r.Windows, Policy: policy,
			Timings: perplexityTime{ui.Milliseconds(e.LoadTime), ui.Milliseconds(r.Eval), ui.Milliseconds(r.Score), rate},
		})
	}
	_, err := fmt.Fprintf(u.Out, "Final estimate: PPL = %.4f +/- %.5f\n", r.PPL.Value, r.PPL.Error)
	return err
}
