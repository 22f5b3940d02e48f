// Package report draws what runs and measurements report.
//
//	Curves ─ losses of a training run, those of held-out examples, learning rates
//
// Drawings are SVG or PNG. It alone knows the drawing library, which brings many modules
// with it.
package report

import (
	"fmt"
	"image/color"
	"io"
	"math"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"
	"gonum.org/v1/plot/vg/vgsvg"
)

// Point is an update and a number.
type Point struct{ X, Y float64 }

// Curves is the course of a training run.
type Curves struct {
	Title  string
	Losses []float32 // of each update
	Evals  []Point   // losses of the held-out examples after so many updates
	Rates  []float64 // learning rate of each update
}

// The picture's size.
const (
	curvesWidth  = 24 * vg.Centimeter
	curvesHeight = 15 * vg.Centimeter
)

// Write draws the losses, raw and thin, smoothed and thick, with the held-out ones as
// dots, and below them the learning rates. form is "svg" or "png".
func (c *Curves) Write(w io.Writer, form string) error {
	losses, rates := plot.New(), plot.New()
	losses.Title.Text, losses.Y.Label.Text = c.Title, "loss"
	rates.X.Label.Text, rates.Y.Label.Text = "update", "learning rate"
	if err := c.addLosses(losses); err != nil {
		return fmt.Errorf("report: curves: %w", err)
	}
	points := make(plotter.XYs, len(c.Rates))
	for i, r := range c.Rates {
		points[i] = plotter.XY{X: float64(i + 1), Y: r}
	}
	if err := addLine(rates, points, vg.Points(1), color.Gray{90}); err != nil {
		return fmt.Errorf("report: curves: %w", err)
	}
	var canvas interface {
		vg.CanvasSizer
		io.WriterTo
	}
	switch form {
	case "svg":
		canvas = vgsvg.New(curvesWidth, curvesHeight)
	case "png":
		canvas = vgimg.PngCanvas{Canvas: vgimg.New(curvesWidth, curvesHeight)}
	default:
		return fmt.Errorf("report: curves: no form %q", form)
	}
	all := draw.New(canvas)
	margin := 3 * vg.Millimeter
	low := curvesHeight / 3
	losses.Draw(draw.Crop(all, margin, -margin, low, -margin))
	rates.Draw(draw.Crop(all, margin, -margin, margin, low-curvesHeight))
	if _, err := canvas.WriteTo(w); err != nil {
		return fmt.Errorf("report: curves: %w", err)
	}
	return nil
}

// addLosses draws all losses.
func (c *Curves) addLosses(p *plot.Plot) error {
	var raw, smooth plotter.XYs
	mean := math.NaN()
	keep := 1 - 1/max(2, float64(len(c.Losses))/50)
	for i, l := range c.Losses {
		y := float64(l)
		if math.IsNaN(y) || math.IsInf(y, 0) {
			continue
		}
		if math.IsNaN(mean) {
			mean = y
		}
		mean = float64(keep*mean) + float64((1-keep)*y)
		raw = append(raw, plotter.XY{X: float64(i + 1), Y: y})
		smooth = append(smooth, plotter.XY{X: float64(i + 1), Y: mean})
	}
	if err := addLine(p, raw, vg.Points(0.5), color.RGBA{150, 180, 220, 255}); err != nil {
		return err
	}
	if err := addLine(p, smooth, vg.Points(1.8), color.RGBA{20, 80, 160, 255}); err != nil {
		return err
	}
	var dots plotter.XYs
	for _, e := range c.Evals {
		if !math.IsNaN(e.Y) && !math.IsInf(e.Y, 0) {
			dots = append(dots, plotter.XY{X: e.X, Y: e.Y})
		}
	}
	if len(dots) == 0 {
		return nil
	}
	scatter, err := plotter.NewScatter(dots)
	if err != nil {
		return err
	}
	scatter.GlyphStyle = draw.GlyphStyle{Color: color.RGBA{200, 60, 30, 255}, Radius: vg.Points(2.5), Shape: draw.CircleGlyph{}}
	p.Add(scatter)
	p.Legend.Add("held out", scatter)
	p.Legend.Top = true
	return nil
}

func addLine(p *plot.Plot, points plotter.XYs, width vg.Length, c color.Color) error {
	if len(points) == 0 {
		return nil
	}
	line, err := plotter.NewLine(points)
	if err != nil {
		return err
	}
	line.Width, line.Color = width, c
	p.Add(line)
	return nil
}
