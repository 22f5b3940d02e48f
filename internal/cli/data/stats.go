package data

import (
	"context"
	"fmt"
	"io"
	"slices"
	"sort"

	"github.com/spf13/cobra"

	"alpaca/internal/cli/flags"
	"alpaca/internal/cli/ui"
	"alpaca/internal/data"
	"alpaca/internal/report"
)

// statsOptions are the flags of "alpaca data stats".
type statsOptions struct {
	file
	source string
	plot   string
	model  modelFlags
	output string
}

func newStats(u *ui.UI) *cobra.Command {
	var o statsOptions
	cmd := &cobra.Command{
		Use:   "stats",
		Short: "Count rows, lengths and first words",
		Long: `Count the rows, the rows with an input and the duplicate rows, and say how long their texts
are: in words and, with -m, in tokens of a model. --plot draws the lengths.`,
		Example: `  alpaca data stats --plot lengths.svg
  alpaca data stats -m model.gguf --max-length 1024`,
		Args: flags.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return o.run(cmd.Context(), u) },
	}
	fs := cmd.Flags()
	o.file.add(fs)
	fs.StringVar(&o.source, "source", "", "`name` of the source to count (default: all)")
	fs.StringVar(&o.plot, "plot", "", "`file` for a plot of lengths, NAME.svg or NAME.png")
	o.model.add(fs)
	flags.AddOutput(fs, &o.output, "text", "json")
	return cmd
}

// lengths holds the lengths of texts, in words or tokens.
type lengths []int

// spread summarizes lengths, in JSON.
type spread struct {
	Rows   int `json:"rows"` // number of rows that have this text
	Min    int `json:"min"`
	Median int `json:"median"`
	P95    int `json:"p95"`
	Max    int `json:"max"`
	Total  int `json:"total"`
}

func (l lengths) spread() spread {
	if len(l) == 0 {
		return spread{}
	}
	s := slices.Sorted(slices.Values(l))
	out := spread{Rows: len(s), Min: s[0], Median: s[len(s)/2], P95: s[min(len(s)-1, len(s)*95/100)], Max: s[len(s)-1]}
	for _, n := range s {
		out.Total += n
	}
	return out
}

// statistics are the counts, in JSON.
type statistics struct {
	Rows       int64             `json:"rows"`
	WithInput  int64             `json:"with_input"`
	Turns      int64             `json:"conversations"`
	Duplicates int64             `json:"duplicates"`
	Rejected   int64             `json:"rejected"`
	Words      map[string]spread `json:"words"`
	Tokens     map[string]spread `json:"tokens,omitempty"`
	Long       map[string]int    `json:"over,omitempty"` // for each bound, the number of rows with more tokens
	First      []wordCount       `json:"first_words"`
	Categories []wordCount       `json:"categories"`
}

type wordCount struct {
	Word string `json:"word"`
	Rows int    `json:"rows"`
}

func (o *statsOptions) run(ctx context.Context, u *ui.UI) error {
	form := ""
	if o.plot != "" {
		var err error
		if form, err = report.PlotForm(o.plot); err != nil {
			return ui.Usagef("--plot: %v", err)
		}
		if err := ui.CheckOutputs([]ui.Output{{Flag: "plot", Path: o.plot}}, o.path); err != nil {
			return err
		}
	}
	db, err := o.read(ctx)
	if err != nil {
		return err
	}
	defer db.Close()
	source, err := sourceNamed(ctx, db, o.source)
	if err != nil {
		return err
	}
	var v *vocabulary
	if o.model.asked() {
		if v, err = o.model.open(u); err != nil {
			return err
		}
	}
	s, plots, err := o.count(ctx, u, db, source, v)
	if err != nil {
		return err
	}
	if form != "" {
		if err := ui.WriteOutput(o.plot, func(w io.Writer) error { return report.WritePlots(w, form, plots...) }); err != nil {
			return err
		}
	}
	if o.output == "json" {
		return u.WriteJSON(s)
	}
	return o.print(u, s)
}

// fields are the texts whose lengths are shown, in order.
var fields = []string{"instruction", "input", "output", "prompt", "all"}

// count returns statistics and plots of the rows of source. If source is nil, it takes the rows of
// all sources.
func (o *statsOptions) count(ctx context.Context, u *ui.UI, db *data.DB, source *data.Source, v *vocabulary) (*statistics, []report.Plot, error) {
	id := int64(0)
	if source != nil {
		id = source.ID
	}
	s := &statistics{Words: map[string]spread{}, Long: map[string]int{}}
	words, tokens := map[string]lengths{}, map[string]lengths{}
	first, categories := map[string]int{}, map[string]int{}
	err := db.Rows(ctx, id, func(r *data.Row) error {
		s.Rows++
		if r.Input != "" {
			s.WithInput++
		}
		if len(r.Turns) > 0 {
			s.Turns++
		}
		for name, text := range map[string]string{"instruction": r.Instruction, "input": r.Input, "output": r.Output} {
			if text != "" {
				words[name] = append(words[name], countWords(text))
			}
		}
		first[data.FirstWord(r.Instruction)]++
		categories[r.Category]++
		if v != nil {
			ids, prompt, err := v.tokens(r)
			if err != nil {
				return nil // the template refuses the conversation
			}
			tokens["prompt"], tokens["all"] = append(tokens["prompt"], prompt), append(tokens["all"], len(ids))
			for _, bound := range lengthBounds(o.model.length) {
				if len(ids) > bound {
					s.Long[fmt.Sprint(bound)]++
				}
			}
		}
		if s.Rows%1000 == 0 {
			u.Statusf("%d rows", s.Rows)
		}
		return nil
	})
	u.ClearStatus()
	if err != nil {
		return nil, nil, err
	}
	if err := db.QueryRow(ctx, "select count(*) - count(distinct hash) from example where ?1 in (0, source_id)", id).Scan(&s.Duplicates); err != nil {
		return nil, nil, err
	}
	if err := db.QueryRow(ctx, "select count(*) from rejected where ?1 in (0, source_id)", id).Scan(&s.Rejected); err != nil {
		return nil, nil, err
	}
	for name, l := range words {
		s.Words[name] = l.spread()
	}
	if v != nil && v.real {
		s.Tokens = map[string]spread{}
		for name, l := range tokens {
			s.Tokens[name] = l.spread()
		}
	} else {
		s.Long = nil
	}
	s.First, s.Categories = top(first), top(categories)
	plots := []report.Plot{histogram("words of texts", words)}
	if s.Tokens != nil {
		plots = append(plots, histogram("tokens of rows", tokens))
	}
	return s, plots, nil
}

// countWords returns the number of words in a text: runs of characters between white space.
func countWords(text string) (n int) {
	inside := false
	for _, c := range text {
		space := c == ' ' || c == '\n' || c == '\t' || c == '\r'
		if !space && !inside {
			n++
		}
		inside = !space
	}
	return n
}

// top returns the 20 words that most rows have.
func top(counts map[string]int) []wordCount {
	list := []wordCount{}
	for w, n := range counts {
		if w != "" {
			list = append(list, wordCount{w, n})
		}
	}
	sort.Slice(list, func(i, j int) bool {
		return list[i].Rows > list[j].Rows || list[i].Rows == list[j].Rows && list[i].Word < list[j].Word
	})
	const limit = 20
	return list[:min(len(list), limit)]
}
