package train

import (
	"context"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"alpaca/internal/cli/ui"
	"alpaca/internal/gguf"
	"alpaca/internal/quantize"
	"alpaca/internal/report"
	"alpaca/internal/train"
)

// finish writes the output, the drawings and README.md, and shows the user the results.
func (j *job) finish(ctx context.Context) error {
	results := j.results()
	if len(j.heldOut) > 0 {
		theirs, ours, err := j.inferenceLoss(ctx)
		if err != nil {
			return err
		}
		results += fmt.Sprintf("loss of %[3]d held-out examples: %.4[1]f as \"alpaca run\" computes it, %.4[2]f as training does\n", theirs, ours, min(measuredRows, len(j.heldOut)))
	}
	more, err := j.comparison()
	if err != nil {
		return err
	}
	if err := j.writeOutput(ctx, results); err != nil {
		return err
	}
	if err := j.draw(); err != nil {
		return err
	}
	if err := writeText(filepath.Join(j.dir, "README.md"), j.readme(results)+more); err != nil {
		return err
	}
	j.u.Notef("wrote %s; log and drawings are in %s", j.Output, j.dir)
	for line := range strings.Lines(results) {
		if line = strings.TrimSpace(line); line != "" {
			j.u.Notef("%s", line)
		}
	}
	return nil
}

// results returns lines that compare the run's end with its beginning.
func (j *job) results() string {
	e, l := j.record.Evals, j.record.Losses
	var b strings.Builder
	if len(e) >= 4 {
		fmt.Fprintf(&b, "held-out loss %.4f at the end, %.4f before the training\n", e[len(e)-1], e[1])
	}
	if len(l) > 0 {
		fmt.Fprintf(&b, "training loss %.4f in the last update, %.4f in the first\n", l[len(l)-1], l[0])
	}
	if n := j.trainer.State.Skipped; n > 0 {
		fmt.Fprintf(&b, "%d updates were skipped\n", n)
	}
	return b.String()
}

// writeOutput writes the adapter or the model.
func (j *job) writeOutput(ctx context.Context, results string) error {
	m := j.trainer.Model
	switch {
	case m.Rank > 0 && !j.Merge && strings.HasSuffix(j.Output, ".gguf"):
		return m.WriteAdapter(j.Output, j.name())
	case m.Rank > 0 && !j.Merge:
		return m.WritePEFT(j.Output, train.PEFT{Base: j.name(), Alpha: j.LoRAAlpha, Stable: j.RsLoRA, Drop: j.LoRADropout, Readme: j.readme(results)})
	}
	return j.writeModel(ctx)
}

// writeModel writes the model in the type of --outtype. If this type
// is not float32, the output is made from a temporary file in float32.
func (j *job) writeModel(ctx context.Context) error {
	mix, err := quantize.ParseMix(j.OutType)
	if err != nil {
		return err
	}
	kv, extra := j.metadata(), j.extra()
	if mix.Name == "F32" {
		return j.trainer.WriteModel(j.Output, kv, extra)
	}
	wide := filepath.Join(j.dir, "model-f32.gguf")
	if err := j.trainer.WriteModel(wide, kv, extra); err != nil {
		return err
	}
	defer os.Remove(wide)
	f, err := gguf.Open(wide)
	if err != nil {
		return err
	}
	defer f.Close()
	plan, err := quantize.NewPlan(f, quantize.Options{Mix: mix})
	if err != nil {
		return err
	}
	_, err = plan.Run(ctx, j.Output, quantize.RunOptions{Threads: j.pool.Threads(), Force: true})
	return err
}

// metadata returns the metadata for a file with the trained model in float32.
func (j *job) metadata() (kv []gguf.KV) {
	for _, e := range j.kv {
		if e.Key != "general.file_type" && e.Key != "general.quantization_version" && !strings.HasPrefix(e.Key, "split.") {
			kv = append(kv, e)
		}
	}
	if j.learned != "" {
		kv = slices.DeleteFunc(kv, func(e gguf.KV) bool { return e.Key == templateKey })
		kv = append(kv, gguf.KV{Key: templateKey, Value: gguf.Str(j.learned)})
	}
	return append(kv, gguf.KV{Key: "general.file_type", Value: gguf.U32(0)})
}

// extra returns those tensors of the base that are copied unchanged.
func (j *job) extra() []gguf.Tensor {
	if j.base == nil {
		return nil
	}
	return train.Kept(j.base)
}

// draw draws the losses and the learning rates, as SVG and PNG.
func (j *job) draw() error {
	losses := report.Plot{Title: filepath.Base(j.dir), X: "update", Y: "loss", Series: lossSeries(j.record.Losses, j.record.Evals)}
	rates := report.Plot{Title: "learning rate", X: "update", Series: []report.Series{{Name: j.Scheduler}}}
	for u := range j.record.Losses {
		rates.Series[0].Points = append(rates.Series[0].Points, report.Point{X: float64(u + 1), Y: j.trainer.Settings.Schedule.Rate(u)})
	}
	for _, form := range []string{"svg", "png"} {
		err := ui.WriteOutput(filepath.Join(j.dir, "loss."+form), func(w io.Writer) error { return report.WritePlots(w, form, losses, rates) })
		if err != nil {
			return err
		}
	}
	return nil
}

// lossSeries returns up to three curves: the loss of each update, this loss smoothed
// over updates, and the loss of the held-out examples. evals has pairs of an update
// and a loss. Losses that are not finite and curves without points are left out.
func lossSeries(losses, evals []float32) []report.Series {
	each, smooth, held := report.Series{Name: "each update", Marks: report.Thin}, report.Series{Name: "smoothed", Marks: report.Thick},
		report.Series{Name: "held out", Marks: report.Points}
	mean := math.NaN()
	keep := 1 - 1/max(2, float64(len(losses))/50)
	for i, l := range losses {
		y := float64(l)
		if math.IsNaN(y) || math.IsInf(y, 0) {
			continue
		}
		if math.IsNaN(mean) {
			mean = y
		}
		mean = float64(keep*mean) + float64((1-keep)*y)
		each.Points = append(each.Points, report.Point{X: float64(i + 1), Y: y})
		smooth.Points = append(smooth.Points, report.Point{X: float64(i + 1), Y: mean})
	}
	for i := 0; i+1 < len(evals); i += 2 {
		if y := float64(evals[i+1]); !math.IsNaN(y) && !math.IsInf(y, 0) {
			held.Points = append(held.Points, report.Point{X: float64(evals[i]), Y: y})
		}
	}
	var list []report.Series
	for _, s := range []report.Series{each, smooth, held} {
		if len(s.Points) > 0 {
			list = append(list, s)
		}
	}
	return list
}

func writeText(path, text string) error {
	return ui.WriteOutput(path, func(w io.Writer) error {
		_, err := io.WriteString(w, text)
		return err
	})
}
