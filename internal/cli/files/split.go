package files

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"alpaca/internal/atomicfile"
	"alpaca/internal/cli/flags"
	"alpaca/internal/cli/load"
	"alpaca/internal/cli/ui"
	"alpaca/internal/convert"
	"alpaca/internal/gguf"
	"alpaca/internal/quantize"
)

// splitFlags are the flags that divide an output into several files, as llama.cpp's gguf-split
// does.
type splitFlags struct {
	maxSize    string
	maxTensors int
}

func (o *splitFlags) add(fs *pflag.FlagSet) {
	fs.StringVar(&o.maxSize, "split-max-size", "", "split the output into files of at most this `size`, such as 500M or 4G (millions, billions of bytes)")
	fs.IntVar(&o.maxTensors, "split-max-tensors", 0, "split the output into files of at most this `number` of tensors")
}

// parse checks the flags.
func (o *splitFlags) parse() (s quantize.Split, err error) {
	if o.maxTensors < 0 {
		return s, flags.ValueError("split-max-tensors", fmt.Errorf("%d is negative", o.maxTensors))
	}
	s.MaxTensors = o.maxTensors
	if o.maxSize != "" {
		if s.MaxBytes, err = parseSplitSize(o.maxSize); err != nil {
			return s, flags.ValueError("split-max-size", err)
		}
	}
	return s, nil
}

// parseSplitSize parses a number of bytes, which may have K, M or G after it.
func parseSplitSize(s string) (int64, error) {
	units := map[byte]int64{'K': 1e3, 'M': 1e6, 'G': 1e9}
	unit, number := int64(1), s
	if u, ok := units[strings.ToUpper(s)[len(s)-1]]; ok {
		unit, number = u, s[:len(s)-1]
	}
	n, err := strconv.ParseInt(number, 10, 64)
	if err != nil || n < 1 || n > math.MaxInt64/unit {
		return 0, fmt.Errorf("%q is not a size such as 500M or 4G", s)
	}
	return n * unit, nil
}

// NewSplit returns the command "alpaca split".
func NewSplit(u *ui.UI) *cobra.Command {
	var o splitFlags
	var opt convert.SplitOptions
	var dryRun bool
	var output string
	cmd := &cobra.Command{
		Use:   "split IN.gguf PREFIX",
		Short: "Split a model file into several files",
		Long: `Write a model as several files, PREFIX-00001-of-N.gguf and so on. Programs that know how
llama.cpp splits models treat these files as one model, which can be opened by the name
of any of them. The first file has the metadata. Without a size or a number, a file has
128 tensors at most.`,
		Example: `  alpaca split model.gguf model --split-max-size 2G
  alpaca split model.gguf model --split-max-tensors 100 --dry-run`,
		Args: cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			if err := flags.CheckNames(args...); err != nil {
				return err
			}
			if opt.Split, err = o.parse(); err != nil {
				return err
			}
			if opt.Split == (quantize.Split{}) {
				opt.Split.MaxTensors = 128
			}
			return splitFile(cmd.Context(), u, args, opt, dryRun, output)
		},
	}
	fs := cmd.Flags()
	fs.SortFlags = false
	o.add(fs)
	fs.BoolVar(&opt.NoTensorFirst, "no-tensor-first-split", false, "the first file has only the metadata")
	fs.BoolVar(&dryRun, "dry-run", false, "only show which files would be written")
	fs.BoolVar(&opt.Force, "force", false, "replace outputs that exist")
	flags.AddOutput(fs, &output, "text", "json")
	return cmd
}

func splitFile(ctx context.Context, u *ui.UI, args []string, opt convert.SplitOptions, dryRun bool, output string) error {
	f, err := load.OpenFile(args[0], gguf.Options{HeaderOnly: true, NoMap: true})
	if err != nil {
		return err
	}
	defer f.Close()
	plan := convert.PlanSplit(f, args[1], opt)
	const limit = 99999
	if len(plan.Outputs) > limit {
		return fmt.Errorf("the output would have %d files: at most %d are possible", len(plan.Outputs), limit)
	}
	if !dryRun {
		opt.Progress = u.TensorProgress()
		err := convert.Split(ctx, f, plan, opt)
		u.ClearStatus()
		if err != nil {
			return existsHint(err)
		}
	}
	type part struct {
		Path    string `json:"path"`
		Tensors int    `json:"tensors"`
		Bytes   int64  `json:"bytes"` // size of the tensors
	}
	r := struct {
		Input string `json:"input"`
		Parts []part `json:"parts"`
	}{Input: args[0]}
	for i, path := range plan.Outputs {
		r.Parts = append(r.Parts, part{path, plan.Tensors[i], plan.Bytes[i]})
	}
	if output == "json" {
		return u.WriteJSON(r)
	}
	for _, p := range r.Parts {
		fmt.Fprintf(u.Out, "%s: %d tensors, %s\n", p.Path, p.Tensors, ui.ByteCount(p.Bytes))
	}
	return nil
}

// existsHint returns err, with a hint if it says that an output exists already.
func existsHint(err error) error {
	if errors.Is(err, atomicfile.ErrExists) {
		return ui.WithHint(err, "--force replaces the file")
	}
	return err
}

// NewJoin returns the command "alpaca join".
func NewJoin(u *ui.UI) *cobra.Command {
	var opt convert.SplitOptions
	cmd := &cobra.Command{
		Use:     "join PART.gguf OUT.gguf",
		Short:   "Join the files of a split model",
		Long:    "Write one file with everything that the files of a split model have. PART.gguf may be any of them.",
		Example: "  alpaca join model-00001-of-00003.gguf model.gguf",
		Args:    cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := flags.CheckNames(args...); err != nil {
				return err
			}
			f, err := load.OpenFile(args[0], gguf.Options{HeaderOnly: true, NoMap: true})
			if err != nil {
				return err
			}
			defer f.Close()
			opt.Progress = u.TensorProgress()
			err = convert.Join(cmd.Context(), f, args[1], opt)
			u.ClearStatus()
			if err != nil {
				return existsHint(err)
			}
			fmt.Fprintf(u.Out, "%s: %d tensors of %d files\n", args[1], len(f.Tensors), len(f.Parts))
			return nil
		},
	}
	fs := cmd.Flags()
	fs.SortFlags = false
	fs.BoolVar(&opt.Force, "force", false, "replace the output if it exists")
	return cmd
}
