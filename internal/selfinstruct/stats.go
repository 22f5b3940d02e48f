package selfinstruct

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"alpaca/internal/data"
	"alpaca/internal/diversity"
	"alpaca/internal/report"
)

// Stats are statistics of a source.
type Stats struct {
	Source    string           `json:"source"`
	Tasks     int              `json:"tasks"`
	WithInput int              `json:"with_input"`
	Prompts   int              `json:"prompts"` // prompts that were answered
	Rejected  int              `json:"rejected"`
	Reasons   []Reason         `json:"reasons"`
	Lengths   []Length         `json:"words"`
	Similar   *Similarity      `json:"similarity,omitempty"` // nil: the rows have no scores
	Verbs     *diversity.Table `json:"verbs"`
}

// Length is the distribution of the number of words in a field. White space separates
// words. Empty inputs do not count.
type Length struct {
	Field  string  `json:"field"`
	N      int     `json:"n"`
	Min    int     `json:"min"`
	Median int     `json:"median"`
	P95    int     `json:"p95"`
	Max    int     `json:"max"`
	Mean   float64 `json:"mean"`

	words []int // sorted
}

// Similarity is the distribution of each instruction's highest ROUGE-L score with earlier
// ones.
type Similarity struct {
	Median float64 `json:"median"`
	P95    float64 `json:"p95"`
	Max    float64 `json:"max"`
}

// ReadStats computes the statistics of the source with the given name.
func ReadStats(ctx context.Context, db *data.DB, name string) (*Stats, error) {
	source, err := db.Source(ctx, data.ViewName(name))
	if err != nil {
		return nil, err
	}
	if source == nil {
		list, err := db.Sources(ctx)
		if err != nil {
			return nil, err
		}
		names := make([]string, len(list))
		for i, s := range list {
			names[i] = s.Name
		}
		return nil, fmt.Errorf("selfinstruct: %s has no source %q: it has %s", db.Path, name, strings.Join(names, ", "))
	}
	s := &Stats{Source: source.Name}
	fields := [3][]int{}
	var instructions []string
	var scores []float64
	err = db.Rows(ctx, source.ID, func(r *data.Row) error {
		s.Tasks++
		instructions = append(instructions, r.Instruction)
		for i, text := range []string{r.Instruction, r.Input, r.Output} {
			if n := len(strings.Fields(text)); n > 0 || i != 1 {
				fields[i] = append(fields[i], n)
			}
		}
		var e struct {
			Similar map[string]float64 `json:"most_similar_instructions"`
		}
		if r.Extra != nil && json.Unmarshal(r.Extra, &e) == nil && len(e.Similar) > 0 {
			best := 0.0
			for _, score := range e.Similar {
				best = max(best, score)
			}
			scores = append(scores, best)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	for i, field := range []string{"instruction", "input", "output"} {
		s.Lengths = append(s.Lengths, newLength(field, fields[i]))
	}
	s.WithInput = s.Lengths[1].N
	if len(scores) > 0 {
		slices.Sort(scores)
		s.Similar = &Similarity{at(scores, 50), at(scores, 95), scores[len(scores)-1]}
	}
	s.Verbs = diversity.NewTable(slices.Values(instructions))
	if s.Reasons, err = Reasons(ctx, db, source.ID); err != nil {
		return nil, err
	}
	for _, r := range s.Reasons {
		s.Rejected += r.N
	}
	var has int
	if err := db.QueryRow(ctx, "select count(*) from sqlite_schema where name = 'selfinstruct_ask'").Scan(&has); err != nil || has == 0 {
		return s, err
	}
	return s, db.QueryRow(ctx, "select count(distinct ask) from selfinstruct_ask where source_id = ?", source.ID).Scan(&s.Prompts)
}

// at returns a percentile of a sorted list.
func at[T any](sorted []T, percent int) T { return sorted[min(len(sorted)-1, len(sorted)*percent/100)] }

func newLength(field string, words []int) Length {
	l := Length{Field: field, N: len(words), words: words}
	if len(words) == 0 {
		return l
	}
	slices.Sort(words)
	sum := 0
	for _, n := range words {
		sum += n
	}
	l.Min, l.Median, l.P95, l.Max, l.Mean = words[0], at(words, 50), at(words, 95), words[len(words)-1], float64(sum)/float64(len(words))
	return l
}

// Plots returns a histogram of the number of words for each field.
func (s *Stats) Plots() (list []report.Plot) {
	const bins = 24
	for _, l := range s.Lengths {
		top := max(bins, l.P95*5/4)
		width := (top + bins - 1) / bins
		counts := make([]int, bins+1) // the last bin has all longer texts
		for _, n := range l.words {
			counts[min(n/width, bins)]++
		}
		series := report.Series{Points: []report.Point{{X: 0, Y: 0}}}
		for i, n := range counts {
			series.Points = append(series.Points, report.Point{X: float64(i * width), Y: float64(n)}, report.Point{X: float64((i + 1) * width), Y: float64(n)})
		}
		series.Points = append(series.Points, report.Point{X: float64((bins + 1) * width), Y: 0})
		list = append(list, report.Plot{
			Title: fmt.Sprintf("%s: %d texts, median %d words", l.Field, l.N, l.Median), X: "words", Y: "texts", Series: []report.Series{series},
		})
	}
	return list
}
