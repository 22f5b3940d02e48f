package eval

import (
	"fmt"
	"image/color"
	"io"
	"math"
	"path/filepath"
	"strconv"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/plotutil"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"
	"gonum.org/v1/plot/vg/vgsvg"
)

// The picture's size.
const (
	plotWidth  = 30 * vg.Centimeter
	plotHeight = 13 * vg.Centimeter
)

// leastKLD is what smaller divergences are drawn as: the scales are
// logarithmic.
const leastKLD = 1e-7

// PlotForm returns "svg" or "png" by the name of a file to plot to.
func PlotForm(path string) (string, error) {
	switch form := strings.ToLower(strings.TrimPrefix(filepath.Ext(path), ".")); form {
	case "svg", "png":
		return form, nil
	}
	return "", fmt.Errorf("eval: plot %q: the name must end in .svg or .png", path)
}

// WritePlot draws the report: on the left what each model's size buys, on the
// right how its divergences are distributed. form is "svg" or "png".
func (r *Report) WritePlot(w io.Writer, form string) error {
	left, err := r.plotSizes()
	if err != nil {
		return fmt.Errorf("eval: plot: %w", err)
	}
	right, err := r.plotDivergences()
	if err != nil {
		return fmt.Errorf("eval: plot: %w", err)
	}
	var canvas interface {
		vg.CanvasSizer
		io.WriterTo
	}
	switch form {
	case "svg":
		canvas = vgsvg.New(plotWidth, plotHeight)
	case "png":
		canvas = vgimg.PngCanvas{Canvas: vgimg.New(plotWidth, plotHeight)}
	default:
		return fmt.Errorf("eval: plot: no form %q", form)
	}
	tiles := draw.Tiles{Rows: 1, Cols: 2, PadX: vg.Centimeter, PadLeft: vg.Millimeter, PadRight: 3 * vg.Millimeter,
		PadTop: vg.Millimeter, PadBottom: vg.Millimeter}
	for i, aligned := range plot.Align([][]*plot.Plot{{left, right}}, tiles, draw.New(canvas))[0] {
		[]*plot.Plot{left, right}[i].Draw(aligned)
	}
	if _, err := canvas.WriteTo(w); err != nil {
		return fmt.Errorf("eval: plot: %w", err)
	}
	return nil
}

// plotSizes draws the mean divergence of each model over its size.
func (r *Report) plotSizes() (*plot.Plot, error) {
	p := newPlot("What size buys", "size, GiB", "mean KL divergence, nats")
	if last := r.Models[len(r.Models)-1].Bytes; last < 1<<28 {
		p.X.Label.Text = "size, MiB"
	}
	logScale(&p.Y)
	for i, m := range r.Models {
		unit := float64(1 << 30)
		if strings.HasSuffix(p.X.Label.Text, "MiB") {
			unit = 1 << 20
		}
		at := plotter.XYs{{X: float64(m.Bytes) / unit, Y: max(m.Comparison.KLD.Mean.Value, leastKLD)}}
		dot, err := plotter.NewScatter(at)
		if err != nil {
			return nil, err
		}
		dot.GlyphStyle = draw.GlyphStyle{Color: lineColor(i), Radius: vg.Points(4), Shape: draw.CircleGlyph{}}
		label, err := plotter.NewLabels(plotter.XYLabels{XYs: at, Labels: []string{m.Name}})
		if err != nil {
			return nil, err
		}
		label.Offset = vg.Point{X: vg.Points(6), Y: vg.Points(3)}
		p.Add(dot, label)
	}
	// Room for the names on the right, and for a single point on all sides.
	span := max(p.X.Max-p.X.Min, p.X.Max*0.1)
	p.X.Min, p.X.Max = p.X.Min-span*0.1, p.X.Max+span*0.35
	p.Y.Min, p.Y.Max = p.Y.Min/2, p.Y.Max*2
	return p, nil
}

// plotDivergences draws, for each model, what share of the tokens has a larger
// divergence.
func (r *Report) plotDivergences() (*plot.Plot, error) {
	p := newPlot("How the divergences are distributed", "KL divergence, nats", "share of the tokens with more")
	logScale(&p.X)
	logScale(&p.Y)
	p.Legend.Left = true
	for i, m := range r.Models {
		line, err := plotter.NewLine(exceedance(m.Comparison.SortedKLD))
		if err != nil {
			return nil, err
		}
		line.Color, line.Width = lineColor(i), vg.Points(1.5)
		p.Add(line)
		p.Legend.Add(m.Name, line)
	}
	p.X.Max *= 1.5
	p.Y.Max = 1
	return p, nil
}

// plotPoints is how many points of a curve are drawn at most.
const plotPoints = 400

// exceedance returns the share of values above each of some of them, which
// must be sorted.
func exceedance(sorted []float64) plotter.XYs {
	n := len(sorted)
	var points plotter.XYs
	// As many points where one token in a thousand is left as where all are.
	steps := math.Log(float64(n)) / plotPoints
	for k := plotPoints; k >= 0; k-- {
		left := int(math.Exp(float64(k) * steps))
		if left < 1 || left > n {
			continue
		}
		x, y := max(sorted[n-left], leastKLD), float64(left)/float64(n)
		if len(points) == 0 || points[len(points)-1].Y != y {
			points = append(points, plotter.XY{X: x, Y: y})
		}
	}
	return points
}

// newPlot returns an empty plot with a grid.
func newPlot(title, x, y string) *plot.Plot {
	p := plot.New()
	p.Title.Text, p.X.Label.Text, p.Y.Label.Text = title, x, y
	p.BackgroundColor = color.White
	p.Title.Padding = 3 * vg.Millimeter
	grid := plotter.NewGrid()
	grid.Horizontal.Color, grid.Vertical.Color = color.Gray{Y: 225}, color.Gray{Y: 225}
	p.Add(grid)
	return p
}

// logScale makes an axis logarithmic.
func logScale(a *plot.Axis) {
	a.Scale = plot.LogScale{}
	a.Tick.Marker = plot.TickerFunc(powersOfTen)
}

// powersOfTen returns a tick at each power of ten, with a label, and at its
// multiples without one.
func powersOfTen(low, high float64) []plot.Tick {
	var ticks []plot.Tick
	for e := int(math.Floor(math.Log10(low))); e <= int(math.Ceil(math.Log10(high))); e++ {
		power, _ := strconv.ParseFloat(fmt.Sprintf("1e%d", e), 64)
		for k := 1.0; k < 10; k++ {
			t := plot.Tick{Value: k * power}
			if k == 1 {
				t.Label = strconv.FormatFloat(power, 'g', -1, 64)
			}
			if t.Value >= low && t.Value <= high {
				ticks = append(ticks, t)
			}
		}
	}
	return ticks
}

// lineColor returns the i-th of a few colours that go well together.
func lineColor(i int) color.Color { return plotutil.SoftColors[i%len(plotutil.SoftColors)] }
