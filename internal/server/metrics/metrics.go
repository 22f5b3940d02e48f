// Package metrics counts what a server does, and writes it in Prometheus' text format. The format
// is simple, so Prometheus' client library, which would add a fifth to the program's size, is not
// needed. Counters and gauges are numbers that the server has anyway; histograms count durations.
package metrics

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Histogram counts durations by ranges. bounds are in seconds, in rising order.
type Histogram struct {
	bounds []float64
	counts []int64 // counts[i] is the number of durations above bounds[i-1], up to bounds[i]; the last element counts durations above all bounds
	sum    float64
}

// NewHistogram returns an empty histogram. bounds are in seconds, in rising order.
func NewHistogram(bounds ...float64) Histogram {
	return Histogram{bounds: bounds, counts: make([]int64, len(bounds)+1)}
}

// Add counts a duration.
func (h *Histogram) Add(d time.Duration) {
	i, _ := slices.BinarySearch(h.bounds, d.Seconds())
	h.counts[i]++
	h.sum += d.Seconds()
}

// Exposition writes metrics in Prometheus' text format.
type Exposition struct{ strings.Builder }

// One writes a metric with one value.
func (p *Exposition) One(kind, name, help string, value float64) {
	p.Head(kind, name, help)
	fmt.Fprintf(p, "%s %s\n", name, Number(value))
}

// Head writes the help and type of a metric, which precede its values.
func (p *Exposition) Head(kind, name, help string) {
	fmt.Fprintf(p, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, kind)
}

// Histogram writes a histogram with cumulative counts, as Prometheus expects.
func (p *Exposition) Histogram(name, help string, h *Histogram) {
	p.Head("histogram", name, help)
	count := int64(0)
	for i, n := range h.counts {
		count += n
		bound := "+Inf"
		if i < len(h.bounds) {
			bound = Number(h.bounds[i])
		}
		fmt.Fprintf(p, "%s_bucket{le=%q} %d\n", name, bound, count)
	}
	fmt.Fprintf(p, "%s_sum %s\n%s_count %d\n", name, Number(h.sum), name, count)
}

// Number returns f in the notation of the text format.
func Number(f float64) string { return strconv.FormatFloat(f, 'g', -1, 64) }
