package data

import (
	"fmt"
	"maps"
	"slices"

	"alpaca/internal/cli/ui"
	"alpaca/internal/report"
)

func (o *statsOptions) print(u *ui.UI, s *statistics) error {
	fmt.Fprintf(u.Out, "%d rows, %d of them with an input, %d conversations\n", s.Rows, s.WithInput, s.Turns)
	fmt.Fprintf(u.Out, "%d are equal to an earlier row except for case, punctuation and white space; %d could not be read\n\n", s.Duplicates, s.Rejected)
	for _, part := range []struct {
		unit string
		of   map[string]spread
	}{{"words", s.Words}, {"tokens", s.Tokens}} {
		var rows [][]string
		for _, name := range fields {
			if x, ok := part.of[name]; ok {
				rows = append(rows, []string{name, fmt.Sprint(x.Rows), fmt.Sprint(x.Min), fmt.Sprint(x.Median), fmt.Sprint(x.P95), fmt.Sprint(x.Max), fmt.Sprint(x.Total)})
			}
		}
		if rows == nil {
			continue
		}
		if err := report.WriteTable(u.Out, []string{part.unit, "rows", "min", "median", "p95", "max", "total"}, rows); err != nil {
			return err
		}
		fmt.Fprintln(u.Out)
	}
	for _, bound := range slices.Sorted(maps.Keys(s.Long)) {
		fmt.Fprintf(u.Out, "%d rows have more than %s tokens\n", s.Long[bound], bound)
	}
	for _, list := range []struct {
		name string
		of   []wordCount
	}{{"first word", s.First}, {"category", s.Categories}} {
		var rows [][]string
		for _, w := range list.of {
			rows = append(rows, []string{ui.Printable(w.Word), fmt.Sprint(w.Rows), fmt.Sprintf("%.1f %%", 100*float64(w.Rows)/float64(max(s.Rows, 1)))})
		}
		if rows == nil {
			continue
		}
		if err := report.WriteTable(u.Out, []string{list.name, "rows", "share"}, rows); err != nil {
			return err
		}
	}
	return nil
}

// histogram plots the number of texts by their length. The upper bound of a bin is about 5/4 of
// its lower bound.
func histogram(title string, of map[string]lengths) report.Plot {
	p := report.Plot{Title: title, X: "length", Y: "texts", LogX: true}
	for _, name := range fields {
		l := of[name]
		if len(l) == 0 {
			continue
		}
		s := report.Series{Name: name}
		longest := slices.Max(l)
		for low, high := 1, 2; low <= longest; low, high = high, max(high+1, high*5/4) {
			n := 0
			for _, x := range l {
				if x >= low && x < high {
					n++
				}
			}
			s.Points = append(s.Points, report.Point{X: float64(low), Y: float64(n)})
		}
		p.Series = append(p.Series, s)
	}
	return p
}

// lengthBounds returns lengths in tokens. For each of them, the statistics count the rows that are
// longer. The lengths are 512, 1024 and given, which is the value of --max-length. No length occurs
// twice.
func lengthBounds(given int) []int {
	list := []int{512, 1024, given}
	slices.Sort(list)
	return slices.Compact(list)
}
