package table

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"strings"

	"alpaca/internal/data"
)

// MaxSize is the largest number of rows on a page.
const MaxSize = 1000

// Query asks for rows.
type Query struct {
	Search  string // words to search for; "": no search
	In      string // the column to search; "": all
	Raw     bool   // Search is an FTS5 query
	Inside  bool   // Search is a text to find anywhere, even inside words
	Filters []Filter
	Sort    string // a column; "": the key
	Desc    bool
	Next    string // Page.Next of the previous page; "": the first page
	Size    int
}

// Page is one page of rows.
type Page struct {
	Rows []*Row
	Next string // "": this is the last page
}

// parts are the parts of a query in SQL.
type parts struct {
	join, where string
	args        []any
	fts         bool // the rows come from the full-text index, in the order of the key
}

// parts translates the query's search and its filters to SQL.
func (t *Table) parts(q *Query) (p parts, err error) {
	if strings.TrimSpace(q.Search) != "" {
		if !t.Texts {
			return p, errorf("%s has no index of words: filter by a column", t.Name)
		}
		if q.In != "" && !isOneOf(q.In, searchable) {
			return p, errorf("there is no index of the column %.40q, only of %s", q.In, strings.Join(searchable, ", "))
		}
		var where string
		p.join, where, p.args = t.search(q)
		p.where, p.fts = " and "+where, p.join != ""
	}
	for _, f := range q.Filters {
		where, args, err := t.condition(f)
		if err != nil {
			return p, err
		}
		p.where += " and " + where
		p.args = append(p.args, args...)
	}
	return p, nil
}

func isOneOf(name string, list []string) bool {
	for _, x := range list {
		if x == name {
			return true
		}
	}
	return false
}

// Page returns the page of rows after q.Next.
func (t *Table) Page(ctx context.Context, db *data.DB, q Query) (*Page, error) {
	p, err := t.parts(&q)
	if err != nil {
		return nil, err
	}
	if q.Size == 0 {
		return &Page{Rows: []*Row{}}, nil
	}
	sort, direction := "", "asc"
	if q.Desc {
		direction = "desc"
	}
	if q.Sort != "" {
		c := t.Column(q.Sort)
		if c == nil {
			return nil, errorf("%s has no column %.40q to sort by", t.Name, q.Sort)
		}
		sort = c.Expr
	}
	key := t.Key
	if p.fts {
		key = "example_fts.rowid" // the index returns rows in the order of its rowid
	}
	query, args := t.selectFrom(p.join, sort)
	query += p.where
	args = append(args, p.args...)
	if q.Next != "" {
		where, values, err := after(q.Next, sort, key, q.Desc)
		if err != nil {
			return nil, err
		}
		query += where
		args = append(args, values...)
	}
	if sort != "" {
		query += " order by " + sort + " " + direction + ", " + t.Key
	} else {
		query += " order by " + key + " " + direction
	}
	rows, err := db.Query(ctx, query+" limit ?", append(args, q.Size+1)...)
	if err != nil {
		return nil, t.explain(q, err)
	}
	defer rows.Close()
	page := &Page{Rows: []*Row{}}
	var last any
	for rows.Next() {
		if len(page.Rows) == q.Size {
			page.Next = token(last, sort != "", page.Rows)
			break
		}
		row, by, err := t.scan(rows.Scan, sort != "")
		if err != nil {
			return nil, err
		}
		page.Rows, last = append(page.Rows, row), by
	}
	return page, t.explain(q, rows.Err())
}

// explain turns an error in the user's FTS5 query into one that the user understands.
func (t *Table) explain(q Query, err error) error {
	if q.Raw && data.IsLogicError(err) {
		return errorf("the search cannot be read: %s", strings.TrimPrefix(err.Error(), "SQL logic error: "))
	}
	return err
}

// token encodes the end of a page: the key of its last row. If the page is sorted by a
// column, token also encodes the parameter by, which is the last row's value in that column.
func token(by any, sorted bool, rows []*Row) string {
	list := []any{rows[len(rows)-1].Key}
	if sorted {
		if b, ok := by.([]byte); ok {
			by = string(b)
		}
		list = append(list, by)
	}
	b, _ := json.Marshal(list) // numbers and texts can be encoded
	return base64.RawURLEncoding.EncodeToString(b)
}

// after returns the SQL condition for the rows after the page that gave the token next. In
// ascending order, rows with NULL come first, as SQLite sorts them.
func after(next, sort, key string, desc bool) (string, []any, error) {
	var list []any
	b, err := base64.RawURLEncoding.DecodeString(next)
	if err == nil {
		d := json.NewDecoder(strings.NewReader(string(b)))
		d.UseNumber()
		err = d.Decode(&list)
	}
	want := 1
	if sort != "" {
		want = 2
	}
	if err != nil || len(list) != want {
		return "", nil, errorf("_next %.40q does not come from a page with this sort order", next)
	}
	for i, v := range list {
		if n, ok := v.(json.Number); ok {
			if list[i], err = n.Int64(); err != nil {
				list[i], _ = n.Float64()
			}
		}
	}
	compare := ">"
	if desc {
		compare = "<"
	}
	switch {
	case sort == "":
		return " and " + key + " " + compare + " ?", list, nil
	case list[1] == nil && desc:
		return " and " + sort + " is null and " + key + " > ?", list[:1], nil
	case list[1] == nil:
		return " and (" + sort + " is not null or " + key + " > ?)", list[:1], nil
	case desc:
		return " and (" + sort + " < ? or " + sort + " is null or " + sort + " = ? and " + key + " > ?)", []any{list[1], list[1], list[0]}, nil
	}
	return " and (" + sort + " > ? or " + sort + " = ? and " + key + " > ?)", []any{list[1], list[1], list[0]}, nil
}

// IDs returns the keys of the rows that q asks for, in order. most is the largest number
// of keys.
func (t *Table) IDs(ctx context.Context, db *data.DB, q Query, most int) (ids []int64, err error) {
	p, err := t.parts(&q)
	if err != nil {
		return nil, err
	}
	query, args := "select "+t.Key+" from "+t.From+p.join+" where true"+p.where, p.args
	if p.fts { // the keys are in the full-text index, too
		query = "select example_fts.rowid from " + t.From + p.join + " where true" + p.where
		if len(q.Filters) == 0 && t.Source == 0 {
			query = "select rowid from example_fts where true" + p.where
		}
	}
	if t.Source != 0 {
		query, args = query+" and example.source_id = ?", append(args, t.Source)
	}
	rows, err := db.Query(ctx, query+" order by 1 limit ?", append(args, most)...)
	if err != nil {
		return nil, t.explain(q, err)
	}
	defer rows.Close()
	for rows.Next() {
		var id int64
		if err := rows.Scan(&id); err != nil {
			return nil, err
		}
		ids = append(ids, id)
	}
	return ids, t.explain(q, rows.Err())
}
