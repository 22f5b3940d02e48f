package browse

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"alpaca/internal/data/table"
)

// defaultSize is how many rows a request without _size gets. HTML pages have fewer.
const defaultSize = 100

// request is a parsed request for rows of a table.
type request struct {
	table  *table.Table
	query  table.Query
	ext    string // "", json, csv, jsonl, alpaca.json
	values url.Values
	path   string // address of the table, without the ending
}

// parse parses a request for a table.
func (b *Browser) parse(r *http.Request, name string) (*request, error) {
	q := &request{values: r.URL.Query()}
	name, q.ext, _ = strings.Cut(name, ".")
	switch q.ext {
	case "", "json", "csv", "jsonl", "alpaca.json":
	default:
		return nil, notFound("unknown format ." + q.ext + ": use json, csv, jsonl or alpaca.json")
	}
	var err error
	if q.table, err = table.Named(r.Context(), b.db, name); err != nil {
		return nil, err
	}
	if q.table == nil {
		return nil, notFound("no table has this name")
	}
	q.path = b.opt.Base + "/" + b.name + "/" + name
	return q, q.read()
}

// read parses the parameters.
func (q *request) read() (err error) {
	q.query.Size = defaultSize
	if q.ext == "" {
		q.query.Size = 25 // fewer, because pages show long texts
	}
	for name, list := range q.values {
		for _, value := range list {
			if err := q.parameter(name, value); err != nil {
				return err
			}
		}
	}
	return nil
}

func (q *request) parameter(name, value string) (err error) {
	switch {
	case name == "_search":
		q.query.Search = value
	case name == "_searchmode":
		q.query.Raw = value == "raw"
	case strings.HasPrefix(name, "_search_"):
		q.query.Search, q.query.In = value, strings.TrimPrefix(name, "_search_")
	case name == "_sort":
		if value != "" {
			q.query.Sort = value
		}
	case name == "_sort_desc":
		if value != "" {
			q.query.Sort, q.query.Desc = value, true
		}
	case name == "_next":
		q.query.Next = value
	case name == "_size":
		if q.query.Size, err = size(value); err != nil {
			return err
		}
	case strings.HasPrefix(name, "_"): // unknown, or read by other code
	default:
		q.query.Filters = append(q.query.Filters, table.ParseFilter(name, value))
	}
	return nil
}

// size parses the number of rows of a page.
func size(value string) (int, error) {
	if value == "max" {
		return table.MaxSize, nil
	}
	n, err := strconv.Atoi(value)
	switch {
	case err != nil || n < 0:
		return 0, badRequest("_size must be a whole number, 0 or more")
	case n > table.MaxSize:
		return 0, badRequest("_size must be at most " + strconv.Itoa(table.MaxSize))
	}
	return n, nil
}

// with returns the address of the same request with changed parameters. changes are name, value,
// name, value and so on; an empty value removes the parameter.
func (q *request) with(ext string, changes ...string) string {
	values := url.Values{}
	for name, list := range q.values {
		values[name] = list
	}
	for i := 0; i+1 < len(changes); i += 2 {
		if changes[i+1] == "" {
			values.Del(changes[i])
		} else {
			values.Set(changes[i], changes[i+1])
		}
	}
	address := q.path
	if ext != "" {
		address += "." + ext
	}
	if len(values) > 0 {
		address += "?" + values.Encode()
	}
	return address
}

// without returns the address of the first page without one filter.
func (q *request) without(name, value string) string {
	values := url.Values{}
	for k, list := range q.values {
		for _, v := range list {
			if k != "_next" && !(k == name && v == value) {
				values.Add(k, v)
			}
		}
	}
	if len(values) == 0 {
		return q.path
	}
	return q.path + "?" + values.Encode()
}

// sourceOf returns the name of the source that the table shows, "" for a table of all sources.
func (q *request) sourceOf() string {
	if q.table.Source != 0 {
		return q.table.Name
	}
	return ""
}

// narrowed reports whether the request has a search or a filter.
func (q *request) narrowed() bool {
	return strings.TrimSpace(q.query.Search) != "" || len(q.query.Filters) > 0
}
