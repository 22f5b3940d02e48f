package files

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"alpaca/internal/atomicfile"
	"alpaca/internal/cli/flags"
	"alpaca/internal/cli/load"
	"alpaca/internal/cli/ui"
	"alpaca/internal/convert"
	"alpaca/internal/lora/peft"
	"alpaca/internal/quant"
	"alpaca/internal/report"
)

// NewConvert returns the command "alpaca convert".
func NewConvert(u *ui.UI) *cobra.Command {
	var opt convert.Options
	var folder folderFlags
	var eps float64
	var output string
	var adapter adapterOptions
	cmd := &cobra.Command{
		Use:   "convert IN OUT.gguf",
		Short: "Make a GGUF file from a checkpoint or an old model file",
		Long: `Read a model in another file format and write it as GGUF version 3, which all current
programs can read. IN is one of these:

  a folder of Hugging Face: config.json, safetensors or pytorch_model.bin in one
    file or many, tokenizer.json or tokenizer.model
  a folder of Meta: params.json, consolidated.NN.pth, tokenizer.model
  a .bin file of 2023 ("ggml", "ggmf", "ggjt", in one part or many)
  GGUF of version 1 or 2, or split into files
  a llama2.c checkpoint

A folder becomes a file of any type in one pass, without an intermediate file and with
little memory. Notes on stderr say where the result differs from llama.cpp's converter.

Values from old files are kept exactly if GGUF can hold them. Files of 2023 have scales
in float32, which are rounded to float16. The command measures and reports the change;
--exact stores the affected tensors as F32 instead. The formats Q4_2 and Q4_3 have no
successor and become F16.`,
		Example: `  alpaca convert Qwen3-0.6B qwen3-0.6b.gguf --outtype q4_k_m
  alpaca convert Llama-2-7b llama-2-7b.gguf --outtype q8_0 --split-max-size 4G
  alpaca convert ggml-alpaca-7b-q4.bin alpaca-7b-q4_0.gguf
  alpaca convert stories15M.bin stories15M.gguf --vocab tokenizer.bin`,
		Args: cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := flags.CheckNames(args...); err != nil {
				return err
			}
			if dir, ok := peft.FolderOf(args[0]); ok {
				adapter.Name, adapter.Force, adapter.Output, adapter.OutType = opt.Name, opt.Force, output, strings.TrimPrefix(strings.ToLower(folder.outtype), convert.Auto)
				return convertAdapter(u, dir, args[1], adapter)
			}
			if dir, ok := convert.FolderOf(args[0]); ok {
				return folder.run(cmd, u, dir, args[1], opt, output)
			}
			if name := folder.given(cmd.Flags()); name != "" {
				return ui.Usagef("--%s is for checkpoints in folders: \"alpaca quantize\" changes the types of a file", name)
			}
			opt.Eps = float32(eps)
			return convertFile(cmd.Context(), u, args[0], args[1], opt, output)
		},
	}
	fs := cmd.Flags()
	fs.SortFlags = false
	folder.add(fs)
	fs.StringVar(&opt.Vocab, "vocab", "", "`file` with the vocabulary of a llama2.c checkpoint, usually tokenizer.bin")
	fs.BoolVar(&opt.Exact, "exact", false, "keep all values: tensors that would change become F32")
	fs.StringVar(&adapter.Base, "base", "", "`model` that an adapter of PEFT is for (default: the one that its folder names)")
	flags.AddEps(fs, &eps)
	fs.StringVar(&opt.Name, "name", "", "`name` of the model (default: the name in the input)")
	fs.BoolVar(&opt.Force, "force", false, "replace the output if it exists")
	flags.AddOutput(fs, &output, "text", "json")
	return cmd
}

// convertFile converts a model file.
func convertFile(ctx context.Context, u *ui.UI, in, out string, opt convert.Options, output string) error {
	opt.Progress = u.TensorProgress()
	res, err := convert.Run(ctx, in, out, opt)
	u.ClearStatus()
	if err != nil {
		return convertHint(in, err)
	}
	r := newConvertReport(in, out, res)
	if output == "json" {
		err = u.WriteJSON(r)
	} else {
		err = printConversion(u, r)
	}
	if !r.Lossless {
		u.Warnf("some values do not fit GGUF's types and change by %s; --exact keeps them", percent(float64(r.Error)))
	}
	return err
}

// convertHint returns err with a hint about what the user can do, if there is one.
func convertHint(in string, err error) error {
	switch {
	case errors.Is(err, atomicfile.ErrExists):
		return ui.WithHint(err, "--force replaces the file")
	case errors.Is(err, convert.ErrNeedsVocab):
		return ui.WithHint(err, "--vocab tokenizer.bin adds the vocabulary that came with the checkpoint")
	case errors.Is(err, convert.ErrTooLarge):
		return ui.WithHint(err, "--exact stores such tensors as F32")
	}
	if hint := load.OpenHint(in, err); hint != "" {
		return ui.WithHint(err, hint)
	}
	return err
}

// convertReport is the result of "alpaca convert" in JSON.
type convertReport struct {
	Input       string        `json:"input"`
	Output      string        `json:"output"`
	Format      string        `json:"format"` // format of the input
	Lossless    bool          `json:"lossless"`
	Error       report.Number `json:"relative_rms_error"` // of all changed tensors together
	OutputBytes int64         `json:"output_bytes"`
	Seconds     float64       `json:"seconds"`

	Tensors []convertTensorReport `json:"tensors"`
}

// convertTensorReport is a tensor of a convertReport.
type convertTensorReport struct {
	Name     string        `json:"name"`
	Shape    []int         `json:"shape"` // outermost first
	From     string        `json:"from"`
	To       string        `json:"to"`
	Lossless bool          `json:"lossless"`
	Max      report.Number `json:"max_error"`
	Relative report.Number `json:"relative_rms_error"` // relative to the weights' own root mean square

	loss quant.Error
}

// newConvertReport returns the report of a result.
func newConvertReport(in, out string, res *convert.Result) *convertReport {
	r := &convertReport{
		Input: in, Output: out, Format: res.Format, Lossless: true,
		OutputBytes: res.OutputBytes, Seconds: res.Elapsed.Seconds(), Tensors: []convertTensorReport{},
	}
	var total quant.Error
	for _, t := range res.Tensors {
		r.Tensors = append(r.Tensors, convertTensorReport{
			t.Name, t.Shape, t.From, t.To.String(), t.Lossless, report.Number(t.Loss.Max), report.Number(t.Loss.Relative()), t.Loss,
		})
		if !t.Lossless {
			r.Lossless = false
			total.Add(t.Loss)
		}
	}
	r.Error = report.Number(total.Relative())
	return r
}

// printConversion writes the report for people, with a line for each kind of change.
func printConversion(u *ui.UI, r *convertReport) error {
	type kind struct {
		from, to string
		lossless bool
	}
	var order []kind
	tensors := map[kind]int{}
	losses := map[kind]*quant.Error{}
	for _, t := range r.Tensors {
		k := kind{t.From, t.To, t.Lossless}
		if tensors[k] == 0 {
			order = append(order, k)
			losses[k] = &quant.Error{}
		}
		tensors[k]++
		losses[k].Add(t.loss)
	}
	out := bufio.NewWriter(u.Out)
	tab := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(tab, "tensors\tfrom\tto\tvalues")
	for _, k := range order {
		values := "kept"
		if l := losses[k]; !k.lossless {
			values = fmt.Sprintf("changed by %s, at most by %.3g; the largest value is %.3g", percent(l.Relative()), l.Max, l.Largest)
		}
		fmt.Fprintf(tab, "%d\t%s\t%s\t%s\n", tensors[k], k.from, k.to, values)
	}
	tab.Flush()
	fmt.Fprintf(out, "\n%s: %d tensors from %s, %s in %.2f s\n", r.Output, len(r.Tensors), r.Format, ui.ByteCount(r.OutputBytes), r.Seconds)
	return out.Flush()
}

// percent returns the fraction x as a percentage with two significant digits.
func percent(x float64) string { return fmt.Sprintf("%.2g %%", 100*x) }
