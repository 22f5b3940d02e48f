package ab

import (
	"context"
	"fmt"
	"io"
	"strconv"

	"github.com/spf13/cobra"

	"alpaca/internal/abtest"
	"alpaca/internal/abtest/stats"
	"alpaca/internal/cli/flags"
	"alpaca/internal/cli/ui"
	"alpaca/internal/data"
	"alpaca/internal/report"
)

// reportOptions are the flags of "alpaca ab report".
type reportOptions struct {
	session int
	form    string
	plot    string
	peek    bool
}

func newReport(u *ui.UI) *cobra.Command {
	var o reportOptions
	cmd := &cobra.Command{
		Use:   "report DATABASE...",
		Short: "Report the results of a comparison",
		Long: `Report the result of the last session in a database: wins, ties, the win rate with its
interval, and whether the side or the length of an answer mattered. Given several
databases that share models, also rate all these models (Bradley–Terry).`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return fmt.Errorf("no database is given")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error { return o.run(cmd.Context(), u, args) },
	}
	fs := cmd.Flags()
	fs.SortFlags = false
	flags.AddInt(fs, &o.session, flags.Int{Name: "session", High: 1 << 30}, "`number` of the session; 0 means the last session")
	fs.StringVar(&o.plot, "plot", "", "draw wins, ties and the interval of the win rate into this `file`, whose name ends in .svg")
	fs.BoolVar(&o.peek, "unblind", false, "also report a session that is not closed and was not begun with --peek")
	flags.AddOutput(fs, &o.form, "table", "json")
	return cmd
}

// loadSessions reads a session of each database. number is the session's id; 0 stands for the
// last session.
func loadSessions(ctx context.Context, paths []string, number int) (list []*abtest.Session, err error) {
	for _, path := range paths {
		s, err := loadSession(ctx, path, int64(number))
		if err != nil {
			return nil, err
		}
		list = append(list, s)
	}
	return list, nil
}

func loadSession(ctx context.Context, path string, id int64) (*abtest.Session, error) {
	db, err := data.OpenReadOnly(ctx, path)
	if err != nil {
		return nil, err
	}
	defer db.Close()
	st := abtest.Store{DB: db}
	list, err := st.Sessions(ctx)
	if err != nil {
		return nil, err
	}
	if id == 0 {
		id = list[len(list)-1]
	}
	return st.Load(ctx, id)
}

func (o *reportOptions) run(ctx context.Context, u *ui.UI, paths []string) error {
	if o.plot != "" {
		if form, err := report.PlotForm(o.plot); err != nil || form != "svg" {
			return ui.Usagef("--plot %s: the name must end in .svg", o.plot)
		}
		if err := ui.CheckOutputs([]ui.Output{{Flag: "plot", Path: o.plot}}, paths...); err != nil {
			return err
		}
	}
	sessions, err := loadSessions(ctx, paths, o.session)
	if err != nil {
		return err
	}
	var reports []*abtest.Report
	for i, s := range sessions {
		if !s.Closed && !s.Peek && !o.peek && hasPeople(s) {
			return ui.WithHint(fmt.Errorf("%s: session %d is not closed: a judge who has seen the results would no longer be blind", paths[i], s.ID),
				"vote to the end, or use --unblind to see the results anyway")
		}
		reports = append(reports, abtest.NewReport(s))
	}
	var strengths []abtest.Strength
	if len(sessions) > 1 {
		strengths = abtest.Strengths(sessions, abtest.People)
	}
	if o.plot != "" {
		if err := ui.WriteOutput(o.plot, reports[0].WritePlot); err != nil {
			return err
		}
	}
	if o.form == "json" {
		if strengths == nil {
			return u.WriteJSON(reports[0])
		}
		return u.WriteJSON(map[string]any{"reports": reports, "strengths": strengths})
	}
	for _, r := range reports {
		if err := writeReport(u.Out, r); err != nil {
			return err
		}
	}
	if strengths == nil {
		return nil
	}
	var rows [][]string
	for _, m := range strengths {
		rows = append(rows, []string{m.Name, fmt.Sprintf("%.0f", m.Elo), fmt.Sprintf("%.0f–%.0f", m.Low, m.High), strconv.Itoa(m.N)})
	}
	return report.WriteTable(u.Out, []string{"model", "Elo scale", "95 %", "votes"}, rows)
}

// hasPeople reports whether people have voted.
func hasPeople(s *abtest.Session) bool {
	for i := range s.Votes {
		if v := &s.Votes[i]; v.Judge != "" && !v.IsModel() {
			return true
		}
	}
	return false
}

func percent(x float64) string { return fmt.Sprintf("%.1f %%", 100*x) }

func interval(i stats.Interval) string {
	return fmt.Sprintf("%.1f–%.1f %%", 100*i.Low, 100*i.High)
}

// writeReport writes a report for people.
func writeReport(w io.Writer, r *abtest.Report) error {
	x, y := r.Models[abtest.X], r.Models[abtest.Y]
	fmt.Fprintf(w, "X is %s, Y is %s: session %d, seed %d, prompts %.12s\n", x.Name, y.Name, r.Session, r.Seed, r.Prompts)
	if r.Peek {
		fmt.Fprintln(w, "judges could see results before the end; the interval of the win rate allows for this")
	}
	for i := range r.Groups {
		if err := writeGroup(w, &r.Groups[i], ""); err != nil {
			return err
		}
	}
	if len(r.Groups) == 0 {
		fmt.Fprintf(w, "no votes; in %d pairs, both answers are equal\n", r.Equal)
	}
	if r.Own > 0 {
		fmt.Fprintf(w, "\nprompts that judges wrote: %d. The judges knew earlier answers when they wrote these prompts,\n"+
			"so the votes on them are counted separately and prove less.\n", r.Own)
	}
	for i := range r.OwnGroups {
		if err := writeGroup(w, &r.OwnGroups[i], ", own prompts"); err != nil {
			return err
		}
	}
	_, err := fmt.Fprintf(w, "\nmean length: X %.0f characters (%d cut), Y %.0f (%d cut)\n", x.MeanChars, x.Cut, y.MeanChars, y.Cut)
	return err
}

// writeGroup writes the counts of a group. about is appended to the group's name.
func writeGroup(w io.Writer, g *abtest.Group, about string) error {
	who := abtest.People
	if g.Name != abtest.People {
		who = "judge " + g.Name
	}
	decided := g.Wins[abtest.X] + g.Wins[abtest.Y]
	rows := [][]string{
		{"X better, Y better", fmt.Sprintf("%d, %d", g.Wins[abtest.X], g.Wins[abtest.Y])},
		{"ties, both bad", fmt.Sprintf("%d, %d", g.Ties, g.Bad)},
		{"ties with equal answers", strconv.Itoa(g.Equal)},
		{"win rate of X", fmt.Sprintf("%s (%s, %s)", percent(g.Rate), interval(g.Interval), g.Kind)},
		{"the longer answer won", fmt.Sprintf("%d of %d", g.LongerWins, g.Lengths)},
	}
	if decided > 0 {
		rows = append(rows, []string{"of decided votes", fmt.Sprintf("%s (%s), p = %.4f", percent(g.Decided), interval(g.DecidedInterval), g.P)})
	}
	rows = append(rows, []string{"the left side won", fmt.Sprintf("%d (%s)", g.LeftWins, interval(g.LeftInterval))})
	if g.AtEqual != nil {
		rows = append(rows, []string{"win rate of X at equal length", percent(*g.AtEqual)})
	}
	if g.Repeats > 0 {
		rows = append(rows, []string{"same verdict when mirrored", fmt.Sprintf("%d of %d", g.Same, g.Repeats)})
	}
	if g.Agreement != nil {
		text := percent(*g.Agreement)
		if g.Alpha != nil {
			text += fmt.Sprintf(", Krippendorff's α %.3f", *g.Alpha)
		}
		rows = append(rows, []string{fmt.Sprintf("agreement of %d judges", g.Judges), text})
	}
	rows = append(rows, []string{"skipped, excluded, undone", fmt.Sprintf("%d, %d, %d", g.Skipped, g.Revealed, g.Undone)})
	fmt.Fprintln(w)
	if err := report.WriteTable(w, []string{who + about, fmt.Sprintf("%d votes", g.Votes())}, rows); err != nil {
		return err
	}
	if decided > 0 {
		fmt.Fprintf(w, "%d decided votes can show a win rate that differs from 50 %% by %.0f points or more\n", decided, 100*stats.Visible(decided))
	}
	if g.LeftBias {
		fmt.Fprintln(w, "one side won more often than chance explains (p < 0.01): verdicts depend on the side of an answer")
	}
	return nil
}

// exportOptions are the flags of "alpaca ab export".
type exportOptions struct {
	session int
	form    string
}

func newExport(u *ui.UI) *cobra.Command {
	var o exportOptions
	cmd := &cobra.Command{
		Use:   "export DATABASE",
		Short: "Write the votes of a comparison",
		Long: `Write the votes of the last session of a database to stdout. The formats csv, json and
jsonl have all votes, with the prompts and both answers; alpaca-eval is the format that
AlpacaEval reads; dpo has prompts with a chosen and a rejected answer, to train on.`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return fmt.Errorf("one database is needed, but %d are given", len(args))
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			s, err := loadSession(cmd.Context(), args[0], int64(o.session))
			if err != nil {
				return err
			}
			return abtest.Export(u.Out, s, o.form)
		},
	}
	fs := cmd.Flags()
	fs.SortFlags = false
	flags.AddInt(fs, &o.session, flags.Int{Name: "session", High: 1 << 30}, "`number` of the session; 0 means the last session")
	flags.AddOutput(fs, &o.form, abtest.Forms...)
	return cmd
}
