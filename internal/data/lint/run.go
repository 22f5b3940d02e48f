package lint

import (
	"context"
	"slices"

	"alpaca/internal/data"
)

// Count is the number of rows with findings of a rule.
type Count struct {
	Rule string
	Rows int64
}

// Summary is the result of a run.
type Summary struct {
	Rows       int64 // rows checked
	Faulty     int64 // rows with a finding
	Counts     []Count
	Unlicensed []string // sources that come from files and have no known licence
	Characters bool     // some instructions are in scripts without spaces, in which dup-rouge takes each character as a word
	source     int64
}

// Run checks the rows of a source; nil stands for all sources. It stores the findings in
// the table lint, where they replace earlier findings of the same rules. progress may be
// nil.
func Run(ctx context.Context, db *data.DB, source *data.Source, opt Options, progress func(rows int64)) (*Summary, error) {
	s := &Summary{}
	if source != nil {
		s.source = source.ID
	}
	list, err := db.Sources(ctx)
	if err != nil {
		return nil, err
	}
	opt.unlicensed = map[int64]string{}
	for _, x := range list {
		if x.Licence == "" && x.Path != "" && (source == nil || x.ID == source.ID) {
			s.Unlicensed = append(s.Unlicensed, x.Name)
			opt.unlicensed[x.ID] = x.Name
		}
	}
	counts := map[string]int64{}
	faulty := map[int64]bool{}
	var l *Linter
	err = db.Update(ctx, func(tx *data.Tx) (err error) {
		insert, err := tx.Prepare("insert into lint(row_id, rule, detail) values (?, ?, ?)")
		if err != nil {
			return err
		}
		defer insert.Close()
		l, err = New(opt, func(f Finding) error {
			counts[f.Rule]++
			faulty[f.Row] = true
			_, err := insert.ExecContext(ctx, f.Row, f.Rule, f.Detail)
			return err
		})
		if err != nil {
			return err
		}
		for _, r := range l.Active() {
			_, err := tx.Exec("delete from lint where rule = ?1 and (?2 = 0 or row_id in (select id from example where source_id = ?2))", r.ID, s.source)
			if err != nil {
				return err
			}
		}
		err = db.Rows(ctx, s.source, func(r *data.Row) error {
			const often = 1000
			if progress != nil && l.Rows()%often == 0 {
				progress(l.Rows())
			}
			return l.Row(r)
		})
		if err != nil {
			return err
		}
		return l.Finish()
	})
	if err != nil {
		return nil, err
	}
	s.Rows, s.Faulty, s.Characters = l.Rows(), int64(len(faulty)), l.all.characters
	for _, r := range l.Active() {
		s.Counts = append(s.Counts, Count{r.ID, counts[r.ID]})
	}
	slices.SortStableFunc(s.Counts, func(a, b Count) int { return int(b.Rows - a.Rows) })
	return s, nil
}

// Examples returns the first findings of a rule, in the order of the rows.
func (s *Summary) Examples(ctx context.Context, db *data.DB, rule string, n int) (list []Finding, err error) {
	if n == 0 {
		return nil, nil
	}
	rows, err := db.Query(ctx, `select row_id, detail from lint where rule = ?1 and (?2 = 0 or row_id in (select id from example where source_id = ?2))
		order by row_id limit ?3`, rule, s.source, n)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		f := Finding{Rule: rule}
		if err := rows.Scan(&f.Row, &f.Detail); err != nil {
			return nil, err
		}
		list = append(list, f)
	}
	return list, rows.Err()
}

// MendOptions are the options of Mend.
type MendOptions struct {
	Name string   // name of the new source; "": the old name with _fixed
	Drop []string // ids of rules: rows with findings of these rules are left out
}

// Mended is the result of Mend.
type Mended struct {
	Source  *data.Source
	Mended  int64 // rows that a fix has changed
	Dropped int64
}

// Mend writes the rows of a source to a new source, with the repairs that rules can make. Rows for
// which Run has stored findings of the rules in mend.Drop are left out.
func Mend(ctx context.Context, db *data.DB, source *data.Source, opt Options, mend MendOptions) (*Mended, error) {
	l, err := New(opt, nil)
	if err != nil {
		return nil, err
	}
	name := mend.Name
	if name == "" {
		name = source.Name + "_fixed"
	}
	res := &Mended{Source: &data.Source{Name: name, Path: source.Path, Format: source.Format, Licence: source.Licence, Shape: source.Shape, Note: "mended rows of " + source.Name}}
	dropped, err := dropped(ctx, db, source, mend.Drop)
	if err != nil {
		return nil, err
	}
	err = db.Update(ctx, func(tx *data.Tx) error {
		if err := tx.AddSource(res.Source); err != nil {
			return err
		}
		if err := tx.Bulk(); err != nil {
			return err
		}
		return db.Rows(ctx, source.ID, func(r *data.Row) error {
			if dropped[r.ID] {
				res.Dropped++
				return nil
			}
			r.ID, r.SourceID, r.Pos = 0, res.Source.ID, 0
			if source.Format == "seeds" {
				r.Raw = nil // Raw can say that the row belongs to the task in the row before, but that may now be another task
			}
			if len(l.Fix(r)) > 0 {
				res.Mended++
			}
			res.Source.Rows++
			return tx.Add(r)
		})
	})
	return res, err
}

// dropped returns the ids of a source's rows with findings of one of the rules.
func dropped(ctx context.Context, db *data.DB, source *data.Source, rules []string) (map[int64]bool, error) {
	ids := map[int64]bool{}
	for _, rule := range rules {
		rows, err := db.Query(ctx, "select row_id from lint where rule = ? and row_id in (select id from example where source_id = ?)", rule, source.ID)
		if err != nil {
			return nil, err
		}
		defer rows.Close()
		for rows.Next() {
			var id int64
			if err := rows.Scan(&id); err != nil {
				return nil, err
			}
			ids[id] = true
		}
		if err := rows.Err(); err != nil {
			return nil, err
		}
	}
	return ids, nil
}
