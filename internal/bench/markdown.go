package bench

import (
	"fmt"
	"io"
	"strings"
)

// markdown writes the table of llama-bench with two further columns: the
// median rate, and what limits this rate (see boundText). Columns have
// fixed widths, so each row can be written as soon as its result is known.
type markdown struct {
	w       io.Writer
	started bool
}

// column is a column of the table; a negative width aligns to the left.
type column struct {
	title string
	width int
	text  func(r *Result) string
}

var columns = []column{
	{"model", -30, func(r *Result) string { return r.Model.Type }},
	{"size", 10, func(r *Result) string { return bytesText(r.Model.Size) }},
	{"params", 10, func(r *Result) string { return countText(r.Model.Params) }},
	{"backend", -10, func(r *Result) string { return "CPU" }},
	{"threads", 7, func(r *Result) string { return fmt.Sprint(r.Test.Threads) }},
	{"test", 15, func(r *Result) string { return r.Test.label() }},
	{"t/s", 20, func(r *Result) string {
		s := summarize(r.Rates())
		return fmt.Sprintf("%.2f ± %.2f", s.mean, s.stddev)
	}},
	{"median", 8, func(r *Result) string { return fmt.Sprintf("%.2f", summarize(r.Rates()).median) }},
	{"bound", 26, boundText},
}

// label returns t's name for reports that have no columns for settings.
func (t Test) label() string { return t.Name() + t.unusual() }

// unusual returns the settings of t that are not the defaults.
func (t Test) unusual() string {
	var s string
	if t.Batch != 512 {
		s += fmt.Sprintf(" b%d", t.Batch)
	}
	if k, v := t.CacheK.String(), t.CacheV.String(); k != "F16" || v != "F16" {
		s += " " + strings.ToLower(k+"/"+v)
	}
	return s
}

// boundText describes what bounds r's speed. For generation, it returns the bytes of weights
// read per second and their share of the memory bandwidth, if that was measured. For prompts,
// it returns the multiply-adds per second and core, assuming that each core runs one thread.
func boundText(r *Result) string {
	if rate := r.MulAddRate(); rate > 0 {
		return fmt.Sprintf("%.1f Gmadd/s a core", rate/1e9)
	}
	rate := r.WeightRate()
	if rate == 0 {
		return ""
	}
	s := fmt.Sprintf("%.1f GB/s", rate/1e9)
	if share := r.BandwidthShare(); share > 0 {
		s += fmt.Sprintf(" = %.0f%% of %.1f", 100*share, r.ReadBandwidth/1e9)
	}
	return s
}

func (m *markdown) Add(r *Result) error {
	if !m.started {
		m.started = true
		var head, rule strings.Builder
		for _, c := range columns {
			fmt.Fprintf(&head, "| %*s ", c.width, c.title)
			if c.width < 0 {
				fmt.Fprintf(&rule, "| %s ", strings.Repeat("-", -c.width))
			} else {
				fmt.Fprintf(&rule, "| %s: ", strings.Repeat("-", c.width-1))
			}
		}
		if _, err := fmt.Fprintf(m.w, "%s|\n%s|\n", head.String(), rule.String()); err != nil {
			return err
		}
	}
	var row strings.Builder
	for _, c := range columns {
		fmt.Fprintf(&row, "| %*s ", c.width, c.text(r))
	}
	_, err := fmt.Fprintf(m.w, "%s|\n", row.String())
	return err
}

func (m *markdown) Close() error { return nil }

// bytesText returns n bytes in binary units, such as "606.53 MiB".
func bytesText(n int64) string {
	if n >= 1<<30 {
		return fmt.Sprintf("%.2f GiB", float64(n)/(1<<30))
	}
	return fmt.Sprintf("%.2f MiB", float64(n)/(1<<20))
}

// countText returns a number of weights, such as "1.10 B".
func countText(n int64) string {
	if n >= 1e9 {
		return fmt.Sprintf("%.2f B", float64(n)/1e9)
	}
	return fmt.Sprintf("%.2f M", float64(n)/1e6)
}
