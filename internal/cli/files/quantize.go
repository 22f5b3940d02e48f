package files

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"alpaca/internal/atomicfile"
	"alpaca/internal/builtin"
	"alpaca/internal/cli/flags"
	"alpaca/internal/cli/load"
	"alpaca/internal/cli/ui"
	"alpaca/internal/gguf"
	"alpaca/internal/quantize"
)

// quantizeOptions are the flags of "alpaca quantize".
type quantizeOptions struct {
	pure, leaveOutput, requantize, keepSplit bool
	outputType, embedType                    string
	tensorTypes, overrides                   []string
	imatrix                                  string
	include, exclude                         []string
	eps                                      float64 // epsilon of the norms; 0: the value in the file

	threads              int
	force, dryRun, stats bool
	output               string
}

// NewQuantize returns the command "alpaca quantize".
func NewQuantize(u *ui.UI) *cobra.Command {
	var o quantizeOptions
	cmd := &cobra.Command{
		Use:   "quantize [IN] [OUT] TYPE [THREADS]",
		Short: "Convert a model to smaller number formats",
		Long: `Write a model's weights as smaller numbers, byte for byte as llama-quantize does.
TYPE, in upper or lower case, is one of the following, or its number in llama.cpp of 2023:

` + typeTable() + `
Types whose names contain _K take more time and give better models
of the same size. S, M and L stand for small, medium and large: the larger types keep
more tensors in better formats. Without OUT, the output is ggml-model-TYPE.gguf beside
IN. With TYPE alone, IN is $` + load.ModelEnv + `, or else the small built-in model,
which is accepted although it is quantized already.

The output file appears only when it is complete and on disk. The table on stdout says
in which format each tensor was written; shapes are written outermost first.`,
		Example: `  alpaca quantize model-f16.gguf model-q4_0.gguf q4_0
  alpaca quantize model-f16.gguf model-q4_k_m.gguf q4_k_m --imatrix imatrix.dat --stats
  alpaca quantize model-f16.gguf q4_k_m --dry-run
  alpaca quantize model-f16.gguf out.gguf q4_0 --tensor-type 'ffn_down=q6_k'`,
		Args: cobra.RangeArgs(1, 4),
		RunE: func(cmd *cobra.Command, args []string) error { return o.run(cmd.Context(), u, args) },
	}
	fs := cmd.Flags()
	fs.SortFlags = false
	fs.BoolVar(&o.dryRun, "dry-run", false, "only show which formats would be written, and the size of the output")
	fs.BoolVar(&o.force, "force", false, "replace the output if it exists")
	fs.BoolVar(&o.stats, "stats", false, "measure the error of each tensor")
	flags.AddThreads(fs, &o.threads)
	fs.StringVar(&o.imatrix, "imatrix", "", "`file` with an importance matrix, in either of the formats of llama-imatrix")
	fs.StringArrayVar(&o.include, "include-weights", nil, "use the importance matrix only for tensors whose names contain `text`; the flag can be repeated")
	fs.StringArrayVar(&o.exclude, "exclude-weights", nil, "do not use the importance matrix for tensors whose names contain `text`; the flag can be repeated")
	fs.StringArrayVar(&o.tensorTypes, "tensor-type", nil, "store tensors whose names match REGEX as TYPE, `REGEX=TYPE`; the flag can be repeated, and the first match counts")
	fs.StringVar(&o.outputType, "output-tensor-type", "", "`type` of output.weight")
	fs.StringVar(&o.embedType, "token-embedding-type", "", "`type` of token_embd.weight")
	fs.BoolVar(&o.leaveOutput, "leave-output-tensor", false, "keep output.weight unchanged")
	fs.BoolVar(&o.pure, "pure", false, "use the same type for every matrix")
	fs.BoolVar(&o.requantize, "allow-requantize", false, "quantize weights even if they are already quantized, which loses further quality")
	fs.BoolVar(&o.keepSplit, "keep-split", false, "write as many files as the input has")
	fs.StringArrayVar(&o.overrides, "override-kv", nil, "set a key of the metadata, `KEY=TYPE:VALUE`, where TYPE is int, float, bool or str; the flag can be repeated")
	flags.AddEps(fs, &o.eps)
	flags.AddOutput(fs, &o.output, "text", "json")
	return cmd
}

// typeTable lists the types for the help.
func typeTable() string {
	var b strings.Builder
	const perLine = 8
	for i, name := range quantize.MixNames() {
		if i%perLine == 0 {
			b.WriteString("  ")
		}
		fmt.Fprintf(&b, "%-10s", name)
		if i%perLine == perLine-1 {
			b.WriteByte('\n')
		}
	}
	return strings.TrimRight(b.String(), " \n") + "\n"
}

func (o *quantizeOptions) run(ctx context.Context, u *ui.UI, args []string) error {
	in, out, mix, err := o.parseArgs(u, args)
	if err != nil {
		return err
	}
	if in == builtin.Name {
		o.requantize = true // the built-in model exists only in quantized form
	}
	if o.dryRun && o.stats {
		return ui.Usagef("--stats measures what is written, and --dry-run writes nothing")
	}
	opt, err := o.options(mix)
	if err != nil {
		return err
	}
	// The file is read in pieces instead of mapped, so that little memory is used.
	f, err := load.OpenFile(in, gguf.Options{HeaderOnly: true, NoMap: true, Eps: float32(o.eps)})
	if err != nil {
		return err
	}
	defer f.Close()
	plan, err := quantize.NewPlan(f, opt)
	if err != nil {
		return quantizeHint(err)
	}
	for i, tt := range opt.Tensors {
		if !tt.Matches(f) {
			u.Warnf("--tensor-type %s: no tensor name matches", o.tensorTypes[i])
		}
	}
	if m := opt.Importance; m != nil {
		if unused := m.Unused(f); len(unused) > 0 {
			u.Warnf("the importance matrix has %d tensors, such as %q, that are not in the model", len(unused), unused[0])
		}
	}
	if text := plan.Fallbacks(); text != "" {
		u.Warnf("%s: %s", mix.Name, text)
	}
	if o.dryRun {
		r, err := newQuantizeReport(plan, nil, plan.OutputPaths(out))
		if err != nil {
			return err
		}
		return o.report(u, r)
	}
	res, err := plan.Run(ctx, out, quantize.RunOptions{
		Threads: cmp.Or(o.threads, load.DefaultThreads()), Force: o.force, Stats: o.stats, Progress: u.TensorProgress(),
	})
	u.ClearStatus()
	if err != nil {
		return quantizeHint(err)
	}
	r, err := newQuantizeReport(plan, res, res.Outputs)
	if err != nil {
		return err
	}
	if err := o.report(u, r); err != nil {
		return err
	}
	seconds := max(res.Elapsed.Seconds(), 1e-9)
	u.Notef("wrote %s in %.2f s, %.0f MB/s read, %.0f MB/s written", strings.Join(res.Outputs, " "), seconds,
		float64(plan.InputBytes())/1e6/seconds, float64(res.Bytes)/1e6/seconds)
	return nil
}

// parseArgs reads IN [OUT] TYPE [THREADS], as llama-quantize does: if the second argument is
// a type, OUT is left out. With a type alone, IN is the default model.
func (o *quantizeOptions) parseArgs(u *ui.UI, args []string) (in, out string, mix quantize.Mix, err error) {
	if len(args) == 1 {
		if _, err := quantize.ParseMix(args[0]); err != nil {
			return "", "", mix, ui.Usage(ui.WithHint(err, "usage: alpaca quantize [IN] [OUT] TYPE", "the types are "+strings.Join(quantize.MixNames(), ", ")))
		}
		args = []string{load.ModelPath(u, ""), args[0]}
	}
	in, args = args[0], args[1:]
	mix, err = quantize.ParseMix(args[0])
	if err == nil && len(args) <= 2 && (len(args) == 1 || isNumber(args[1])) {
		out, args = quantize.DefaultOutput(in, mix), args[1:]
	} else if len(args) >= 2 {
		out = args[0]
		mix, err = quantize.ParseMix(args[1])
		args = args[2:]
	}
	if err != nil {
		return "", "", mix, ui.Usage(ui.WithHint(err, "the types are "+strings.Join(quantize.MixNames(), ", ")))
	}
	if err := flags.CheckNames(in, out); err != nil {
		return "", "", mix, err
	}
	if len(args) > 0 {
		n, err := strconv.Atoi(args[0])
		if err != nil || n < 1 || n > flags.MaxThreads {
			return "", "", mix, ui.Usagef("%q is not a number of threads from 1 to %d", args[0], flags.MaxThreads)
		}
		if o.threads == 0 {
			o.threads = n
		}
	}
	return in, out, mix, nil
}

func isNumber(s string) bool {
	_, err := strconv.Atoi(s)
	return err == nil
}

// options turns the flags into the plan's options.
func (o *quantizeOptions) options(mix quantize.Mix) (opt quantize.Options, err error) {
	opt = quantize.Options{
		Mix: mix, Pure: o.pure, LeaveOutput: o.leaveOutput, Requantize: o.requantize, KeepSplit: o.keepSplit,
	}
	if o.outputType != "" {
		t, err := quantize.ParseEncodable(o.outputType)
		if err != nil {
			return opt, flags.ValueError("output-tensor-type", err)
		}
		opt.Output = &t
	}
	if o.embedType != "" {
		t, err := quantize.ParseEncodable(o.embedType)
		if err != nil {
			return opt, flags.ValueError("token-embedding-type", err)
		}
		opt.Embedding = &t
	}
	for _, s := range o.tensorTypes {
		t, err := quantize.ParseTensorType(s)
		if err != nil {
			return opt, flags.ValueError("tensor-type", err)
		}
		opt.Tensors = append(opt.Tensors, t)
	}
	for _, s := range o.overrides {
		kv, err := quantize.ParseOverride(s)
		if err != nil {
			return opt, flags.ValueError("override-kv", err)
		}
		opt.Overrides = append(opt.Overrides, kv)
	}
	opt.Importance, err = o.importance()
	return opt, err
}

// importance reads the importance matrix of --imatrix. It returns nil without that flag.
func (o *quantizeOptions) importance() (*quantize.Importance, error) {
	switch {
	case len(o.include) > 0 && len(o.exclude) > 0:
		return nil, ui.Usagef("--include-weights and --exclude-weights cannot be used together")
	case o.imatrix == "" && len(o.include)+len(o.exclude) > 0:
		return nil, ui.Usagef("--include-weights and --exclude-weights need --imatrix")
	case o.imatrix == "":
		return nil, nil
	}
	m, err := quantize.ReadImportance(o.imatrix)
	if err != nil {
		return nil, err
	}
	if len(o.include) > 0 {
		m.Include(o.include)
	}
	m.Exclude(o.exclude)
	if m.Len() == 0 {
		return nil, fmt.Errorf("%s: --include-weights or --exclude-weights leaves no tensor of the importance matrix", o.imatrix)
	}
	return m, nil
}

// quantizeHint returns err with a hint about what the user can do, if there is one.
func quantizeHint(err error) error {
	switch {
	case errors.Is(err, quantize.ErrQuantized):
		return ui.WithHint(err, "quantize the original, or add --allow-requantize")
	case errors.Is(err, quantize.ErrLegacy):
		return ui.WithHint(err, "\"alpaca convert\" makes a GGUF file of this file")
	case errors.Is(err, quantize.ErrNeedsImportance):
		return ui.WithHint(err, "add --imatrix FILE, or choose Q2_K")
	case errors.Is(err, atomicfile.ErrExists):
		return ui.WithHint(err, "--force replaces the file")
	}
	return err
}
