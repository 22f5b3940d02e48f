package measure

import (
	"context"
	"io"

	"github.com/spf13/cobra"

	"alpaca/internal/cli/flags"
	"alpaca/internal/cli/load"
	"alpaca/internal/cli/ui"
	"alpaca/internal/eval"
	"alpaca/internal/gguf"
	"alpaca/internal/pool"
	"alpaca/internal/report"
)

// compareOptions are the flags of "alpaca compare".
type compareOptions struct {
	measure measureOptions
	save    string // logits file to write
	plot    string
	output  string
}

// NewCompare returns the command "alpaca compare".
func NewCompare(u *ui.UI) *cobra.Command {
	var o compareOptions
	cmd := &cobra.Command{
		Use:   "compare BASE OTHER... -f TEXT",
		Short: "Measure how far models' predictions are from those of a base",
		Long: `Measure how far the predictions of quantized models are from those of their original.
All models read one window before they go on to the next one, so that no predictions
have to be stored.

  KL divergence  how different the predictions for a token are, in nats: 0 is the same
  Δp             how much likelier the text's own token became
  same top       how often the likeliest token is the same

BASE may also be a file of log probabilities that this command, "alpaca perplexity" or
llama-perplexity wrote with --kl-divergence-base. It contains its text, so -f is not
needed.`,
		Example: `  alpaca compare model-f16.gguf model-q8_0.gguf model-q4_0.gguf -f wiki.test.raw
  alpaca compare model-f16.gguf model-q*.gguf -f text.txt --chunks 20 -o csv --plot quality.svg
  alpaca compare base.kld model-q4_0.gguf`,
		Args: cobra.MinimumNArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error { return o.run(cmd.Context(), u, args) },
	}
	fs := cmd.Flags()
	fs.SortFlags = false
	o.measure.addFlags(fs)
	fs.StringVar(&o.save, "kl-divergence-base", "", "write the log probabilities of BASE to a `file`, as llama-perplexity does")
	fs.StringVar(&o.plot, "plot", "", "draw the result to a `file` in .svg or .png")
	flags.AddOutput(fs, &o.output, "md", "json", "csv")
	return cmd
}

func (o *compareOptions) run(ctx context.Context, u *ui.UI, args []string) error {
	if err := o.check(args); err != nil {
		return err
	}
	report, err := o.compare(ctx, u, args[0], args[1:])
	if err != nil {
		return evalHint(ctx, err)
	}
	return o.write(u, report)
}

// check returns an error if flags conflict or an output cannot be written.
func (o *compareOptions) check(models []string) error {
	if o.save != "" && (o.measure.stride > 0 || o.measure.all) {
		return ui.Usagef("--kl-divergence-base: its file holds only the second half of each window, so --stride and --all cannot be used")
	}
	if o.plot != "" {
		if _, err := report.PlotForm(o.plot); err != nil {
			return ui.Usage(err)
		}
	}
	if err := o.checkOutputs(append([]string{o.measure.prompt.File}, models...)); err != nil {
		return err
	}
	return o.measure.check()
}

// checkOutputs returns an error if an output file cannot be written, before the text is
// evaluated.
func (o *compareOptions) checkOutputs(inputs []string) error {
	return ui.CheckOutputs([]ui.Output{{Flag: "plot", Path: o.plot}, {Flag: "kl-divergence-base", Path: o.save}}, inputs...)
}

// compare opens the models and evaluates the text with them.
func (o *compareOptions) compare(ctx context.Context, u *ui.UI, base string, others []string) (*eval.Report, error) {
	c := &comparison{o: o, u: u, pool: pool.New(load.Threads(u, o.measure.load.Threads), gguf.Guard)}
	defer c.close()
	if err := c.openBase(base); err != nil {
		return nil, err
	}
	for _, path := range others {
		if err := c.openOther(path); err != nil {
			return nil, err
		}
	}
	if err := o.checkOutputs(c.parts()); err != nil {
		return nil, err
	}
	if err := c.divide(); err != nil {
		return nil, err
	}
	return c.evaluate(ctx)
}

// write shows the report before it draws the plot, so that a failure to draw loses no numbers.
func (o *compareOptions) write(u *ui.UI, r *eval.Report) error {
	var err error
	switch o.output {
	case "json":
		err = u.WriteJSON(r)
	case "csv":
		err = r.WriteCSV(u.Out)
	default:
		err = r.WriteMarkdown(u.Out)
	}
	if err != nil || o.plot == "" {
		return err
	}
	form, err := report.PlotForm(o.plot)
	if err != nil {
		return err
	}
	if err := ui.WriteOutput(o.plot, func(w io.Writer) error { return r.WritePlot(w, form) }); err != nil {
		return err
	}
	u.Notef("drew %s", o.plot)
	return nil
}
