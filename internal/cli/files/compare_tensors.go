package files

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"alpaca/internal/cli/flags"
	"alpaca/internal/cli/load"
	"alpaca/internal/cli/ui"
	"alpaca/internal/gguf"
	"alpaca/internal/quantize"
)

// NewCompareTensors returns the command "alpaca compare-tensors".
func NewCompareTensors(u *ui.UI) *cobra.Command {
	var all bool
	var output string
	cmd := &cobra.Command{
		Use:   "compare-tensors A B",
		Short: "Show how the weights of two model files differ",
		Long: `Compare two model files tensor by tensor. The result says which tensors are equal byte
for byte, and for the others how far the weights of B are from those of A. Weights are
compared as numbers, even if their types differ. The exit status is 1 if any weight
differs.`,
		Args: cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			return compareTensors(cmd.Context(), u, args[0], args[1], all, output)
		},
	}
	cmd.Flags().BoolVar(&all, "all", false, "also show tensors that are the same byte for byte")
	flags.AddOutput(cmd.Flags(), &output, "text", "json")
	return cmd
}

// errTensorsDiffer is the error for tensors that differ. It makes the exit status 1.
var errTensorsDiffer = errors.New("the weights differ")

func compareTensors(ctx context.Context, u *ui.UI, pathA, pathB string, all bool, output string) error {
	a, err := load.OpenFile(pathA, gguf.Options{HeaderOnly: true, NoMap: true})
	if err != nil {
		return err
	}
	defer a.Close()
	b, err := load.OpenFile(pathB, gguf.Options{HeaderOnly: true, NoMap: true})
	if err != nil {
		return err
	}
	defer b.Close()
	list, err := quantize.CompareTensors(ctx, a, b)
	if err != nil {
		return err
	}
	r := newCompareReport(list, all)
	if output == "json" {
		err = u.WriteJSON(r)
	} else {
		err = printComparison(u, r)
	}
	if err == nil && r.Different > 0 {
		err = errTensorsDiffer
	}
	return err
}

// compareReport is the result of "alpaca compare-tensors" in JSON.
type compareReport struct {
	Same      int                   `json:"same"`      // equal byte for byte
	Equal     int                   `json:"equal"`     // equal as numbers, in different types
	Different int                   `json:"different"` // all other tensors
	Tensors   []compareTensorReport `json:"tensors"`
}

// compareTensorReport is a tensor of a compareReport.
type compareTensorReport struct {
	Name   string `json:"name"`
	Result string `json:"result"` // "same", "equal", "differs", or why the two tensors cannot be compared
	TypeA  string `json:"type_a,omitempty"`
	TypeB  string `json:"type_b,omitempty"`
	ShapeA []int  `json:"shape_a,omitempty"` // outermost first
	ShapeB []int  `json:"shape_b,omitempty"`

	*tensorErrorReport // nil unless Result is "equal" or "differs"
}

// newCompareReport counts the results and lists the tensors. If all is
// false, the list leaves out tensors that are the same byte for byte.
func newCompareReport(list []quantize.Difference, all bool) *compareReport {
	r := &compareReport{Tensors: []compareTensorReport{}}
	for i := range list {
		d := &list[i]
		t := compareTensorReport{Name: d.Name}
		if d.A != nil {
			t.TypeA, t.ShapeA = d.A.Type.String(), d.A.Shape
		}
		if d.B != nil {
			t.TypeB, t.ShapeB = d.B.Type.String(), d.B.Shape
		}
		switch {
		case d.Same:
			t.Result = "same"
			r.Same++
		case d.Equal():
			t.Result = "equal"
			r.Equal++
		default:
			t.Result = different(d)
			r.Different++
		}
		if d.Comparable && !d.Same {
			t.tensorErrorReport = newTensorErrorReport(&d.Stats)
		}
		if all || !d.Same {
			r.Tensors = append(r.Tensors, t)
		}
	}
	return r
}

// different returns a text that says how two tensors differ.
func different(d *quantize.Difference) string {
	switch {
	case d.A == nil:
		return "only in B"
	case d.B == nil:
		return "only in A"
	case !d.Comparable && fmt.Sprint(d.A.Shape) != fmt.Sprint(d.B.Shape):
		return "shapes differ"
	case !d.Comparable && d.A.Type == d.B.Type:
		return "bytes differ"
	case !d.Comparable:
		return "types differ"
	case d.NaN > 0:
		return fmt.Sprintf("differs, %d weights are NaN in one file only", d.NaN)
	}
	return "differs"
}

// printComparison writes the report for a human.
func printComparison(u *ui.UI, r *compareReport) error {
	out := bufio.NewWriter(u.Out)
	if len(r.Tensors) > 0 {
		tab := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
		fmt.Fprintln(tab, "tensor\tA\tB\tresult\tRMS error\tmax error\trelative")
		for _, t := range r.Tensors {
			fmt.Fprintf(tab, "%s\t%s\t%s\t%s", ui.Printable(t.Name), describe(t.TypeA, t.ShapeA), describe(t.TypeB, t.ShapeB), t.Result)
			if e := t.tensorErrorReport; e != nil {
				fmt.Fprintf(tab, "\t%.4g\t%.4g\t%.3f %%", e.RMS, e.Max, 100*e.Relative)
			}
			fmt.Fprintln(tab)
		}
		tab.Flush()
		fmt.Fprintln(out)
	}
	fmt.Fprintf(out, "%d tensors the same, %d equal in other types, %d different\n", r.Same, r.Equal, r.Different)
	return out.Flush()
}

// describe returns a tensor's type and shape as text.
func describe(typ string, dims []int) string {
	if typ == "" {
		return "-"
	}
	return typ + " " + ui.Shape(dims)
}
