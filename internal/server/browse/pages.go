package browse

import (
	"bytes"
	"context"
	"html/template"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"alpaca/internal/data/query"
	"alpaca/internal/data/table"
)

// maxCell is the largest number of characters that a list of rows shows of one text.
const maxCell = 2048

// functions returns the functions for the page templates.
func (b *Browser) functions() template.FuncMap {
	return template.FuncMap{
		"url":  func(parts ...string) string { return b.opt.Base + "/" + strings.Join(parts, "/") },
		"name": func() string { return b.name },
		"cell": func(v any) string { return query.Text(v) },
		"cut":  cut,
		"number": func(n int) string {
			text := strconv.Itoa(n)
			for i := len(text) - 3; i > 0; i -= 3 {
				text = text[:i] + "\u2009" + text[i:]
			}
			return text
		},
	}
}

// piece is a long text. A list shows Head, and Rest when the user asks for it.
type piece struct {
	Head, Rest string
	More       bool // only the row's own page has the whole text
}

// cut returns the text of a value for a list of rows.
func cut(v any) piece {
	text := query.Text(v)
	const head = 400
	if utf8.RuneCountInString(text) <= head+100 {
		return piece{Head: text}
	}
	r := []rune(text)
	p := piece{Head: string(r[:head]), Rest: string(r[head:min(len(r), maxCell)]), More: len(r) > maxCell}
	return p
}

// page renders and sends a page.
func (b *Browser) page(w http.ResponseWriter, r *http.Request, status int, name string, values map[string]any) error {
	values["Chat"] = b.opt.Chat
	values["SQLAllowed"] = !b.opt.NoSQL
	if _, ok := values["Sources"]; !ok {
		sources, err := b.db.Sources(r.Context())
		if err != nil {
			return err
		}
		values["Sources"] = sources
	}
	var out bytes.Buffer
	if err := b.pages.ExecuteTemplate(&out, name, values); err != nil {
		return err
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, err := w.Write(out.Bytes())
	return err
}

// home redirects to the table of all rows.
func (b *Browser) home(w http.ResponseWriter, r *http.Request) error {
	http.Redirect(w, r, b.opt.Base+"/"+b.name+"/example", http.StatusFound)
	return nil
}

// link is a filter or facet value that the user can choose.
type link struct {
	Label   string
	Count   int
	Address string
	Chosen  bool
}

// group is a facet on a page, with the facet's values.
type group struct {
	Name, Title string
	Links       []link
	More        bool
}

var titles = map[string]string{"source": "Source", "category": "Category", "lint": "Lint", "word": "First word", "has_input": "Has input", "length": "Length"}

// item is an example in a list of rows.
type item struct {
	ID                         int64
	Source                     string
	Pos                        any
	Instruction, Input, Output any
	System, Category           any
	Turns                      int
	Lint                       []string
	Cells                      []any
}

// tablePage sends the page of a table.
func (b *Browser) tablePage(w http.ResponseWriter, r *http.Request, q *request) error {
	if column := q.values.Get("_filter_column"); column != "" { // the filter form: redirect to an address with its filter
		op, value := q.values.Get("_filter_op"), q.values.Get("_filter_value")
		name := column
		if op != "" && op != "exact" {
			name += "__" + op
		}
		for _, x := range []string{"_filter_column", "_filter_op", "_filter_value", "_next"} {
			q.values.Del(x)
		}
		q.values.Add(name, value)
		http.Redirect(w, r, q.path+"?"+q.values.Encode(), http.StatusFound)
		return nil
	}
	page, err := b.rows(r.Context(), q)
	if err != nil {
		return err
	}
	limit := 12
	if q.values.Get("_facet_size") == "max" {
		limit = 1000
	}
	c := b.count(r.Context(), q, pageWait, limit, table.FacetNames...)
	v := map[string]any{
		"Title": q.table.Name, "Here": q.table.Name, "Table": q.table, "Columns": names(q.table), "Count": c.count, "Known": c.known, "Late": len(c.late) > 0,
		"Search": q.query.Search, "Size": q.query.Size, "Sort": q.query.Sort, "Desc": q.query.Desc, "Path": q.path, "Operations": operations(),
		"Kept": q.kept(), "Chips": q.chips(), "Groups": q.groups(c), "Filterable": filterable(q.table),
		"JSON": q.with("json"), "CSV": q.with("csv", "_stream", "on", "_dl", "on", "_next", "", "_size", "max"),
		"Random": b.opt.Base + "/" + b.name + "/-/random?" + q.randomValues(),
	}
	v["Flip"] = q.with("", "_sort_desc", q.query.Sort, "_sort", "", "_next", "")
	if q.query.Desc {
		v["Flip"] = q.with("", "_sort", q.query.Sort, "_sort_desc", "", "_next", "")
	}
	v["Head"] = q.table.Name
	if q.table.Name == "example" {
		v["Head"] = "All rows"
	}
	if q.table.Texts {
		v["Alpaca"] = q.with("alpaca.json", "_stream", "on", "_dl", "on", "_next", "", "_size", "max")
		if v["Items"], err = b.items(r.Context(), page); err != nil {
			return err
		}
	} else {
		v["Rows"] = page.Rows
	}
	if page.Next != "" {
		v["Next"] = q.with("", "_next", page.Next)
	}
	if q.query.Next != "" {
		v["First"] = q.with("", "_next", "")
	}
	v["Shown"] = len(page.Rows)
	return b.page(w, r, http.StatusOK, "table.html", v)
}

func operations() (list [][2]string) {
	for _, op := range table.Operations {
		list = append(list, [2]string{op, table.Label(op)})
	}
	return list
}

// filterable returns the names that the filter form offers.
func filterable(t *table.Table) []string {
	list := names(t)
	if t.Texts {
		list = append(list, "word", "chars", "has_input", "length", "lint")
	}
	return list
}

// kept returns the parameters that the search form must keep.
func (q *request) kept() (list []param) {
	for _, name := range slices.Sorted(maps.Keys(q.values)) {
		if name == "_search" || name == "_next" || name == "_sort" || name == "_sort_desc" {
			continue
		}
		for _, v := range q.values[name] {
			list = append(list, param{name, v})
		}
	}
	return list
}

// chips returns the active filters, each with the address of the page without this filter.
func (q *request) chips() (list []link) {
	if q.query.Search != "" {
		list = append(list, link{Label: "“" + q.query.Search + "”", Address: q.without("_search", q.query.Search)})
	}
	for _, name := range slices.Sorted(maps.Keys(q.values)) {
		if strings.HasPrefix(name, "_") {
			continue
		}
		for _, value := range q.values[name] {
			f := table.ParseFilter(name, value)
			list = append(list, link{Label: strings.TrimSpace(f.Column + " " + table.Label(f.Op) + " " + value), Address: q.without(name, value)})
		}
	}
	return list
}

// groups returns the facets with their links. It leaves out facets with nothing to choose.
func (q *request) groups(c counted) (list []group) {
	for _, f := range c.facets {
		g := group{Name: f.Name, Title: titles[f.Name], More: f.More}
		for _, v := range f.Values {
			chosen := hasValue(q.values[f.Name], v.Value)
			address := q.with("", f.Name, v.Value, "_next", "")
			if chosen {
				address = q.without(f.Name, v.Value)
			}
			g.Links = append(g.Links, link{v.Value, v.Count, address, chosen})
		}
		if len(g.Links) > 1 || len(g.Links) == 1 && (g.Links[0].Chosen || f.Name == "lint") {
			list = append(list, g)
		}
	}
	return list
}

// randomValues returns the parameters for the page of a random row, drawn from the rows of q.
func (q *request) randomValues() string {
	values := url.Values{"_table": {q.table.Name}}
	for name, list := range q.values {
		if !strings.HasPrefix(name, "_") || strings.HasPrefix(name, "_search") {
			values[name] = list
		}
	}
	return values.Encode()
}

// items converts the rows of a page for the template.
func (b *Browser) items(ctx context.Context, page *table.Page) (list []item, err error) {
	for _, row := range page.Rows {
		v := row.Values
		x := item{ID: row.Key, Source: query.Text(v[1]), Pos: v[2], Instruction: v[3], Input: v[4], Output: v[5], System: v[6], Category: v[7]}
		if turns, ok := v[8].(string); ok {
			x.Turns = strings.Count(turns, `{"role":`)
		}
		list = append(list, x)
	}
	for i := range list {
		if list[i].Lint, err = b.lintOf(ctx, list[i].ID, "rule"); err != nil {
			return nil, err
		}
	}
	return list, nil
}
