package bench

import (
	"fmt"
	"io"
	"strings"
)

// WriteShared writes results, and a description of the machine on which they were measured,
// as Markdown for an issue. The report has the board, clocks, throttling, memory, the table
// of results, and all rates of each test. version is the version of the program.
func WriteShared(w io.Writer, b Board, version string, results []*Result) error {
	var s strings.Builder
	s.WriteString("# alpaca bench\n\n| | |\n|---|---|\n")
	line := func(name, text string) {
		if text != "" {
			fmt.Fprintf(&s, "| %s | %s |\n", name, strings.ReplaceAll(text, "|", "/"))
		}
	}
	line("version", version)
	if len(results) > 0 {
		line("date", results[0].Started.UTC().Format("2006-01-02 15:04 UTC"))
	}
	line("board", b.Name)
	line("CPU", b.CPU)
	line("system", b.System)
	line("kernels", strings.Join(b.Levels, " "))
	line("threads", fmt.Sprintf("%d by default (%s)", b.Threads.Default(), b.Threads.String()))
	for _, c := range b.Clocks {
		line("clock", fmt.Sprintf("%d cores up to %.0f MHz, governor %s", c.Cores, c.MHz, c.Governor))
	}
	if b.Memory > 0 {
		line("memory", bytesText(b.Memory))
	}
	line("held back since the start by", b.Throttled)
	s.WriteString("\n")
	if _, err := io.WriteString(w, s.String()); err != nil {
		return err
	}
	table := markdown{w: w}
	for _, r := range results {
		if err := table.Add(r); err != nil {
			return err
		}
	}
	s.Reset()
	s.WriteString("\n| test | rates | own memory | hottest | lowest clock | held back | load before |\n|---|---|---:|---:|---:|---|---:|\n")
	for _, r := range results {
		rates := make([]string, 0, len(r.Samples))
		for _, rate := range r.Rates() {
			rates = append(rates, fmt.Sprintf("%.2f", rate))
		}
		fmt.Fprintf(&s, "| %s, %d threads | %s | %s | %s | %s | %s | %.1f |\n", r.Test.label(), r.Test.Threads, strings.Join(rates, " "),
			bytesText(r.PeakMemory), known(r.Sensors.Celsius, "°C"), known(r.Sensors.MHz, "MHz"), yesNo(r.Sensors.Throttled), r.Sensors.Load)
	}
	_, err := io.WriteString(w, s.String())
	return err
}

// known returns a number with its unit, or "unknown" for 0.
func known(v float64, unit string) string {
	if v == 0 {
		return "unknown"
	}
	return fmt.Sprintf("%.0f %s", v, unit)
}

func yesNo(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}
