package files

import (
	"cmp"
	"context"
	"strings"

	"github.com/spf13/cobra"

	"alpaca/internal/cli/flags"
	"alpaca/internal/cli/load"
	"alpaca/internal/cli/ui"
	"alpaca/internal/gguf"
	"alpaca/internal/lora"
	"alpaca/internal/model"
	"alpaca/internal/quant"
	"alpaca/internal/quantize"
)

// mergeOptions are the flags of "alpaca merge".
type mergeOptions struct {
	threads           int
	force, requantize bool
	output            string
}

// NewMerge returns the command "alpaca merge".
func NewMerge(u *ui.UI) *cobra.Command {
	var o mergeOptions
	cmd := &cobra.Command{
		Use:   "merge BASE ADAPTER[:SCALE]... OUT.gguf [TYPE]",
		Short: "Merge adapters into the weights of a model",
		Long: `Add adapters (GGUF files or PEFT folders) to the weights of a model and write the
result. The sums are computed in float64, a few rows at a time, and are rounded only
once. Matrices keep their number formats, unless TYPE names the format to quantize the
result to.

A quantized matrix loses part of a small change when it is quantized again; if the base
is quantized, "alpaca run --lora" uses the adapter without loss.`,
		Example: `  alpaca merge base-f16.gguf adapter.gguf merged-q4_k_m.gguf q4_k_m
  alpaca merge base.gguf style/:0.5 facts.gguf merged.gguf`,
		Args: cobra.MinimumNArgs(3),
		RunE: func(cmd *cobra.Command, args []string) error { return o.run(cmd.Context(), u, args) },
	}
	fs := cmd.Flags()
	fs.SortFlags = false
	fs.BoolVar(&o.force, "force", false, "replace the output if it exists")
	fs.BoolVar(&o.requantize, "allow-requantize", false, "quantize to TYPE even if the weights are already quantized, which loses further quality")
	flags.AddThreads(fs, &o.threads)
	flags.AddOutput(fs, &o.output, "text", "json")
	return cmd
}

func (o *mergeOptions) run(ctx context.Context, u *ui.UI, args []string) error {
	mix, err := quantize.ParseMix("copy")
	if err != nil {
		return err
	}
	last := args[len(args)-1]
	if m, err := quantize.ParseMix(last); err == nil && !strings.HasSuffix(last, ".gguf") {
		mix, args = m, args[:len(args)-1]
	}
	if len(args) < 3 {
		return ui.Usagef("a base, an adapter and an output are needed: alpaca merge BASE ADAPTER... OUT.gguf [TYPE]")
	}
	base, out, adapters := args[0], args[len(args)-1], args[1:len(args)-1]
	if err := flags.CheckNames(base, out); err != nil {
		return err
	}
	if load.IsAdapter(out) {
		return ui.Usagef("%s is an adapter: the last name must be that of the output", out)
	}
	f, err := load.OpenFile(base, gguf.Options{})
	if err != nil {
		return err
	}
	defer f.Close()
	m, err := model.Load(f, model.LoadOptions{NoTokenizer: true})
	if err != nil {
		return err
	}
	merge, err := readMerge(u, m, adapters)
	if err != nil {
		return err
	}
	plan, err := quantize.NewPlan(f, quantize.Options{Mix: mix, Requantize: o.requantize, Change: merge.Change, More: merge.More(f)})
	if err != nil {
		return quantizeHint(err)
	}
	if n := coarse(plan); n > 0 {
		u.Warnf("%d matrices are written in quantized formats, which lose part of a small change", n)
	}
	res, err := plan.Run(ctx, out, quantize.RunOptions{
		Threads: cmp.Or(o.threads, load.DefaultThreads()), Force: o.force, Progress: u.TensorProgress(),
	})
	u.ClearStatus()
	if err != nil {
		return quantizeHint(err)
	}
	r, err := newQuantizeReport(plan, res, res.Outputs)
	if err != nil {
		return err
	}
	report := quantizeOptions{output: o.output}
	if err := report.report(u, r); err != nil {
		return err
	}
	u.Notef("wrote %s: %d tensors of %d changed by %d adapters", strings.Join(res.Outputs, " "), merge.Len(), len(plan.Steps), len(adapters))
	return nil
}

// readMerge reads adapters, FILE[:SCALE], and checks that they fit the model m.
func readMerge(u *ui.UI, m *model.Model, adapters []string) (*lora.Merge, error) {
	var merge lora.Merge
	for _, text := range adapters {
		path, scale, err := load.SplitLoRA(text)
		if err != nil {
			return nil, err
		}
		a, err := load.ReadAdapter(u, path, m)
		if err != nil {
			return nil, err
		}
		if _, err := m.WithLoRA(a, scale); err != nil {
			return nil, err
		}
		merge.Add(a, float64(scale))
	}
	return &merge, merge.Check(m.File)
}

// coarse returns the number of tensors that the merge changes and that are written in a quantized
// format.
func coarse(p *quantize.Plan) (n int) {
	for i := range p.Steps {
		if s := &p.Steps[i]; s.Changed() && s.To != quant.F32 && s.To != quant.F16 && s.To != quant.BF16 {
			n++
		}
	}
	return n
}
