package browse

import (
	"net/http"

	"alpaca/internal/data"
	"alpaca/internal/data/formats"
	"alpaca/internal/data/query"
	"alpaca/internal/data/table"
)

// export sends rows in the format q.ext. With _stream=on it sends all rows, otherwise one page.
func (b *Browser) export(w http.ResponseWriter, r *http.Request, q *request) error {
	kind := map[string]string{"csv": "text/csv", "jsonl": "application/x-ndjson", "alpaca.json": "application/json"}[q.ext]
	if q.ext != "csv" && !q.table.Texts {
		return badRequest("only tables of training rows can be sent as ." + q.ext)
	}
	// Read before anything is sent, so that an error can still become the response.
	first, err := b.rows(r.Context(), q)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", kind+"; charset=utf-8")
	if q.values.Get("_dl") == "on" {
		w.Header().Set("Content-Disposition", `attachment; filename="`+q.table.Name+"."+q.ext+`"`)
	}
	each := func(f func(*table.Row) error) error {
		for page := first; ; {
			for _, row := range page.Rows {
				if err := f(row); err != nil {
					return err
				}
			}
			if page.Next == "" || q.values.Get("_stream") != "on" {
				return nil
			}
			next := *q
			next.query.Next = page.Next
			var err error
			if page, err = b.rows(r.Context(), &next); err != nil {
				return err
			}
		}
	}
	if q.ext == "csv" {
		err = b.exportCSV(w, q, each)
	} else {
		err = b.exportRows(w, r, q, each)
	}
	if err != nil {
		b.opt.Log("export: %v", err)
		panic(http.ErrAbortHandler) // the connection is cut, so that the client notices
	}
	return nil
}

func (b *Browser) exportCSV(w http.ResponseWriter, q *request, each func(func(*table.Row) error) error) error {
	var line []byte
	if q.values.Get("_header") != "off" {
		line = formats.AppendRecord(nil, names(q.table), ',')
	}
	if _, err := w.Write(line); err != nil {
		return err
	}
	return each(func(row *table.Row) error {
		texts := make([]string, len(row.Values))
		for i, v := range row.Values {
			texts[i] = query.Text(v)
		}
		line = formats.AppendRecord(line[:0], texts, ',')
		_, err := w.Write(line)
		return err
	})
}

// exportRows writes rows as JSON in Stanford Alpaca's form.
func (b *Browser) exportRows(w http.ResponseWriter, r *http.Request, q *request, each func(func(*table.Row) error) error) error {
	name := "alpaca"
	if q.ext == "jsonl" {
		name = "jsonl"
	}
	form, err := formats.FormOf(name)
	if err != nil {
		return err
	}
	sources, err := b.db.Sources(r.Context())
	if err != nil {
		return err
	}
	out := formats.NewWriter(w, form, sources, nil)
	err = each(func(row *table.Row) error {
		var full *data.Row
		if full, err = b.db.Row(r.Context(), row.Key); err != nil || full == nil {
			return err
		}
		return out.Row(full)
	})
	if err != nil {
		return err
	}
	return out.Close()
}
