package selfinstruct

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strconv"

	"github.com/spf13/cobra"

	"alpaca/internal/cli/flags"
	"alpaca/internal/cli/ui"
	"alpaca/internal/data"
	"alpaca/internal/report"
	"alpaca/internal/selfinstruct"
)

// statsOptions are the flags of "alpaca self-instruct stats".
type statsOptions struct {
	db, source string
	form       string
	lengths    string
	verbs      string
}

func newStats(u *ui.UI) *cobra.Command {
	var o statsOptions
	cmd := &cobra.Command{
		Use:   "stats -d DATABASE",
		Short: "Show how many tasks there are, and how much they differ",
		Long: `Say how many tasks a source has and what was rejected, how long instructions, inputs and
outputs are, how similar each instruction is to its nearest other one, and which verbs and
objects the instructions have. --source names any source of the database.`,
		Args: flags.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return o.run(cmd.Context(), u) },
	}
	fs := cmd.Flags()
	fs.SortFlags = false
	fs.StringVarP(&o.db, "database", "d", "data.db", "`file` of the database")
	fs.StringVar(&o.source, "source", "self_instruct", "`name` of the rows' source in the database")
	fs.StringVar(&o.lengths, "plot-lengths", "", "draw the lengths into this `file`, whose name ends in .svg or .png")
	fs.StringVar(&o.verbs, "plot-verbs", "", "draw the verbs of the instructions and their objects into this `file`, whose name ends in .svg")
	flags.AddOutput(fs, &o.form, "table", "json")
	return cmd
}

func (o *statsOptions) run(ctx context.Context, u *ui.UI) error {
	form := "svg"
	if o.lengths != "" {
		var err error
		if form, err = report.PlotForm(o.lengths); err != nil {
			return ui.Usagef("--plot-lengths: %v", err)
		}
	}
	if o.verbs != "" {
		if f, err := report.PlotForm(o.verbs); err != nil || f != "svg" {
			return ui.Usagef("--plot-verbs %s: the name must end in .svg", o.verbs)
		}
	}
	if err := ui.CheckOutputs([]ui.Output{{Flag: "plot-lengths", Path: o.lengths}, {Flag: "plot-verbs", Path: o.verbs}}, o.db); err != nil {
		return err
	}
	db, err := data.OpenReadOnly(ctx, o.db)
	if err != nil {
		return err
	}
	defer db.Close()
	s, err := selfinstruct.ReadStats(ctx, db, o.source)
	if err != nil {
		return err
	}
	if o.lengths != "" {
		if err := ui.WriteOutput(o.lengths, func(w io.Writer) error { return report.WritePlots(w, form, s.Plots()...) }); err != nil {
			return err
		}
	}
	if o.verbs != "" {
		if err := ui.WriteOutput(o.verbs, s.Verbs.WriteSunburst); err != nil {
			return err
		}
	}
	if o.form == "json" {
		return u.WriteJSON(s)
	}
	return writeStats(u.Out, s)
}

// writeStats writes statistics as tables.
func writeStats(w io.Writer, s *selfinstruct.Stats) error {
	fmt.Fprintf(w, "%d tasks, %d with an input; %d prompts, %d pieces rejected\n\n", s.Tasks, s.WithInput, s.Prompts, s.Rejected)
	var rows [][]string
	for _, r := range s.Reasons {
		rows = append(rows, []string{r.Name, strconv.Itoa(r.N), fmt.Sprintf("%.1f", 100*float64(r.N)/float64(max(1, s.Tasks+s.Rejected)))})
	}
	if len(rows) > 0 {
		if err := report.WriteTable(w, []string{"rejected for", "pieces", "%"}, rows); err != nil {
			return err
		}
		fmt.Fprintln(w)
	}
	rows = nil
	for _, l := range s.Lengths {
		rows = append(rows, []string{l.Field, strconv.Itoa(l.N), strconv.Itoa(l.Min), strconv.Itoa(l.Median), strconv.Itoa(l.P95), strconv.Itoa(l.Max), fmt.Sprintf("%.1f", l.Mean)})
	}
	if err := report.WriteTable(w, []string{"words of", "texts", "min", "median", "95 %", "max", "mean"}, rows); err != nil {
		return err
	}
	if s.Similar != nil {
		fmt.Fprintf(w, "\nROUGE-L with the most similar instruction: median %.2f, 95th percentile %.2f, maximum %.2f\n", s.Similar.Median, s.Similar.P95, s.Similar.Max)
	}
	v := s.Verbs
	fmt.Fprintf(w, "\n%d different verbs with %d different objects; %d instructions have both, %d have no verb\n\n", len(v.Verbs), v.Kinds, v.Pairs, v.Unclear)
	rows = nil
	const limit, maxObjects = 20, 4
	for _, verb := range v.Verbs[:min(limit, len(v.Verbs))] {
		objects := ""
		for i, c := range slices.Clone(verb.Objects)[:min(maxObjects, len(verb.Objects))] {
			if i > 0 {
				objects += ", "
			}
			objects += fmt.Sprintf("%s %d", c.Word, c.N)
		}
		rows = append(rows, []string{verb.Word, strconv.Itoa(verb.N), objects})
	}
	return report.WriteTable(w, []string{"verb", "tasks", "objects"}, rows)
}
