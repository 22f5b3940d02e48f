package files

import (
	"bufio"
	"fmt"
	"text/tabwriter"

	"alpaca/internal/cli/ui"
	"alpaca/internal/quant"
	"alpaca/internal/quantize"
	"alpaca/internal/report"
)

// quantizeReport is the result of "alpaca quantize", or of its dry run, in JSON.
type quantizeReport struct {
	Input   string                 `json:"input"`
	Outputs []string               `json:"outputs"`
	Type    string                 `json:"type"`
	DryRun  bool                   `json:"dry_run"`
	Tensors []quantizeTensorReport `json:"tensors"`

	Parameters  int64         `json:"parameters"`
	InputBytes  int64         `json:"input_bytes"`  // size of all input files
	OutputBytes int64         `json:"output_bytes"` // size of all output files
	Bits        float64       `json:"bits_per_weight"`
	Seconds     float64       `json:"seconds,omitempty"`
	MBPerSecond float64       `json:"mb_per_second,omitempty"` // millions of bytes of tensors read per second
	ModelError  report.Number `json:"relative_rms_error,omitempty"`
}

// quantizeTensorReport is a tensor of a quantizeReport.
type quantizeTensorReport struct {
	Name        string  `json:"name"`
	Shape       []int   `json:"shape"` // outermost first
	From        string  `json:"from"`
	To          string  `json:"to"`
	Note        string  `json:"note,omitempty"`
	InputBytes  int64   `json:"input_bytes"`
	OutputBytes int64   `json:"output_bytes"`
	Bits        float64 `json:"bits_per_weight"`

	*tensorErrorReport // nil without --stats, and for tensors that did not change
}

// tensorErrorReport says how far the decoded weights of a tensor are from the original ones.
type tensorErrorReport struct {
	RMS      report.Number `json:"rms_error"`
	Max      report.Number `json:"max_error"`
	Relative report.Number `json:"relative_rms_error"` // relative to the weights' own root mean square
}

func newTensorErrorReport(e *quant.Error) *tensorErrorReport {
	return &tensorErrorReport{report.Number(e.RMS()), report.Number(e.Max), report.Number(e.Relative())}
}

// newQuantizeReport returns the report of a plan and its result. res is nil for a dry run.
func newQuantizeReport(plan *quantize.Plan, res *quantize.Result, outputs []string) (*quantizeReport, error) {
	r := &quantizeReport{
		Input: plan.Input.Path, Outputs: outputs, Type: plan.Options.Mix.Name, DryRun: res == nil,
		Parameters: plan.Weights(), InputBytes: plan.Input.Size(),
	}
	r.Bits = 8 * float64(plan.OutputBytes()) / float64(max(1, r.Parameters))
	var total quant.Error
	for i := range plan.Steps {
		s := &plan.Steps[i]
		t := quantizeTensorReport{
			Name: s.Tensor.Name, Shape: s.Tensor.Shape, From: s.Tensor.Type.String(), To: s.To.String(), Note: s.Note,
			InputBytes: s.Tensor.Bytes, OutputBytes: s.Bytes(),
			Bits: 8 * float64(s.Bytes()) / float64(max(1, s.Tensor.Elems())),
		}
		if res != nil && res.Tensors[i].Error != nil {
			e := res.Tensors[i].Error
			t.tensorErrorReport = newTensorErrorReport(e)
			total.Add(*e)
		}
		r.Tensors = append(r.Tensors, t)
	}
	r.ModelError = report.Number(total.Relative())
	if res == nil {
		var err error
		r.OutputBytes, err = plan.FileBytes()
		return r, err
	}
	r.OutputBytes = res.Bytes
	r.Seconds = res.Elapsed.Seconds()
	r.MBPerSecond = float64(plan.InputBytes()) / 1e6 / max(r.Seconds, 1e-9)
	return r, nil
}

// report writes r to stdout, as a table or JSON.
func (o *quantizeOptions) report(u *ui.UI, r *quantizeReport) error {
	if o.output == "json" {
		return u.WriteJSON(r)
	}
	out := bufio.NewWriter(u.Out)
	tab := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprint(tab, "tensor\tshape\tfrom\tto\tsize")
	if o.stats && !r.DryRun {
		fmt.Fprint(tab, "\tbits\tRMS error\tmax error\trelative")
	}
	fmt.Fprintln(tab)
	for _, t := range r.Tensors {
		fmt.Fprintf(tab, "%s\t%s\t%s\t%s\t%s", ui.Printable(t.Name), ui.Shape(t.Shape), t.From, t.To, ui.ByteCount(t.OutputBytes))
		if e := t.tensorErrorReport; e != nil {
			fmt.Fprintf(tab, "\t%.4g\t%.4g\t%.4g\t%.3f %%", t.Bits, e.RMS, e.Max, 100*e.Relative)
		} else if o.stats && !r.DryRun {
			fmt.Fprintf(tab, "\t%.4g\t\t\t", t.Bits)
		}
		if t.Note != "" {
			fmt.Fprintf(tab, "\t%s", t.Note)
		}
		fmt.Fprintln(tab)
	}
	tab.Flush()
	fmt.Fprintf(out, "\n%s: %d tensors, %s parameters, %s -> %s, %.2f bits per weight",
		r.Type, len(r.Tensors), ui.Count(r.Parameters), ui.ByteCount(r.InputBytes), ui.ByteCount(r.OutputBytes), r.Bits)
	if r.ModelError > 0 {
		fmt.Fprintf(out, ", relative error %.3f %%", 100*r.ModelError)
	}
	fmt.Fprintln(out)
	return out.Flush()
}
