// Package table reads the tables of a database for a browser, as Datasette does: pages of
// rows, filters, searches, sorting, and counts by facet. Columns and operations are chosen
// from lists: a request's text becomes a value in a statement, but never a part of the SQL.
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
	Expr string // the column's value as an SQL expression
	// Wide marks a column of long texts. Lists of rows show only the beginning of such texts.
	Wide bool
}

// Table is a table, with its columns and its SQL.
type Table struct {
	Name    string
	From    string // the table's name in SQL
	Key     string // the key in SQL: a unique integer
	Columns []Column
	Source  int64 // the id of the source whose rows the table has; 0: rows of all sources
	Texts   bool  // the rows are examples, which have an index of words and facets

	trigrams bool // the database has an index of substrings, too
}

// examples are the columns of examples.
var examples = []Column{
	{Name: "id", Expr: "example.id"}, {Name: "source", Expr: "(select name from source where source.id = example.source_id)"}, {Name: "pos", Expr: "example.pos"},
	{Name: "instruction", Expr: "example.instruction", Wide: true}, {Name: "input", Expr: "example.input", Wide: true}, {Name: "output", Expr: "example.output", Wide: true},
	{Name: "system", Expr: "example.system", Wide: true}, {Name: "category", Expr: "example.category"}, {Name: "turns", Expr: "example.turns", Wide: true},
	{Name: "extra", Expr: "example.extra", Wide: true}, {Name: "n_tokens", Expr: "example.n_tokens"},
}

// hidden are columns of examples that are not shown but can be used in filters.
var hidden = []Column{
	{Name: "word", Expr: "example.word"}, {Name: "chars", Expr: "example.chars"},
	{Name: "has_input", Expr: "(case when example.input = '' then 'no' else 'yes' end)"}, {Name: "length", Expr: lengthExpr},
}

// Named returns the table with the given name, or nil if there is none. name
// is "source", "rejected" or "lint" for the table of that name, "example"
// for the rows of all sources, or the name of a source for its rows alone.
func Named(ctx context.Context, db *data.DB, name string) (*Table, error) {
	trigrams, err := db.HasSubstrings(ctx)
	if err != nil {
		return nil, err
	}
	switch name {
	case "example":
		return &Table{Name: name, From: "example", Key: "example.id", Columns: examples, Texts: true, trigrams: trigrams}, nil
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
	return &Table{Name: name, From: "example", Key: "example.id", Columns: examples, Source: s.ID, Texts: true, trigrams: trigrams}, nil
}

// plain returns columns whose SQL expressions are their names in the table.
func plain(table string, names ...string) (list []Column) {
	for _, name := range names {
		list = append(list, Column{Name: name, Expr: table + `."` + name + `"`})
	}
	return list
}

// Column returns the column with the given name, or nil if there is none. It may be a hidden
// column.
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

// Row is a row of a table.
type Row struct {
	Key    int64
	Values []any // by column: nil, int64, float64, string
}

// Get returns the row with the given key, or nil if there is none.
func (t *Table) Get(ctx context.Context, db *data.DB, key int64) (*Row, error) {
	query, args := t.selectFrom("", "")
	query += " and " + t.Key + " = ?"
	row, _, err := t.scan(db.QueryRow(ctx, query, append(args, key)...).Scan, false)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	return row, err
}

// selectFrom returns a statement up to the beginning of its where clause. join is inserted
// after the table. sort is the expression that rows are sorted by, or "" for the key.
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

// scan reads a row and, if sorted, its value of the sort expression.
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
