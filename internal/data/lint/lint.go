// Package lint looks for faults in training data: missing or truncated answers, missing
// inputs, placeholders, damaged characters, duplicates, wrong sums. A finding says what
// is probably wrong. Rules that only clean a text can also fix it.
package lint

import (
	"fmt"
	"slices"

	"alpaca/internal/data"
)

// Finding is a fault that a rule has found in a row.
type Finding struct {
	Row    int64 // the row's id
	Rule   string
	Detail string
}

// Rule finds one kind of fault.
type Rule struct {
	ID    string
	About string
	// row returns what is wrong with a row, or "" if nothing is wrong. row is nil if the rule
	// needs all rows.
	row func(l *Linter, r *data.Row) string
	// fix returns a text without the fault. fix is nil if the fault cannot be fixed.
	fix func(r *data.Row, field, text string) string
	// tokens says that the rule needs Options.Tokens.
	tokens bool
	// named says that the rule is checked only if its id is in Options.Rules or Options.Also.
	named bool
}

// Fixable reports whether Fix can fix the rule's fault.
func (r *Rule) Fixable() bool { return r.fix != nil }

// NeedsTokens reports whether the rule is only checked with Options.Tokens.
func (r *Rule) NeedsTokens() bool { return r.tokens }

// Options say what a Linter looks for.
type Options struct {
	Rules []string // ids of rules; nil: all rules that can be checked, except licence
	Also  []string // ids of rules to check in addition to Rules
	// Tokens returns the number of tokens of a row's prompt, and of the whole row
	// as training sees it. If Tokens is nil, the rules about lengths are left out.
	Tokens    func(r *data.Row) (prompt, all int)
	MaxLength int // the largest number of tokens that training takes of a row
	// Special are the texts of the model's control tokens. nil stands for those of common models.
	Special []string
	// unlicensed has the names of the sources without a known licence, by id. Run sets this field.
	unlicensed map[int64]string
}

// Linter checks rows one by one and, at the end, all of them together.
type Linter struct {
	opt    Options
	active []*Rule
	report func(Finding) error
	rows   int64
	all    whole

	normals   normals
	normalRow int64 // the number of the row that normals belong to, from 1
}

// ByID returns the rule with the given id, or nil if there is none.
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
	for _, id := range slices.Concat(opt.Rules, opt.Also) {
		if ByID(id) == nil {
			return nil, fmt.Errorf("no rule %q", id)
		}
	}
	if opt.Special == nil {
		opt.Special = commonTokens
	}
	l := &Linter{opt: opt, report: report}
	for _, r := range Rules {
		asked := opt.Rules == nil && !r.named || slices.Contains(opt.Rules, r.ID) || slices.Contains(opt.Also, r.ID)
		if asked && (!r.tokens || opt.Tokens != nil) {
			l.active = append(l.active, r)
		}
	}
	l.all.init(l)
	return l, nil
}

// Active returns the rules that are checked.
func (l *Linter) Active() []*Rule { return l.active }

// Rows returns the number of rows checked so far.
func (l *Linter) Rows() int64 { return l.rows }

// Row checks a row.
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

// Finish reports the findings that need all rows.
func (l *Linter) Finish() error { return l.all.finish(l) }

// has reports whether a rule is checked.
func (l *Linter) has(id string) bool {
	return slices.ContainsFunc(l.active, func(r *Rule) bool { return r.ID == id })
}

// Fix applies the fixes of all active rules to a row. It returns the ids of the rules that
// changed something.
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
				r.Raw = nil // Raw no longer matches the row
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

// fieldsOf returns the texts of a row, including the messages of a conversation.
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
