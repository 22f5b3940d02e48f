package data

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"alpaca/internal/cli/flags"
	"alpaca/internal/cli/ui"
	"alpaca/internal/data"
	"alpaca/internal/data/lint"
	"alpaca/internal/report"
)

// lintOptions are the flags of "alpaca data lint".
type lintOptions struct {
	file
	source string
	rules  []string
	show   int
	failOn []string
	fix    bool
	name   string
	drop   []string
	model  modelFlags
	output string
}

func newLint(u *ui.UI) *cobra.Command {
	var o lintOptions
	cmd := &cobra.Command{
		Use:   "lint",
		Short: "Look for faults in rows",
		Long: `Look for faults in rows and count them by rule. The findings are kept in the table
"lint"; --where and the page of "alpaca data serve" can then select rows by them. The
rules:

` + ruleLines() + `
--fix writes all rows to a new source and repairs what it can. Rows found by a rule in --drop
are left out. The old source does not change.

Exit status: 0 the rules in --fail-on find nothing, 1 they find something, 2 wrong command line.`,
		Example: `  alpaca data lint --show 3
  alpaca data lint --rule merged,empty-output --fail-on merged,empty-output
  alpaca data lint --source alpaca_data --fix --drop empty-output,dup-exact --name alpaca_clean`,
		Args: flags.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return o.run(cmd.Context(), u) },
	}
	fs := cmd.Flags()
	o.file.add(fs)
	fs.StringVar(&o.source, "source", "", "`name` of the source to check (default: all)")
	fs.StringSliceVar(&o.rules, "rule", nil, "`rules` to look for, separated by commas (default: all)")
	flags.AddInt(fs, &o.show, flags.Int{Name: "show", Value: 0, Low: 0, High: math.MaxInt32}, "number of `examples` to show for each rule")
	fs.StringSliceVar(&o.failOn, "fail-on", nil, "`rules` whose findings make the command fail, separated by commas; \"all\" stands for every rule")
	fs.BoolVar(&o.fix, "fix", false, "write the repaired rows to a new source")
	fs.StringVar(&o.name, "name", "", "`name` of the new source (default: the old name with _fixed)")
	fs.StringSliceVar(&o.drop, "drop", nil, "`rules`, separated by commas: --fix leaves out the rows that they find")
	o.model.add(fs)
	flags.AddOutput(fs, &o.output, "text", "json")
	return cmd
}

// ruleLines lists the rules, one per line.
func ruleLines() (text string) {
	for _, r := range lint.Rules {
		text += fmt.Sprintf("  %-18s  %s\n", r.ID, r.About)
	}
	return text
}

func (o *lintOptions) check() error {
	for _, list := range []struct {
		flag  string
		rules []string
	}{{"rule", o.rules}, {"fail-on", o.failOn}, {"drop", o.drop}} {
		for _, id := range list.rules {
			if lint.ByID(id) == nil && !(list.flag == "fail-on" && id == "all") {
				return ui.WithHint(ui.Usagef("--%s: there is no rule %q", list.flag, id), "alpaca data lint --help lists them")
			}
			if r := lint.ByID(id); r != nil && r.NeedsTokens() && o.model.model == "" {
				return ui.Usagef("--%s %s: this rule counts the tokens of a model: name one with -m", list.flag, id)
			}
			if len(o.rules) > 0 && list.flag != "rule" && id != "all" && !slices.Contains(o.rules, id) {
				return ui.Usagef("--%s %s: --rule does not name this rule", list.flag, id)
			}
		}
	}
	if o.model.template.Name != "" && o.model.model == "" {
		return ui.Usagef("--chat-template needs a model: name one with -m")
	}
	if !o.fix && (o.name != "" || len(o.drop) > 0) {
		return ui.Usagef("--name and --drop are for --fix")
	}
	return nil
}

func (o *lintOptions) run(ctx context.Context, u *ui.UI) error {
	if err := o.check(); err != nil {
		return err
	}
	db, err := o.read(ctx) // fails if the database does not exist
	if err != nil {
		return err
	}
	source, err := sourceNamed(ctx, db, o.source)
	db.Close()
	if err != nil {
		return err
	}
	if db, err = data.Open(ctx, o.path); err != nil {
		return err
	}
	defer db.Close()
	opt := lint.Options{Rules: o.rules, MaxLength: o.model.length}
	for _, id := range slices.Concat(o.failOn, o.drop) {
		if id != "all" {
			opt.Also = append(opt.Also, id)
		}
	}
	if o.model.asked() {
		v, err := o.model.open(u)
		if err != nil {
			return err
		}
		opt.Special = v.special()
		opt.Tokens = func(r *data.Row) (prompt, all int) {
			ids, prompt, err := v.tokens(r)
			if err != nil { // the template refuses the conversation; the finding of the rule role-order says why
				return 0, 0
			}
			return prompt, len(ids)
		}
	}
	found, err := lint.Run(ctx, db, source, opt, func(rows int64) { u.Statusf("%d rows", rows) })
	u.ClearStatus()
	if err != nil {
		return err
	}
	if err := o.report(ctx, u, db, found); err != nil {
		return err
	}
	if o.fix {
		if err := o.mend(ctx, u, db, source, found, opt); err != nil {
			return err
		}
	}
	if err := db.Close(); err != nil {
		return err
	}
	return o.failure(found)
}

// failure returns an error if a rule of --fail-on has findings.
func (o *lintOptions) failure(found *lint.Summary) error {
	var bad []string
	for _, c := range found.Counts {
		if c.Rows > 0 && (slices.Contains(o.failOn, c.Rule) || slices.Contains(o.failOn, "all")) {
			bad = append(bad, fmt.Sprintf("%s %d", c.Rule, c.Rows))
		}
	}
	if bad == nil {
		return nil
	}
	return fmt.Errorf("%s: --fail-on: %s", o.path, strings.Join(bad, ", "))
}

// ruleRecord has the findings of a rule in JSON.
type ruleRecord struct {
	Rule     string          `json:"rule"`
	Rows     int64           `json:"rows"`
	Share    float64         `json:"share"`
	Examples []exampleRecord `json:"examples,omitempty"`
}

type exampleRecord struct {
	Row    int64  `json:"row"`
	Detail string `json:"detail"`
}

// report writes the counts, with examples.
func (o *lintOptions) report(ctx context.Context, u *ui.UI, db *data.DB, found *lint.Summary) error {
	var records []ruleRecord
	for _, c := range found.Counts {
		r := ruleRecord{Rule: c.Rule, Rows: c.Rows, Share: float64(c.Rows) / float64(max(found.Rows, 1))}
		list, err := found.Examples(ctx, db, c.Rule, o.show)
		if err != nil {
			return err
		}
		for _, f := range list {
			r.Examples = append(r.Examples, exampleRecord{f.Row, f.Detail})
		}
		records = append(records, r)
	}
	if o.output == "json" {
		return u.WriteJSON(map[string]any{"rows": found.Rows, "with_findings": found.Faulty, "rules": records, "without_licence": found.Unlicensed})
	}
	var rows [][]string
	for _, r := range records {
		if r.Rows > 0 {
			rows = append(rows, []string{r.Rule, fmt.Sprint(r.Rows), fmt.Sprintf("%.2f %%", 100*r.Share)})
		}
	}
	if err := report.WriteTable(u.Out, []string{"rule", "rows", "share"}, rows); err != nil {
		return err
	}
	fmt.Fprintf(u.Out, "%d of %d rows have findings\n", found.Faulty, found.Rows)
	for _, r := range records {
		for i, e := range r.Examples {
			if i == 0 {
				fmt.Fprintf(u.Out, "\n%s: %s\n", r.Rule, lint.ByID(r.Rule).About)
			}
			if err := o.example(ctx, u, db, e); err != nil {
				return err
			}
		}
	}
	if len(found.Unlicensed) > 0 {
		u.Notef("%s: unknown licence; \"alpaca data import --license\" records one", strings.Join(found.Unlicensed, ", "))
	}
	if found.Characters {
		u.Notef("some instructions are in scripts without spaces between words: for dup-rouge each character counts as a word")
	}
	return nil
}

// example writes a row with a finding, on a few lines.
func (o *lintOptions) example(ctx context.Context, u *ui.UI, db *data.DB, e exampleRecord) error {
	fmt.Fprintf(u.Out, "  row %d: %s\n", e.Row, ui.Printable(e.Detail))
	r, err := db.Row(ctx, e.Row)
	if err != nil || r == nil {
		return err
	}
	for _, f := range []struct{ name, text string }{{"instruction", r.Instruction}, {"input", r.Input}, {"output", r.Output}} {
		if f.text != "" || f.name == "output" {
			fmt.Fprintf(u.Out, "    %-12s %s\n", f.name, cell(f.text))
		}
	}
	return nil
}

// mend repairs the rows of a source, and writes them to a new
// source. source may be nil if the database has only one source.
func (o *lintOptions) mend(ctx context.Context, u *ui.UI, db *data.DB, source *data.Source, found *lint.Summary, opt lint.Options) error {
	sources := []*data.Source{source}
	if source == nil {
		var err error
		if sources, err = db.Sources(ctx); err != nil {
			return err
		}
		if len(sources) > 1 {
			return ui.Usagef("--fix: there are %d sources: name one with --source", len(sources))
		}
	}
	for _, s := range sources {
		res, err := lint.Mend(ctx, db, s, opt, lint.MendOptions{Name: o.name, Drop: o.drop})
		if err != nil {
			return err
		}
		u.Notef("%s has %d rows: %d were repaired, %d are left out", res.Source.Name, res.Source.Rows, res.Mended, res.Dropped)
	}
	return nil
}
