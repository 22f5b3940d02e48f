package report

import (
	"fmt"
	"image/color"
	"io"
	"math"
	"path/filepath"
	"slices"
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

// A Point is a point in a plot.
type Point struct{ X, Y float64 }

// A Series is a set of at least one point. The points are drawn together.
type Series struct {
	Name   string
	Points []Point
	Marks  Marks
}

// Marks says how a series is drawn.
type Marks int

const (
	Line   Marks = iota
	Thin         // a thin line
	Thick        // a thick line
	Points       // a dot at each point
)

// A Plot is a diagram. Each series is drawn as a line that the legend names or, with
// Dots, as a dot at each point with the name beside it.
type Plot struct {
	Title, X, Y string  // the labels
	LogX, LogY  bool    // logarithmic axes; their values must be above 0
	TopY        float64 // upper end of the Y axis; 0: the largest value
	Dots        bool    // dots instead of lines
	Series      []Series
}

// The size of each plot in a picture.
const (
	plotWidth  = 15 * vg.Centimeter
	plotHeight = 13 * vg.Centimeter
)

// PlotForm returns the form for the name of a file: "svg" or "png".
func PlotForm(path string) (string, error) {
	switch form := strings.ToLower(strings.TrimPrefix(filepath.Ext(path), ".")); form {
	case "svg", "png":
		return form, nil
	}
	return "", fmt.Errorf("plot %q: the name must end in .svg or .png", path)
}

// WritePlots draws plots side by side. form is "svg" or "png".
func WritePlots(w io.Writer, form string, plots ...Plot) error {
	row := make([]*plot.Plot, len(plots))
	for i := range plots {
		var err error
		if row[i], err = plots[i].draw(); err != nil {
			return fmt.Errorf("plot: %w", err)
		}
	}
	return writeRow(w, form, row)
}

// writeRow draws plots of gonum's library side by side.
func writeRow(w io.Writer, form string, row []*plot.Plot) error {
	var canvas interface {
		vg.CanvasSizer
		io.WriterTo
	}
	width := vg.Length(len(row)) * plotWidth
	switch form {
	case "svg":
		canvas = vgsvg.New(width, plotHeight)
	case "png":
		canvas = vgimg.PngCanvas{Canvas: vgimg.New(width, plotHeight)}
	default:
		return fmt.Errorf("plot: no form %q", form)
	}
	tiles := draw.Tiles{Rows: 1, Cols: len(row), PadX: vg.Centimeter, PadLeft: vg.Millimeter, PadRight: 3 * vg.Millimeter,
		PadTop: vg.Millimeter, PadBottom: vg.Millimeter}
	whole := draw.New(canvas)
	whole.SetColor(color.White) // the letters are black, so a dark page needs a white background
	whole.Fill(whole.Rectangle.Path())
	for i, aligned := range plot.Align([][]*plot.Plot{row}, tiles, whole)[0] {
		row[i].Draw(aligned)
	}
	if _, err := canvas.WriteTo(w); err != nil {
		return fmt.Errorf("plot: %w", err)
	}
	return nil
}

// draw returns the plot as one of gonum's library.
func (p *Plot) draw() (*plot.Plot, error) {
	d := plot.New()
	d.Title.Text, d.X.Label.Text, d.Y.Label.Text = p.Title, p.X, p.Y
	d.BackgroundColor = color.White
	d.Title.Padding = 3 * vg.Millimeter
	grid := plotter.NewGrid()
	grid.Horizontal.Color, grid.Vertical.Color = color.Gray{Y: 225}, color.Gray{Y: 225}
	d.Add(grid)
	if p.LogX {
		logScale(&d.X)
	}
	if p.LogY {
		logScale(&d.Y)
	}
	d.Legend.Left = true
	for i, s := range p.Series {
		points := make(plotter.XYs, len(s.Points))
		for j, at := range s.Points {
			points[j] = plotter.XY(at)
		}
		add := s.add
		if p.Dots {
			add = s.addNamed
		}
		if err := add(d, points, plotutil.SoftColors[i%len(plotutil.SoftColors)]); err != nil {
			return nil, err
		}
	}
	widen(&d.X, p.LogX, p.Dots)
	if p.Dots || d.Y.Min == d.Y.Max { // if all values were 1, the library would make the axis begin at 0, even a logarithmic one
		widen(&d.Y, p.LogY, false)
	}
	if p.TopY != 0 {
		d.Y.Max = p.TopY
	}
	return d, nil
}

// widen makes room around the data, even around a single point. If names is true, it also makes
// room for names on the right.
func widen(a *plot.Axis, logarithmic, names bool) {
	if logarithmic {
		a.Min, a.Max = a.Min/2, a.Max*2
		return
	}
	span := max(a.Max-a.Min, math.Abs(a.Max)*0.1)
	a.Min, a.Max = a.Min-span*0.1, a.Max+span*0.1
	if names {
		a.Max += span * 0.25
	}
}

// addNamed draws a dot at each point, with the series' name beside it.
func (s *Series) addNamed(d *plot.Plot, at plotter.XYs, c color.Color) error {
	dot, err := plotter.NewScatter(at)
	if err != nil {
		return err
	}
	dot.GlyphStyle = draw.GlyphStyle{Color: c, Radius: vg.Points(4), Shape: draw.CircleGlyph{}}
	label, err := plotter.NewLabels(plotter.XYLabels{XYs: at, Labels: slices.Repeat([]string{s.Name}, len(at))})
	if err != nil {
		return err
	}
	label.Offset = vg.Point{X: vg.Points(6), Y: vg.Points(3)}
	d.Add(dot, label)
	return nil
}

// add draws a series that the legend names.
func (s *Series) add(d *plot.Plot, points plotter.XYs, c color.Color) error {
	if s.Marks == Points {
		dots, err := plotter.NewScatter(points)
		if err != nil {
			return err
		}
		dots.GlyphStyle = draw.GlyphStyle{Color: c, Radius: vg.Points(3), Shape: draw.CircleGlyph{}}
		d.Add(dots)
		d.Legend.Add(s.Name, dots)
		return nil
	}
	line, err := plotter.NewLine(points)
	if err != nil {
		return err
	}
	line.Color, line.Width = c, map[Marks]vg.Length{Line: vg.Points(1.5), Thin: vg.Points(0.5), Thick: vg.Points(2.5)}[s.Marks]
	d.Add(line)
	d.Legend.Add(s.Name, line)
	return nil
}

// logScale makes an axis logarithmic.
func logScale(a *plot.Axis) {
	a.Scale = plot.LogScale{}
	a.Tick.Marker = plot.TickerFunc(powersOfTen)
}

// powersOfTen returns a tick at each power of ten, with a label, and ticks without labels at its
// multiples.
func powersOfTen(low, high float64) []plot.Tick {
	var ticks []plot.Tick
	if !(low > 0 && high <= math.MaxFloat64) {
		return nil // an infinite range would have infinitely many ticks
	}
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
