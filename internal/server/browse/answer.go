package browse

import (
	"context"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"

	"alpaca/internal/data"
	"alpaca/internal/data/table"
)

// rows returns a page of rows for a request.
func (b *Browser) rows(ctx context.Context, q *request) (*table.Page, error) {
	ctx, cancel := context.WithTimeout(ctx, pageTime)
	defer cancel()
	return q.table.Page(ctx, b.db, q.query)
}

// names returns the names of a table's columns.
func names(t *table.Table) []string {
	list := make([]string, len(t.Columns))
	for i, c := range t.Columns {
		list[i] = c.Name
	}
	return list
}

// table sends the rows of a table. The ending of the address, such as .csv, names the format.
func (b *Browser) table(w http.ResponseWriter, r *http.Request) error {
	q, err := b.parse(r, r.PathValue("table"))
	if err != nil {
		return err
	}
	switch q.ext {
	case "":
		return b.tablePage(w, r, q)
	case "json":
		return b.tableJSON(w, r, q)
	}
	return b.export(w, r, q)
}

// tableJSON sends rows in Datasette's JSON.
func (b *Browser) tableJSON(w http.ResponseWriter, r *http.Request, q *request) error {
	page, err := b.rows(r.Context(), q)
	if err != nil {
		return err
	}
	extra, err := b.extras(r, q)
	if err != nil {
		return err
	}
	a := answer{columns: names(q.table), shape: q.values.Get("_shape"), lines: q.values.Get("_nl") == "on"}
	for _, row := range page.Rows {
		a.rows, a.keys = append(a.rows, row.Values), append(a.keys, row.Key)
	}
	next, address := "null", "null"
	if page.Next != "" {
		url := "http://" + r.Host + q.with("json", "_next", page.Next)
		next, address = quoted(page.Next), quoted(url)
		w.Header().Set("Link", "<"+url+`>; rel="next"`)
	}
	a.more = append([]string{"next", next, "next_url", address}, extra...)
	return a.write(w)
}

// extras returns the additional fields that the request wants: a list of names, each followed by its
// value as JSON.
func (b *Browser) extras(r *http.Request, q *request) (list []string, err error) {
	asked := map[string]bool{}
	for _, v := range q.values["_extra"] {
		for _, name := range strings.Split(v, ",") {
			asked[name] = true
		}
	}
	limit := 30
	if v := q.values.Get("_facet_size"); v == "max" {
		limit = 1000
	} else if v != "" {
		if limit, err = strconv.Atoi(v); err != nil || limit < 1 || limit > 1000 {
			return nil, badRequest("_facet_size must be from 1 to 1000")
		}
	}
	facets := q.values["_facet"]
	for _, name := range facets {
		if !q.table.Texts || !isFacet(name) {
			return nil, badRequest("_facet can be " + strings.Join(table.FacetNames, ", "))
		}
	}
	if !asked["count"] && len(facets) == 0 && len(asked) == 0 {
		return nil, nil
	}
	add := func(name string, v any) {
		text, _ := json.Marshal(v) // cannot fail for texts, numbers and lists
		list = append(list, name, string(text))
	}
	if asked["columns"] {
		add("columns", names(q.table))
	}
	if asked["primary_keys"] {
		add("primary_keys", []string{"id"})
	}
	if asked["database"] {
		add("database", b.name)
	}
	if asked["table"] {
		add("table", q.table.Name)
	}
	if !asked["count"] && len(facets) == 0 {
		return list, nil
	}
	c := b.count(r.Context(), q, askTime, limit, facets...)
	if asked["count"] {
		if c.known {
			add("count", c.count)
		} else {
			add("count", nil)
		}
	}
	if len(facets) > 0 {
		add("facet_results", b.facetResults(r, q, c))
	}
	return list, nil
}

func isFacet(name string) bool {
	for _, f := range table.FacetNames {
		if f == name {
			return true
		}
	}
	return false
}

// facetResults returns facets in Datasette's form.
func (b *Browser) facetResults(r *http.Request, q *request, c counted) any {
	type value struct {
		Value    string `json:"value"`
		Label    string `json:"label"`
		Count    int    `json:"count"`
		Toggle   string `json:"toggle_url"`
		Selected bool   `json:"selected"`
	}
	type facet struct {
		Name      string  `json:"name"`
		Type      string  `json:"type"`
		Results   []value `json:"results"`
		Truncated bool    `json:"truncated"`
	}
	results := map[string]facet{}
	for _, f := range c.facets {
		out := facet{Name: f.Name, Type: "column", Results: []value{}, Truncated: f.More}
		for _, v := range f.Values {
			selected := hasValue(q.values[f.Name], v.Value)
			toggle := q.with("json", f.Name, v.Value, "_next", "")
			if selected {
				toggle = q.with("json", f.Name, "", "_next", "")
			}
			out.Results = append(out.Results, value{v.Value, v.Value, v.Count, "http://" + r.Host + toggle, selected})
		}
		results[f.Name] = out
	}
	late := c.late
	if late == nil {
		late = []string{}
	}
	return map[string]any{"results": results, "timed_out": late}
}

func hasValue(list []string, value string) bool {
	for _, v := range list {
		if v == value {
			return true
		}
	}
	return false
}

// database sends the list of tables.
func (b *Browser) database(w http.ResponseWriter, r *http.Request) error {
	if !strings.HasSuffix(r.PathValue("database"), ".json") {
		http.Redirect(w, r, b.opt.Base+"/"+b.name+"/example", http.StatusFound)
		return nil
	}
	sources, err := b.db.Sources(r.Context())
	if err != nil {
		return err
	}
	type tableOf struct {
		Name    string   `json:"name"`
		Columns []string `json:"columns"`
		Keys    []string `json:"primary_keys"`
		Count   int64    `json:"count"`
		View    bool     `json:"is_view"`
		FTS     any      `json:"fts_table"`
	}
	var list []tableOf
	for _, name := range append([]string{"example", "source", "rejected", "lint"}, sourceNames(sources)...) {
		t, err := table.Named(r.Context(), b.db, name)
		if err != nil {
			return err
		}
		x := tableOf{Name: name, Columns: names(t), Keys: []string{"id"}, View: t.Source != 0}
		if t.Texts {
			x.FTS = "example_fts"
		}
		q := "select count(*) from " + t.From
		if t.Source != 0 {
			q += " where source_id = " + strconv.FormatInt(t.Source, 10)
		}
		if err := b.db.QueryRow(r.Context(), q).Scan(&x.Count); err != nil {
			return err
		}
		list = append(list, x)
	}
	return writeJSON(w, map[string]any{"ok": true, "database": b.name, "path": b.opt.Base + "/" + b.name, "tables": list, "views": []string{}, "queries": []string{}})
}

func sourceNames(list []*data.Source) (names []string) {
	for _, s := range list {
		names = append(names, s.Name)
	}
	return names
}

func writeJSON(w http.ResponseWriter, v any) error {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	return enc.Encode(v)
}

func (b *Browser) databases(w http.ResponseWriter, _ *http.Request) error {
	return writeJSON(w, []any{map[string]any{"name": b.name, "route": b.name, "is_mutable": true, "is_memory": false, "hash": nil}})
}

func (b *Browser) versions(w http.ResponseWriter, r *http.Request) error {
	var version string
	if err := b.db.QueryRow(r.Context(), "select sqlite_version()").Scan(&version); err != nil {
		return err
	}
	return writeJSON(w, map[string]any{"sqlite": map[string]any{"version": version, "fts_versions": []string{"FTS5"}}})
}
