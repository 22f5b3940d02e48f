// Package lint looks for faults in rows that models are to be trained on: answers that are
// missing or cut, inputs that are not there, placeholders, damaged characters, duplicates,
// sums that do not come out. A rule says what is probably wrong. Those that only clean a
// text can mend it; nothing else is changed by a program.
package lint

import (
	"fmt"
	"slices"

	"alpaca/internal/data"
)

// Finding is what a rule says of a row.
type Finding struct {
	Row    int64 // its id
	Rule   string
	Detail string
}

// Rule is a fault that is looked for.
type Rule struct {
	ID    string
	About string
	// row says what is wrong with a row, "" for nothing. nil: the rule needs all rows.
	row func(l *Linter, r *data.Row) string
	// fix returns a text without the fault. nil: it cannot be mended.
	fix func(r *data.Row, field, text string) string
}

// Fixable reports whether the rule's fault can be mended.
func (r *Rule) Fixable() bool { return r.fix != nil }

// Options say what is looked for.
type Options struct {
	Rules []string // ids; nil: all that can be checked
	// Tokens counts the tokens of a row's prompt and of all that it is trained on. nil: the
	// rules about lengths are left out.
	Tokens    func(r *data.Row) (prompt, all int)
	MaxLength int // tokens that training takes of a row
	// Special are texts of the model's control tokens; nil: those of common models.
	Special []string
}

// Linter looks at rows one by one and, at the end, at all of them.
type Linter struct {
	opt    Options
	active []*Rule
	report func(Finding) error
	rows   int64
	all    whole

	normals   normals
	normalRow int64 // the row, counted from 1, that they are of
}

// ByID returns the rule of an id, nil for none.
func ByID(id string) *Rule {
	for _, r := range Rules {
		if r.ID == id {
			return r
		}
	}
	return nil
}

// New returns a linter that calls report with each finding.
func New(opt Options, report func(Finding) error) (*Linter, error) {
	for _, id := range opt.Rules {
		if ByID(id) == nil {
			return nil, fmt.Errorf("no rule %q", id)
		}
	}
	if opt.Special == nil {
		opt.Special = commonTokens
	}
	l := &Linter{opt: opt, report: report}
	for _, r := range Rules {
		lengths := r.ID == "too-long" || r.ID == "truncates-prompt"
		if (opt.Rules == nil || slices.Contains(opt.Rules, r.ID)) && (!lengths || opt.Tokens != nil) {
			l.active = append(l.active, r)
		}
	}
	l.all.init(l)
	return l, nil
}

// Active returns the rules that are checked.
func (l *Linter) Active() []*Rule { return l.active }

// Rows returns how many rows were looked at.
func (l *Linter) Rows() int64 { return l.rows }

// Row looks at a row.
func (l *Linter) Row(r *data.Row) error {
	l.rows++
	for _, rule := range l.active {
		if rule.row == nil {
			continue
		}
		if detail := rule.row(l, r); detail != "" {
			if err := l.report(Finding{r.ID, rule.ID, detail}); err != nil {
				return err
			}
		}
	}
	return l.all.row(l, r)
}

// Finish reports what shows only when all rows are known.
func (l *Linter) Finish() error { return l.all.finish(l) }

// has reports whether a rule is checked.
func (l *Linter) has(id string) bool {
	return slices.ContainsFunc(l.active, func(r *Rule) bool { return r.ID == id })
}

// Fix mends what can be mended of a row by the rules that are checked, and returns the ids of
// those that have changed something.
func (l *Linter) Fix(r *data.Row) (changed []string) {
	for _, rule := range l.active {
		if rule.fix == nil {
			continue
		}
		did := false
		for _, f := range fieldsOf(r) {
			if text := rule.fix(r, f.name, *f.text); text != *f.text {
				*f.text, did = text, true
			}
		}
		if did {
			changed = append(changed, rule.ID)
			if len(r.Raw) > 0 && r.Raw[0] == '{' {
				r.Raw = nil // it is no longer what stood in the file
			}
		}
	}
	return changed
}

// textField is a text of a row.
type textField struct {
	name string
	text *string
}

// fieldsOf returns the texts of a row, those of a conversation among them.
func fieldsOf(r *data.Row) []textField {
	list := []textField{{"instruction", &r.Instruction}, {"input", &r.Input}, {"output", &r.Output}, {"system", &r.System}}
	for i := range r.Turns {
		list = append(list, textField{"turns", &r.Turns[i].Content})
	}
	return list
}

// clip shortens a text for a detail.
func clip(text string) string {
	most := 80 // characters
	for i := range text {
		if most == 0 {
			return text[:i] + "…"
		}
		most--
	}
	return text
}
