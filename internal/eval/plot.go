package eval

import (
	"io"
	"math"

	"alpaca/internal/report"
)

// minKLD is the least divergence that is drawn: smaller ones are drawn as minKLD,
// because the scales are logarithmic.
const minKLD = 1e-7

// WritePlot draws the report. On the left is the mean divergence over the size of each
// model, on the right the distribution of its divergences. form is "svg" or "png".
func (r *Report) WritePlot(w io.Writer, form string) error {
	return report.WritePlots(w, form, r.plotSizes(), r.plotDivergences())
}

// plotSizes draws the mean divergence of each model over its size.
func (r *Report) plotSizes() report.Plot {
	p := report.Plot{Title: "Divergence by size", X: "size, GiB", Y: "mean KL divergence, nats", LogY: true, Dots: true}
	unit := float64(1 << 30)
	if r.Models[len(r.Models)-1].Bytes < 1<<28 {
		p.X, unit = "size, MiB", 1<<20
	}
	for _, m := range r.Models {
		at := report.Point{X: float64(m.Bytes) / unit, Y: max(m.Divergence.KLD.Mean.Value, minKLD)}
		p.Series = append(p.Series, report.Series{Name: m.Name, Points: []report.Point{at}})
	}
	return p
}

// plotDivergences draws, for each model and each divergence, the share of the tokens with a larger
// divergence.
func (r *Report) plotDivergences() report.Plot {
	p := report.Plot{Title: "How the divergences are distributed", X: "KL divergence, nats", Y: "share of the tokens with a larger divergence",
		LogX: true, LogY: true, TopY: 1}
	for _, m := range r.Models {
		p.Series = append(p.Series, report.Series{Name: m.Name, Points: exceedance(m.Divergence.SortedKLD)})
	}
	return p
}

// plotPoints is the number of steps of a curve, which therefore has at most plotPoints+1 points.
const plotPoints = 400

// exceedance returns the points of a curve: Y is the share of the values of sorted that are
// X or larger. sorted must be in ascending order.
func exceedance(sorted []float64) []report.Point {
	n := len(sorted)
	var points []report.Point
	// The points are evenly spaced on the logarithmic scale of shares.
	steps := math.Log(float64(n)) / plotPoints
	for k := plotPoints; k >= 0; k-- {
		left := int(math.Exp(float64(k) * steps))
		if left < 1 || left > n {
			continue
		}
		x, y := max(sorted[n-left], minKLD), float64(left)/float64(n)
		if len(points) == 0 || points[len(points)-1].Y != y {
			points = append(points, report.Point{X: x, Y: y})
		}
	}
	return points
}
