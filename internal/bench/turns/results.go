package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"

	"alpaca/internal/report"
)

// Results are the contents of a file in bench/results.
type Results struct {
	CPU      string `json:"cpu"`
	Machine  string `json:"machine,omitempty"` // system, number of CPUs and kernels
	Date     string `json:"date"`
	Ours     string `json:"ours"` // commit
	Peer     string `json:"peer"` // name and version
	Threads  int    `json:"threads"`
	Prompt   int    `json:"prompt"`   // tokens
	Generate int    `json:"generate"` // tokens
	Note     string `json:"note,omitempty"`
	Rows     []Row  `json:"rows"`
}

// Row has the results of a model. Rates are tokens per second, one for each turn.
type Row struct {
	Model    string `json:"model"` // such as "1.1 B"
	Type     string `json:"type"`  // such as "Q4_0"
	Prompt   Rates  `json:"prompt"`
	Generate Rates  `json:"generate"`
}

// Rates has the rates of both programs, turn by turn.
type Rates struct {
	Ours []float64 `json:"ours"`
	Peer []float64 `json:"peer"`
}

// readResults reads the results in the file at path.
func readResults(path string) (*Results, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var r Results
	if err := json.Unmarshal(data, &r); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if len(r.Rows) == 0 {
		return nil, fmt.Errorf("%s: no rows", path)
	}
	for _, row := range r.Rows {
		for _, list := range [][]float64{row.Prompt.Ours, row.Prompt.Peer, row.Generate.Ours, row.Generate.Peer} {
			if len(list) == 0 || slices.Min(list) <= 0 {
				return nil, fmt.Errorf("%s: %s %s: there must be rates, all above 0", path, row.Model, row.Type)
			}
		}
	}
	return &r, nil
}

func (r *Results) write(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(r)
}

// table writes README's table: medians and their ratios.
func (r *Results) table(w io.Writer) error {
	_, err := fmt.Fprintf(w, "| %s | prompt of %d | llama.cpp | ratio | generation of %d | llama.cpp | ratio |\n|---|---:|---:|---:|---:|---:|---:|\n",
		r.Rows[0].Model, r.Prompt, r.Generate)
	for _, row := range r.Rows {
		if err != nil {
			return err
		}
		p, pp, g, gp := median(row.Prompt.Ours), median(row.Prompt.Peer), median(row.Generate.Ours), median(row.Generate.Peer)
		_, err = fmt.Fprintf(w, "| %s | %.0f | %.0f | %.1f | %.1f | %.1f | %.1f |\n", row.Type, p, pp, p/pp, g, gp, g/gp)
	}
	return err
}

// draw draws the median rates of prompts and of generation side
// by side. Each plot has axes of its own, which begin at 0.
func (r *Results) draw(w io.Writer, form string) error {
	var types []string
	for _, row := range r.Rows {
		types = append(types, row.Type)
	}
	bars := func(what string, tokens int, rates func(Row) Rates) report.Bars {
		b := report.Bars{Title: fmt.Sprintf("%s of %d, %s, %d threads", what, tokens, r.Rows[0].Model, r.Threads), Y: "tokens per second", Groups: types,
			Series: []report.BarSeries{{Name: "alpaca"}, {Name: r.Peer}}}
		for _, row := range r.Rows {
			b.Series[0].Values = append(b.Series[0].Values, median(rates(row).Ours))
			b.Series[1].Values = append(b.Series[1].Values, median(rates(row).Peer))
		}
		return b
	}
	return report.WriteBars(w, form, bars("prompt", r.Prompt, func(r Row) Rates { return r.Prompt }),
		bars("generation", r.Generate, func(r Row) Rates { return r.Generate }))
}

// median returns the median of a list, which must not be empty.
func median(list []float64) float64 {
	sorted := slices.Sorted(slices.Values(list))
	n := len(sorted)
	return (sorted[(n-1)/2] + sorted[n/2]) / 2
}
