package files

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"alpaca/internal/atomicfile"
	"alpaca/internal/checkpoint/vocab"
	"alpaca/internal/cli/flags"
	"alpaca/internal/cli/load"
	"alpaca/internal/cli/ui"
	"alpaca/internal/convert"
	"alpaca/internal/quantize"
)

// folderFlags are the flags of "alpaca convert" for checkpoints in folders.
type folderFlags struct {
	outtype, pre, imatrix string
	split                 splitFlags
	threads               int
}

func (o *folderFlags) add(fs *pflag.FlagSet) {
	fs.StringVar(&o.outtype, "outtype", convert.Auto, "`type` that the weights of a checkpoint get in the output: auto (the type that they have), f32, f16, bf16, q8_0, q4_k_m, or any other type of \"alpaca quantize\"")
	fs.StringVar(&o.imatrix, "imatrix", "", "`file` with the importance matrix for --outtype, in either of the formats of llama-imatrix")
	fs.StringVar(&o.pre, "pre", "", "`name` of the pre-tokenizer, which cuts text into words, if the files of the checkpoint do not name one")
	o.split.add(fs)
	flags.AddThreads(fs, &o.threads)
}

// given returns the name of a flag of o that the user
// gave, or "" if there is none. It ignores --threads.
func (o *folderFlags) given(fs *pflag.FlagSet) string {
	for _, name := range []string{"outtype", "imatrix", "pre", "split-max-size", "split-max-tensors"} {
		if fs.Changed(name) {
			return name
		}
	}
	return ""
}

// options checks the flags and returns them as options.
func (o *folderFlags) options() (opt convert.FolderOptions, err error) {
	opt = convert.FolderOptions{Type: strings.ToLower(o.outtype), Pre: o.pre, Threads: cmp.Or(o.threads, load.DefaultThreads())}
	if opt.Type != convert.Auto {
		if _, err := quantize.ParseMix(opt.Type); err != nil {
			err = flags.ValueError("outtype", err)
			return opt, ui.WithHint(err, "the types are auto, "+strings.Join(quantize.MixNames(), ", "))
		}
	}
	if opt.Split, err = o.split.parse(); err != nil {
		return opt, err
	}
	if o.imatrix != "" {
		opt.Importance, err = quantize.ReadImportance(o.imatrix)
	}
	return opt, err
}

// run converts a checkpoint in a folder. old has the flags that files and folders share, such as
// --force.
func (o *folderFlags) run(cmd *cobra.Command, u *ui.UI, dir, out string, old convert.Options, output string) error {
	for _, name := range []string{"vocab", "exact", "eps"} {
		if f := cmd.Flags().Lookup(name); f != nil && f.Changed {
			return ui.Usagef("--%s is for old model files, and %s is a folder", name, dir)
		}
	}
	opt, err := o.options()
	if err != nil {
		return err
	}
	opt.Name, opt.Force = old.Name, old.Force
	return convertFolder(cmd.Context(), u, dir, out, opt, output)
}

// convertFolder converts a checkpoint in a folder.
func convertFolder(ctx context.Context, u *ui.UI, dir, out string, opt convert.FolderOptions, output string) error {
	opt.Progress = u.TensorProgress()
	res, err := convert.RunFolder(ctx, dir, out, opt)
	u.ClearStatus()
	if err != nil {
		return folderHint(err)
	}
	for _, note := range res.Notes {
		u.Notef("%s", note)
	}
	r := newFolderReport(dir, res)
	if output == "json" {
		return u.WriteJSON(r)
	}
	return r.print(u)
}

// folderHint returns err with a hint about what the user can do, if there is one.
func folderHint(err error) error {
	switch {
	case errors.Is(err, atomicfile.ErrExists):
		return ui.WithHint(err, "--force replaces the file")
	case errors.Is(err, quantize.ErrNeedsImportance):
		return ui.WithHint(err, "add --imatrix FILE, or choose Q2_K")
	case errors.Is(err, vocab.ErrNoPre):
		return ui.WithHint(err, "name it with --pre: qwen2, llama-bpe, gpt-2, ...")
	}
	return err
}

// folderReport is the result of converting a folder, in JSON.
type folderReport struct {
	Input       string               `json:"input"`
	Outputs     []string             `json:"outputs"`
	Format      string               `json:"format"` // format of the input
	Class       string               `json:"class,omitempty"`
	Arch        string               `json:"architecture"`
	Type        string               `json:"type"`
	Parameters  int64                `json:"parameters"`
	OutputBytes int64                `json:"output_bytes"`
	Seconds     float64              `json:"seconds"`
	Notes       []string             `json:"notes"`
	Tensors     []folderTensorReport `json:"tensors"`
}

// folderTensorReport is a tensor of a folderReport.
type folderTensorReport struct {
	Name  string `json:"name"`
	Shape []int  `json:"shape"` // outermost first
	From  string `json:"from"`
	To    string `json:"to"`
}

func newFolderReport(dir string, res *convert.FolderResult) *folderReport {
	r := &folderReport{
		Input: dir, Outputs: res.Outputs, Format: res.Format, Class: res.Class, Arch: res.Arch, Type: res.Mix.Name,
		Parameters: res.Params, OutputBytes: res.Bytes, Seconds: res.Elapsed.Seconds(), Notes: append([]string{}, res.Notes...),
	}
	for _, t := range res.Tensors {
		r.Tensors = append(r.Tensors, folderTensorReport{t.Tensor.Name, t.Tensor.Shape, t.Tensor.Type.String(), t.To.String()})
	}
	return r
}

// print writes the report for people, with a line for each kind of change.
func (r *folderReport) print(u *ui.UI) error {
	type kind struct{ from, to string }
	var order []kind
	counts := map[kind]int{}
	for _, t := range r.Tensors {
		k := kind{t.From, t.To}
		if counts[k]++; counts[k] == 1 {
			order = append(order, k)
		}
	}
	out := bufio.NewWriter(u.Out)
	tab := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(tab, "tensors\tfrom\tto")
	for _, k := range order {
		fmt.Fprintf(tab, "%d\t%s\t%s\n", counts[k], k.from, k.to)
	}
	tab.Flush()
	class := ""
	if r.Class != "" {
		class = r.Class + ", "
	}
	fmt.Fprintf(out, "\n%s: %s from %s%s, %s in %.2f s\n", strings.Join(r.Outputs, " "), r.Arch, class, r.Format, ui.ByteCount(r.OutputBytes), r.Seconds)
	return out.Flush()
}
