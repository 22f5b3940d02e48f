package report

import (
	"fmt"
	"image/color"
	"io"
	"strconv"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/plotutil"
	"gonum.org/v1/plot/vg"
)

// Bars is a bar chart: groups of bars that begin at 0. The value of each bar stands above it.
type Bars struct {
	Title, Y string
	Groups   []string // the names below the groups
	Series   []BarSeries
}

// BarSeries is a series of bars, one in each group.
type BarSeries struct {
	Name   string
	Values []float64
}

// WriteBars draws bar charts side by side. form is "svg" or "png".
func WriteBars(w io.Writer, form string, bars ...Bars) error {
	row := make([]*plot.Plot, len(bars))
	for i := range bars {
		var err error
		if row[i], err = bars[i].draw(); err != nil {
			return fmt.Errorf("plot: %w", err)
		}
	}
	return writeRow(w, form, row)
}

// draw returns the chart as a plot of gonum's library.
func (b *Bars) draw() (*plot.Plot, error) {
	d := plot.New()
	d.Title.Text, d.Y.Label.Text = b.Title, b.Y
	d.BackgroundColor = color.White
	d.Title.Padding = 3 * vg.Millimeter
	grid := plotter.NewGrid()
	grid.Vertical.Width, grid.Horizontal.Color = 0, color.Gray{Y: 225}
	d.Add(grid)
	width := 0.75 * (plotWidth - 3*vg.Centimeter) / vg.Length(len(b.Groups)*len(b.Series))
	largest := 0.0
	for i, s := range b.Series {
		chart, err := plotter.NewBarChart(plotter.Values(s.Values), width)
		if err != nil {
			return nil, err
		}
		chart.Color, chart.LineStyle.Width = plotutil.SoftColors[i%len(plotutil.SoftColors)], 0
		chart.Offset = width * (vg.Length(i) - vg.Length(len(b.Series)-1)/2)
		labels := plotter.XYLabels{}
		for j, v := range s.Values {
			largest = max(largest, v)
			labels.XYs = append(labels.XYs, plotter.XY{X: float64(j), Y: v})
			labels.Labels = append(labels.Labels, strconv.FormatFloat(v, 'f', digitsOf(v), 64))
		}
		above, err := plotter.NewLabels(labels)
		if err != nil {
			return nil, err
		}
		for j := range above.TextStyle {
			above.TextStyle[j].XAlign = -0.5
		}
		above.Offset = vg.Point{X: chart.Offset, Y: vg.Points(2)}
		d.Add(chart, above)
		d.Legend.Add(s.Name, chart)
	}
	d.Legend.Top, d.Legend.Left = true, true // the colours stand left of the names, because letters may be wider in another viewer
	d.Y.Tick.Marker = plot.TickerFunc(plainTicks)
	d.NominalX(b.Groups...)
	d.Y.Min, d.Y.Max = 0, largest*1.2 // room for the legend
	return d, nil
}

// plainTicks returns the library's ticks, without trailing zeros: 500, not 500.00.
func plainTicks(low, high float64) []plot.Tick {
	ticks := plot.DefaultTicks{}.Ticks(low, high)
	for i := range ticks {
		if !ticks[i].IsMinor() {
			ticks[i].Label = strconv.FormatFloat(ticks[i].Value, 'g', 6, 64)
		}
	}
	return ticks
}

// digitsOf returns the number of decimals of the value above a bar.
func digitsOf(v float64) int {
	if v < 100 {
		return 1
	}
	return 0
}
