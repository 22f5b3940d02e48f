package eval

import (
	"encoding/csv"
	"fmt"
	"io"
	"strconv"

	"alpaca/internal/report"
)

// column is a column of a table: its head, and a function that returns a model's cell.
type column struct {
	head string
	cell func(Row) string
}

// summary is the main table.
var summary = []column{
	{"model", func(r Row) string { return r.Name }},
	{"size", func(r Row) string { return size(r.Bytes) }},
	{"bpw", func(r Row) string { return known(r.BPW, 2) }},
	{"PPL", func(r Row) string { return estimate(r.PPL, 1, 4) }},
	{"PPL ratio", ofDivergence(func(c *Divergence) string { return estimate(c.Ratio, 1, 4) })},
	{"mean KLD", ofDivergence(func(c *Divergence) string { return estimate(c.KLD.Mean, 1, 6) })},
	{"RMS Δp %", ofDivergence(func(c *Divergence) string { return estimate(c.RMSDeltaP, 100, 3) })},
	{"same top %", ofDivergence(func(c *Divergence) string { return estimate(c.SameTop, 100, 2) })},
	{"prompt t/s", func(r Row) string { return known(r.Prompt, 1) }},
	{"generation t/s", func(r Row) string { return known(r.Gen, 1) }},
}

// divergences is the table of the distribution of the KL divergence.
var divergences = []column{
	{"KL divergence, nats", func(r Row) string { return r.Name }},
	{"mean", ofDivergence(func(c *Divergence) string { return estimate(c.KLD.Mean, 1, 6) })},
	{"median", ofDivergence(func(c *Divergence) string { return estimate(c.KLD.Median, 1, 6) })},
	{"90 %", ofDivergence(func(c *Divergence) string { return estimate(c.KLD.P90, 1, 5) })},
	{"95 %", ofDivergence(func(c *Divergence) string { return estimate(c.KLD.P95, 1, 5) })},
	{"99 %", ofDivergence(func(c *Divergence) string { return estimate(c.KLD.P99, 1, 4) })},
	{"99.9 %", ofDivergence(func(c *Divergence) string { return estimate(c.KLD.P999, 1, 4) })},
	{"maximum", ofDivergence(func(c *Divergence) string { return number(float64(c.KLD.Max), 4) })},
}

// probabilities is the table of the changes in the probability of the text's tokens (Δp).
var probabilities = []column{
	{"Δp, %", func(r Row) string { return r.Name }},
	{"mean", ofDivergence(func(c *Divergence) string { return estimate(c.DeltaP.Mean, 100, 3) })},
	{"0.1 %", percentile(func(s *Spread) Estimate { return s.P001 })},
	{"1 %", percentile(func(s *Spread) Estimate { return s.P01 })},
	{"5 %", percentile(func(s *Spread) Estimate { return s.P05 })},
	{"10 %", percentile(func(s *Spread) Estimate { return s.P10 })},
	{"25 %", percentile(func(s *Spread) Estimate { return s.P25 })},
	{"median", percentile(func(s *Spread) Estimate { return s.Median })},
	{"75 %", percentile(func(s *Spread) Estimate { return s.P75 })},
	{"90 %", percentile(func(s *Spread) Estimate { return s.P90 })},
	{"95 %", percentile(func(s *Spread) Estimate { return s.P95 })},
	{"99 %", percentile(func(s *Spread) Estimate { return s.P99 })},
	{"99.9 %", percentile(func(s *Spread) Estimate { return s.P999 })},
}

// percentile returns a function that formats a percentile of Δp.
func percentile(of func(*Spread) Estimate) func(Row) string {
	return ofDivergence(func(c *Divergence) string { return number(100*of(&c.DeltaP).Value, 2) })
}

// ofDivergence returns a function that formats a model's divergence by cell, and returns "" for the
// base.
func ofDivergence(cell func(*Divergence) string) func(Row) string {
	return func(r Row) string {
		if r.Divergence == nil {
			return ""
		}
		return cell(r.Divergence)
	}
}

// known formats a number, 0 as "". The size and the speed of a base are 0 if the
// base is a logits file.
func known(v float64, digits int) string {
	if v == 0 {
		return ""
	}
	return number(v, digits)
}

// number formats a number, 0 as "0".
func number(v float64, digits int) string {
	if v == 0 {
		return "0"
	}
	return strconv.FormatFloat(v, 'f', digits, 64)
}

// estimate formats a value and its error, both multiplied by scale.
func estimate(e Estimate, scale float64, digits int) string {
	return fmt.Sprintf("%.*f ± %.*f", digits, e.Value*scale, digits, e.Error*scale)
}

// size formats a number of bytes, 0 as "".
func size(n int64) string {
	if n == 0 {
		return ""
	}
	return report.Bytes(n, 2)
}

// WriteMarkdown writes the report as Markdown tables with aligned columns.
func (r *Report) WriteMarkdown(w io.Writer) error {
	fmt.Fprintf(w, "%s: %d %s\n%d tokens scored\n\n", r.Text, r.Chunks, r.Policy, r.Scored)
	if err := writeTable(w, summary, r.rows()); err != nil {
		return err
	}
	for _, table := range [][]column{divergences, probabilities} {
		fmt.Fprintln(w)
		if err := writeTable(w, table, r.Models); err != nil {
			return err
		}
	}
	return nil
}

// writeTable writes one table.
func writeTable(w io.Writer, columns []column, models []Row) error {
	head, rows := make([]string, len(columns)), make([][]string, len(models))
	for i, c := range columns {
		head[i] = c.head
		for k, m := range models {
			rows[k] = append(rows[k], c.cell(m))
		}
	}
	return report.WriteTable(w, head, rows)
}

// csvNumbers are the last columns of the CSV, which show the comparison.
var csvNumbers = []struct {
	head string
	of   func(*Divergence) float64
}{
	{"ppl_ratio", func(c *Divergence) float64 { return c.Ratio.Value }},
	{"ppl_ratio_error", func(c *Divergence) float64 { return c.Ratio.Error }},
	{"kld_mean", func(c *Divergence) float64 { return c.KLD.Mean.Value }},
	{"kld_mean_error", func(c *Divergence) float64 { return c.KLD.Mean.Error }},
	{"kld_median", func(c *Divergence) float64 { return c.KLD.Median.Value }},
	{"kld_p90", func(c *Divergence) float64 { return c.KLD.P90.Value }},
	{"kld_p95", func(c *Divergence) float64 { return c.KLD.P95.Value }},
	{"kld_p99", func(c *Divergence) float64 { return c.KLD.P99.Value }},
	{"kld_p99_9", func(c *Divergence) float64 { return c.KLD.P999.Value }},
	{"kld_max", func(c *Divergence) float64 { return float64(c.KLD.Max) }},
	{"delta_p_mean", func(c *Divergence) float64 { return c.DeltaP.Mean.Value }},
	{"delta_p_rms", func(c *Divergence) float64 { return c.RMSDeltaP.Value }},
	{"delta_p_rms_error", func(c *Divergence) float64 { return c.RMSDeltaP.Error }},
	{"same_top", func(c *Divergence) float64 { return c.SameTop.Value }},
	{"same_top_error", func(c *Divergence) float64 { return c.SameTop.Error }},
}

// WriteCSV writes the report as CSV, with a line for each model, the base first.
func (r *Report) WriteCSV(w io.Writer) error {
	out := csv.NewWriter(w)
	head := []string{"model", "bytes", "bits_per_weight", "ppl", "ppl_error", "prompt_tokens_per_second", "generation_tokens_per_second"}
	for _, c := range csvNumbers {
		head = append(head, c.head)
	}
	out.Write(head)
	exact := func(v float64) string { return strconv.FormatFloat(v, 'g', -1, 64) }
	known := func(v float64) string {
		if v == 0 {
			return ""
		}
		return exact(v)
	}
	for _, m := range r.rows() {
		bytes := ""
		if m.Bytes > 0 {
			bytes = strconv.FormatInt(m.Bytes, 10)
		}
		line := []string{m.Name, bytes, known(m.BPW), exact(m.PPL.Value), exact(m.PPL.Error),
			known(m.Prompt), known(m.Gen)}
		for _, c := range csvNumbers {
			cell := ""
			if m.Divergence != nil {
				cell = exact(c.of(m.Divergence))
			}
			line = append(line, cell)
		}
		out.Write(line)
	}
	out.Flush()
	return out.Error()
}
