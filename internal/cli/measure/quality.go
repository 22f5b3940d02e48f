package measure

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"alpaca/internal/cli/flags"
	"alpaca/internal/cli/load"
	"alpaca/internal/cli/ui"
	"alpaca/internal/eval"
	"alpaca/internal/gguf"
	"alpaca/internal/pool"
	"alpaca/internal/quantize"
)

// qualityTypes are the default of --types.
const qualityTypes = "q8_0,q6_k,q5_k_m,q5_1,q5_0,q4_k_m,q4_1,q4_0,q3_k_m,q2_k"

// qualityOptions are the flags of "alpaca quality".
type qualityOptions struct {
	compare    compareOptions
	types      []string
	imatrix    string
	requantize bool
	tmp        string
}

// NewQuality returns the command "alpaca quality".
func NewQuality(u *ui.UI) *cobra.Command {
	var o qualityOptions
	cmd := &cobra.Command{
		Use:   "quality MODEL",
		Short: "Show what quantizing a model costs",
		Long: `Show what quantizing a model costs. The model is quantized to several types, into a
temporary folder, and each result is compared with the original as by "alpaca compare":
size, bits per weight, perplexity, KL divergence, how often the likeliest token is the
same, and speed. Without -f, the text is a short one that comes with the program. Small
differences may then be noise; the numbers after ± show how much.`,
		Example: `  alpaca quality model-f16.gguf
  alpaca quality model-f16.gguf --types q8_0,q4_k_m,q4_0 -f wiki.test.raw --chunks 50 --plot quality.svg`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return o.run(cmd.Context(), u, args[0]) },
	}
	fs := cmd.Flags()
	fs.SortFlags = false
	fs.StringSliceVar(&o.types, "types", strings.Split(qualityTypes, ","), "`types` to quantize to, separated by commas")
	fs.StringVar(&o.imatrix, "imatrix", "", "`file` with an importance matrix, written by \"alpaca perplexity --imatrix-out\" or llama-imatrix")
	fs.BoolVar(&o.requantize, "allow-requantize", false, "accept a model that is already quantized, which loses further quality")
	fs.StringVar(&o.compare.plot, "plot", "", "draw the result to a `file` in .svg or .png")
	fs.StringVar(&o.tmp, "tmp-dir", "", "`folder` for the temporary files (default: the one of the system)")
	flags.AddOutput(fs, &o.compare.output, "md", "json", "csv")
	o.compare.measure.sample, o.compare.measure.prompt.Stdin = true, flags.StdinKept
	o.compare.measure.addFlags(fs)
	return cmd
}

func (o *qualityOptions) run(ctx context.Context, u *ui.UI, path string) error {
	if err := o.compare.check([]string{path, o.imatrix}); err != nil {
		return err
	}
	mixes, err := o.mixes()
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp(o.tmp, "alpaca-quality-")
	if err != nil {
		return err
	}
	defer u.BeforeExit(func() { removeFolder(dir) })() // in case a signal ends the process at once
	defer removeFolder(dir)
	report, err := o.measure(ctx, u, path, mixes, dir)
	if err != nil {
		return evalHint(ctx, err)
	}
	return o.compare.write(u, report)
}

// removeFolder removes a folder. It tries again for a second, because a file that is created
// at the same time makes the removal fail.
func removeFolder(dir string) {
	for range 100 {
		if os.RemoveAll(dir) == nil {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// mixes returns the mixes of --types, each once.
func (o *qualityOptions) mixes() ([]quantize.Mix, error) {
	var mixes []quantize.Mix
	for _, name := range o.types {
		m, err := quantize.ParseMix(strings.TrimSpace(name))
		if err != nil {
			return nil, ui.Usage(ui.WithHint(err, "the types are "+strings.Join(quantize.MixNames(), ", ")))
		}
		if !slices.ContainsFunc(mixes, func(other quantize.Mix) bool { return other.Name == m.Name }) {
			mixes = append(mixes, m)
		}
	}
	if len(mixes) == 0 {
		return nil, ui.Usagef("--types is empty")
	}
	return mixes, nil
}

// measure quantizes the model into dir and compares the results with it.
func (o *qualityOptions) measure(ctx context.Context, u *ui.UI, path string, mixes []quantize.Mix, dir string) (*eval.Report, error) {
	c := &comparison{o: &o.compare, u: u, pool: pool.New(load.Threads(u, o.compare.measure.load.Threads), gguf.Guard), tmp: o.tmp}
	defer c.close() // the files are mapped, so they must be closed before the folder is removed
	var err error
	if c.base, err = o.compare.measure.load.Open(u, path); err != nil {
		return nil, err
	}
	if err := o.compare.checkOutputs(c.parts()); err != nil {
		return nil, err
	}
	// Read the text first, so that an error in it is reported before hours of work.
	if err := c.divide(); err != nil {
		return nil, err
	}
	var refused error // the error of the last type that was left out
	opt := quantize.Options{Requantize: o.requantize}
	if o.imatrix != "" {
		if opt.Importance, err = quantize.ReadImportance(o.imatrix); err != nil {
			return nil, err
		}
	}
	for i, mix := range mixes {
		u.Notef("quantizing to %s (%d of %d)", mix.Name, i+1, len(mixes))
		opt.Mix = mix
		plan, err := quantize.NewPlan(c.base.Model.File, opt)
		if err != nil {
			u.Warnf("%s is left out: %v", mix.Name, err)
			refused = err
			continue
		}
		if err := c.quantize(ctx, plan, mix, dir); err != nil {
			return nil, err
		}
	}
	if len(c.others) == 0 {
		err := fmt.Errorf("%s cannot be quantized to any of these types", path)
		if errors.Is(refused, quantize.ErrQuantized) {
			err = ui.WithHint(err, "give the original, or add --allow-requantize")
		}
		return nil, err
	}
	return c.evaluate(ctx)
}

// quantize quantizes the base to mix, and opens the result.
func (c *comparison) quantize(ctx context.Context, plan *quantize.Plan, mix quantize.Mix, dir string) error {
	// Two types with the same fallbacks give the same file, so their rows are equal. The warning
	// says why.
	if text := plan.Fallbacks(); text != "" {
		c.u.Warnf("%s: %s", mix.Name, text)
	}
	path := filepath.Join(dir, mix.Name+".gguf")
	_, err := plan.Run(ctx, path, quantize.RunOptions{Threads: c.pool.Threads(), Progress: c.u.TensorProgress()})
	c.u.ClearStatus()
	if err != nil {
		return err
	}
	if err := c.openOther(path); err != nil {
		return err
	}
	c.others[len(c.others)-1].Label = mix.Name
	return nil
}
