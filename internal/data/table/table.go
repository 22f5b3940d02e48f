// Package table answers questions about the tables of a database as Datasette does: pages of
// rows by key, filters, searches, an order, counts by facet. Its columns and operations are
// lists: what a request says never becomes a part of a statement except as a value.
package table

import (
	"context"
	"database/sql"
	"errors"
	"slices"

	"alpaca/internal/data"
)

// Column is a column of a table.
type Column struct {
	Name string
	Expr string // in SQL
	// Wide is a text that a list shows cut.
	Wide bool
}

// Table is a table with what can be asked of it.
type Table struct {
	Name    string
	From    string // in SQL
	Key     string // in SQL: a whole number, not the same twice
	Columns []Column
	Source  int64 // the rows of one source; 0: of all
	Texts   bool  // it has examples, which can be searched and have facets
}

// examples are the columns of examples.
var examples = []Column{
	{Name: "id", Expr: "example.id"}, {Name: "source", Expr: "(select name from source where source.id = example.source_id)"}, {Name: "pos", Expr: "example.pos"},
	{Name: "instruction", Expr: "example.instruction", Wide: true}, {Name: "input", Expr: "example.input", Wide: true}, {Name: "output", Expr: "example.output", Wide: true},
	{Name: "system", Expr: "example.system", Wide: true}, {Name: "category", Expr: "example.category"}, {Name: "turns", Expr: "example.turns", Wide: true},
	{Name: "extra", Expr: "example.extra", Wide: true}, {Name: "n_tokens", Expr: "example.n_tokens"},
}

// hidden are columns of examples that can be filtered by and are not shown.
var hidden = []Column{
	{Name: "word", Expr: "example.word"}, {Name: "chars", Expr: "example.chars"},
	{Name: "has_input", Expr: "(case when example.input = '' then 'no' else 'yes' end)"}, {Name: "length", Expr: lengthExpr},
}

// Named returns the table of that name, nil where there is none: example, which has the rows
// of all sources, one source, or one of those beside them.
func Named(ctx context.Context, db *data.DB, name string) (*Table, error) {
	switch name {
	case "example":
		return &Table{Name: name, From: "example", Key: "example.id", Columns: examples, Texts: true}, nil
	case "source":
		return &Table{Name: name, From: "source", Key: "source.id", Columns: plain("source", "id", "name", "path", "sha256", "format", "licence", "imported_at", "rows", "note")}, nil
	case "rejected":
		t := &Table{Name: name, From: "rejected", Key: "rejected.id", Columns: plain("rejected", "id", "line", "offset", "error")}
		t.Columns = append(t.Columns, Column{Name: "source", Expr: "(select name from source where source.id = rejected.source_id)"}, Column{Name: "raw", Expr: "cast(rejected.raw as text)", Wide: true})
		return t, nil
	case "lint":
		t := &Table{Name: name, From: "lint", Key: "lint.rowid", Columns: []Column{{Name: "id", Expr: "lint.rowid"}}}
		t.Columns = append(t.Columns, plain("lint", "row_id", "rule", "detail")...)
		return t, nil
	}
	s, err := db.Source(ctx, name)
	if err != nil || s == nil {
		return nil, err
	}
	return &Table{Name: name, From: "example", Key: "example.id", Columns: examples, Source: s.ID, Texts: true}, nil
}

// plain returns columns that are what they are called.
func plain(table string, names ...string) (list []Column) {
	for _, name := range names {
		list = append(list, Column{Name: name, Expr: table + `."` + name + `"`})
	}
	return list
}

// Column returns the column of that name, nil for none; one that is not shown, too.
func (t *Table) Column(name string) *Column {
	lists := [][]Column{t.Columns}
	if t.Texts {
		lists = append(lists, hidden)
	}
	for _, list := range lists {
		if i := slices.IndexFunc(list, func(c Column) bool { return c.Name == name }); i >= 0 {
			return &list[i]
		}
	}
	return nil
}

// Row is a row of a table: values as SQLite has them.
type Row struct {
	Key    int64
	Values []any // by column: nil, int64, float64, string
}

// Get returns the row of a key, nil where there is none.
func (t *Table) Get(ctx context.Context, db *data.DB, key int64) (*Row, error) {
	query, args := t.selectFrom("", "")
	query += " and " + t.Key + " = ?"
	row, _, err := t.scan(db.QueryRow(ctx, query, append(args, key)...).Scan, false)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	return row, err
}

// selectFrom begins a statement and opens its where-clause. join is put behind the table, sort
// is the expression that rows are sorted by: "" for the key.
func (t *Table) selectFrom(join, sort string) (query string, args []any) {
	query = "select " + t.Key
	if sort != "" {
		query += ", " + sort
	}
	for _, c := range t.Columns {
		query += ", " + c.Expr
	}
	query += " from " + t.From + join + " where true"
	if t.Source != 0 {
		query += " and example.source_id = ?"
		args = append(args, t.Source)
	}
	return query, args
}

// scan reads a row, and what it is sorted by.
func (t *Table) scan(scan func(...any) error, sorted bool) (*Row, any, error) {
	r := &Row{Values: make([]any, len(t.Columns))}
	var by any
	targets := []any{&r.Key}
	if sorted {
		targets = append(targets, &by)
	}
	for i := range r.Values {
		targets = append(targets, &r.Values[i])
	}
	if err := scan(targets...); err != nil {
		return nil, nil, err
	}
	for i, v := range r.Values {
		if b, ok := v.([]byte); ok {
			r.Values[i] = string(b)
		}
	}
	return r, by, nil
}
