package browse

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"

	"alpaca/internal/data/formats"
	"alpaca/internal/data/query"
)

// oldSQL redirects from the short address /sql to the page for SQL.
func (b *Browser) oldSQL(w http.ResponseWriter, r *http.Request) error {
	address := b.opt.Base + "/" + b.name + "/-/query"
	if r.URL.RawQuery != "" {
		address += "?" + r.URL.RawQuery
	}
	http.Redirect(w, r, address, http.StatusFound)
	return nil
}

// statement returns the SQL statement of a request, and the values of its parameters.
func (b *Browser) statement(r *http.Request) (text string, values map[string]string, err error) {
	if b.opt.NoSQL {
		return "", nil, &httpError{http.StatusForbidden, "this server runs no SQL statements, because other machines can reach it"}
	}
	q := r.URL.Query()
	values = map[string]string{}
	for name, list := range q {
		values[name] = list[0]
	}
	return q.Get("sql"), values, nil
}

// param is a parameter with its value.
type param struct{ Name, Value string }

func (b *Browser) sqlPage(w http.ResponseWriter, r *http.Request) error {
	text, values, err := b.statement(r)
	if err != nil {
		return err
	}
	v := map[string]any{"Title": "SQL", "SQL": text, "Here": "sql"}
	status := http.StatusOK
	if strings.TrimSpace(text) == "" {
		v["Examples"] = b.examples(r)
		return b.page(w, r, status, "sql.html", v)
	}
	st, err := query.Parse(text)
	if err == nil {
		var params []param
		missing := false
		for _, name := range st.Params {
			_, given := values[name]
			missing = missing || !given
			params = append(params, param{name, values[name]})
		}
		v["Params"] = params
		if missing {
			v["Note"] = "Give the parameters their values."
			return b.page(w, r, status, "sql.html", v)
		}
		var res *query.Result
		if res, err = b.pool.Run(r.Context(), text, values, query.Usual); err == nil {
			v["Result"] = res
			v["Links"] = [][2]string{{"JSON", "query.json?" + r.URL.RawQuery}, {"CSV", "query.csv?" + r.URL.RawQuery}}
		}
	}
	if err != nil {
		if r.Context().Err() != nil {
			return err
		}
		v["Error"], status = err.Error(), http.StatusBadRequest
	}
	return b.page(w, r, status, "sql.html", v)
}

// examples returns example statements: for each a title, and the address of its result.
func (b *Browser) examples(r *http.Request) (list [][2]string) {
	name := "example"
	if sources, err := b.db.Sources(r.Context()); err == nil && len(sources) > 0 {
		name = sources[0].Name
	}
	for _, x := range [][2]string{
		{"Search anywhere in a row", `select instruction, input, output from "` + name + `"` + "\nwhere instruction || ' ' || input || ' ' || output like '%' || :search || '%'\norder by random() limit 20"},
		{"Rows by their first word", "select word, count(*) as rows, round(avg(chars)) as characters\nfrom example group by word order by rows desc limit 20"},
		{"The longest answers", `select id, length(output) as characters, instruction from "` + name + `"` + "\norder by characters desc limit 20"},
		{"What could not be read", "select source.name, line, offset, error from rejected\njoin source on source.id = rejected.source_id limit 100"},
	} {
		list = append(list, [2]string{x[0], "query?" + url.Values{"sql": {x[1]}}.Encode()})
	}
	return list
}

func (b *Browser) sqlJSON(w http.ResponseWriter, r *http.Request) error {
	text, values, err := b.statement(r)
	if err != nil {
		return err
	}
	res, err := b.pool.Run(r.Context(), text, values, query.Usual)
	if err != nil {
		return err
	}
	columns, err := json.Marshal(res.Columns)
	if err != nil {
		return err
	}
	a := answer{columns: res.Columns, rows: res.Rows, shape: values["_shape"], lines: values["_nl"] == "on", truncated: res.Truncated}
	if strings.Contains(values["_extra"], "columns") {
		a.more = []string{"columns", string(columns)}
	}
	return a.write(w)
}

// sqlCSV sends all rows of a statement. Each row may take up to pageTime.
func (b *Browser) sqlCSV(w http.ResponseWriter, r *http.Request) error {
	text, values, err := b.statement(r)
	if err != nil {
		return err
	}
	var line []byte
	begun := false
	err = b.pool.Stream(r.Context(), text, values, pageTime, func(columns []string) error {
		line = formats.AppendRecord(nil, columns, ',')
		return nil
	}, func(row []any) error {
		if !begun {
			begun = true
			w.Header().Set("Content-Type", "text/csv; charset=utf-8")
			if values["_dl"] == "on" {
				w.Header().Set("Content-Disposition", `attachment; filename="query.csv"`)
			}
			if values["_header"] == "off" {
				line = nil
			}
		}
		texts := make([]string, len(row))
		for i, v := range row {
			texts[i] = query.Text(v)
		}
		line = formats.AppendRecord(line, texts, ',')
		_, err := w.Write(line)
		line = line[:0]
		return err
	})
	switch {
	case err != nil && begun:
		panic(http.ErrAbortHandler) // the connection is cut, so that the client notices
	case err != nil:
		return err
	case !begun:
		w.Header().Set("Content-Type", "text/csv; charset=utf-8")
		w.Write(line)
	}
	return nil
}
