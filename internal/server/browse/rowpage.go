package browse

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"

	"alpaca/internal/data/table"
)

// lintOf returns what the lint rules say about a row. The parameter what is the SQL expression to
// select.
func (b *Browser) lintOf(ctx context.Context, id int64, what string) (list []string, err error) {
	rows, err := b.db.Query(ctx, "select distinct "+what+" from lint where row_id = ? order by rule", id)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var text string
		if err := rows.Scan(&text); err != nil {
			return nil, err
		}
		list = append(list, text)
	}
	return list, rows.Err()
}

// row sends one row of a table.
func (b *Browser) row(w http.ResponseWriter, r *http.Request) error {
	key, isJSON := strings.CutSuffix(r.PathValue("key"), ".json")
	id, err := strconv.ParseInt(key, 10, 64)
	t, err2 := table.Named(r.Context(), b.db, r.PathValue("table"))
	if err2 != nil {
		return err2
	}
	if err != nil || t == nil {
		return notFound("this row does not exist")
	}
	row, err := t.Get(r.Context(), b.db, id)
	if err != nil {
		return err
	}
	if row == nil {
		return notFound(fmt.Sprintf("%s has no row %d", t.Name, id))
	}
	if isJSON {
		a := answer{columns: names(t), rows: [][]any{row.Values}, keys: []int64{id}, shape: r.URL.Query().Get("_shape")}
		return a.write(w)
	}
	if !t.Texts {
		return b.page(w, r, http.StatusOK, "plain.html", map[string]any{"Title": t.Name + " " + key, "Here": t.Name, "Columns": names(t), "Values": row.Values, "Table": t})
	}
	return b.rowPage(w, r, t, id, nil)
}

// rowPage sends the page of an example. extra has further values for the template.
func (b *Browser) rowPage(w http.ResponseWriter, r *http.Request, t *table.Table, id int64, extra map[string]any) error {
	row, err := b.db.Row(r.Context(), id)
	if err != nil {
		return err
	}
	v := map[string]any{"Title": "Row " + strconv.FormatInt(id, 10), "Row": row, "Table": t, "Here": "row"}
	for name, value := range extra {
		v[name] = value
	}
	if v["Lint"], err = b.lintOf(r.Context(), id, "rule || ': ' || detail"); err != nil {
		return err
	}
	sources, err := b.db.Sources(r.Context())
	if err != nil {
		return err
	}
	for _, s := range sources {
		if s.ID == row.SourceID {
			v["Source"] = s
		}
	}
	v["Sources"] = sources
	v["Messages"] = row.Turns
	if b.opt.Prompts != nil {
		v["Prompts"] = b.opt.Prompts(row)
	}
	for name, comparison := range map[string]string{"Before": "id < ? order by id desc", "After": "id > ? order by id"} {
		var other int64
		where := ""
		if t.Source != 0 {
			where = "source_id = " + strconv.FormatInt(t.Source, 10) + " and "
		}
		if b.db.QueryRow(r.Context(), "select id from example where "+where+comparison+" limit 1", id).Scan(&other) == nil {
			v[name] = other
		}
	}
	return b.page(w, r, http.StatusOK, "row.html", v)
}

// random shows a random row of those that match the search and
// the filters. The parameter _seed decides which row it shows.
func (b *Browser) random(w http.ResponseWriter, r *http.Request) error {
	values := r.URL.Query()
	name := values.Get("_table")
	if name == "" {
		name = "example"
	}
	seed, err := strconv.ParseInt(values.Get("_seed"), 10, 64)
	if err != nil {
		values.Set("_seed", strconv.Itoa(rand.IntN(1_000_000)))
		http.Redirect(w, r, r.URL.Path+"?"+values.Encode(), http.StatusFound)
		return nil
	}
	q, err := b.parse(r, name)
	if err != nil {
		return err
	}
	if !q.table.Texts {
		return badRequest("random rows can be drawn only from tables of training rows")
	}
	ctx, cancel := context.WithTimeout(r.Context(), pageTime)
	defer cancel()
	q.query.Sort, q.query.Next = "", ""
	keys, err := q.table.IDs(ctx, b.db, q.query, -1)
	if err != nil {
		return err
	}
	if len(keys) == 0 {
		return notFound("no row matches the search and the filters")
	}
	id := table.Draw(keys, 1, seed)[0]
	values.Set("_seed", strconv.FormatInt(seed+1, 10))
	return b.rowPage(w, r, q.table, id, map[string]any{"Another": r.URL.Path + "?" + values.Encode(), "Of": len(keys), "Seed": seed})
}
