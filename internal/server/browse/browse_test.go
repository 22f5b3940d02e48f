package browse

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"alpaca/internal/data"
)

const hostile = `<script>alert(1)</script><img src=x onerror=alert(2)>`

// site serves a database that has 250 rows of one source, and one hostile row of another.
func site(t *testing.T, opt Options) (*httptest.Server, *data.DB) {
	t.Helper()
	ctx := context.Background()
	db, err := data.Open(ctx, filepath.Join(t.TempDir(), "my.data.db"))
	require.NoError(t, err)
	require.NoError(t, db.Update(ctx, func(tx *data.Tx) error {
		many, odd := &data.Source{Name: "many", Format: "alpaca", Shape: `{"keys":["instruction","input","output"]}`}, &data.Source{Name: "odd", Format: "chat"}
		require.NoError(t, tx.AddSource(many))
		require.NoError(t, tx.AddSource(odd))
		for i := range 250 {
			require.NoError(t, tx.Add(&data.Row{SourceID: many.ID, Instruction: fmt.Sprintf("Count to %d", i), Output: strings.Repeat("word ", i*10), Category: []string{"a", "b"}[i%2]}))
		}
		require.NoError(t, tx.Add(&data.Row{SourceID: odd.ID, Instruction: hostile, Output: hostile, Category: hostile, System: hostile, Extra: json.RawMessage(`{"x": "</pre>"}`),
			Turns: []data.Message{{Role: "user", Content: hostile}, {Role: "assistant", Content: "x"}, {Role: "user", Content: "y"}}}))
		require.NoError(t, tx.Reject(data.Rejected{SourceID: odd.ID, Line: 3, Offset: 17, Error: "broken", Raw: []byte(hostile)}))
		_, err := tx.Exec("insert into lint values (1, 'echo', 'd'), (251, 'merged', ?)", hostile)
		return err
	}))
	b, err := New(ctx, db, opt)
	require.NoError(t, err)
	srv := httptest.NewServer(b)
	t.Cleanup(func() {
		srv.Close()
		b.Close()
		db.Close()
	})
	require.Eventually(t, b.ready, time.Minute, time.Millisecond)
	return srv, db
}

// get returns the status and the body of an address.
func get(t *testing.T, address string) (int, string) {
	t.Helper()
	res, err := http.Get(address)
	require.NoError(t, err)
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	return res.StatusCode, string(body)
}

// object returns the JSON object of an address.
func object(t *testing.T, address string) map[string]any {
	t.Helper()
	_, body := get(t, address)
	var v map[string]any
	require.NoError(t, json.Unmarshal([]byte(body), &v), body)
	return v
}

// TestNext follows next_url as Datasette's own clients do. It must get each row once.
func TestNext(t *testing.T) {
	srv, _ := site(t, Options{})
	for query, want := range map[string]int{"": 251, "?_sort=category": 251, "?_sort_desc=output&_size=7": 251, "?_search=count&_size=99": 250, "?category=b&_size=max": 125} {
		seen := map[float64]bool{}
		pages := 0
		for next := srv.URL + "/my_data/example.json" + query; next != ""; pages++ {
			v := object(t, next)
			require.Equal(t, true, v["ok"])
			for _, row := range v["rows"].([]any) {
				id := row.(map[string]any)["id"].(float64)
				require.False(t, seen[id])
				seen[id] = true
			}
			next, _ = v["next_url"].(string)
			require.Equal(t, next == "", v["next"] == nil)
		}
		require.Len(t, seen, want, query)
		require.Positive(t, pages)
	}
}

func TestShapes(t *testing.T) {
	srv, _ := site(t, Options{})
	base := srv.URL + "/my_data/many.json?_size=2&category=a&"
	for query, want := range map[string]string{
		"_shape=array&_nl=on": "{\"id\": 1, ", "_shape=array": "[{\"id\": 1, ", "_shape=arrayfirst": "[1, 3]\n", "_shape=object": `{"1": {"id": 1, `,
		"_shape=arrays": `{"ok": true, "rows": [[1, "many", 1, "Count to 0", "", "", "", "a", null, null, null], [3, `, "_shape=objects": `{"ok": true, "rows": [{"id": 1, `,
	} {
		_, body := get(t, base+query)
		require.True(t, strings.HasPrefix(body, want), "%s: %s", query, body)
	}
	v := object(t, base+"_extra=count,columns,primary_keys,table&_extra=database&_facet=category&_facet=lint&_facet_size=1")
	require.EqualValues(t, 125, v["count"])
	require.Equal(t, []any{"id"}, v["primary_keys"])
	require.Equal(t, "many", v["table"])
	require.Equal(t, "my_data", v["database"])
	require.Contains(t, v["columns"], "instruction")
	facets := v["facet_results"].(map[string]any)
	require.Empty(t, facets["timed_out"])
	first := facets["results"].(map[string]any)["category"].(map[string]any)["results"].([]any)[0].(map[string]any)
	require.Equal(t, "a", first["value"])
	require.EqualValues(t, 125, first["count"])
	require.Equal(t, true, first["selected"])
	v = object(t, srv.URL+"/my_data/example/251.json")
	require.Equal(t, hostile, v["rows"].([]any)[0].(map[string]any)["instruction"])
	v = object(t, srv.URL+"/my_data.json")
	require.Len(t, v["tables"], 6)
	_, body := get(t, srv.URL+"/-/databases.json")
	require.Contains(t, body, `"name":"my_data"`)
	require.Contains(t, object(t, srv.URL+"/-/versions.json")["sqlite"], "version")
}

func TestSQL(t *testing.T) {
	srv, _ := site(t, Options{})
	ask := func(sql string, more ...string) map[string]any {
		v := url.Values{"sql": {sql}}
		for i := 0; i < len(more); i += 2 {
			v.Set(more[i], more[i+1])
		}
		return object(t, srv.URL+"/my_data/-/query.json?"+v.Encode())
	}
	v := ask("select count(*) as n from many where instruction like '%' || :s || '%'", "s", "to 1")
	require.Equal(t, []any{map[string]any{"n": 111.0}}, v["rows"])
	v = ask("select id from example", "_shape", "arrays")
	require.Len(t, v["rows"], 251)
	require.Equal(t, []any{"id"}, v["columns"])
	v = ask("delete from example")
	require.Equal(t, false, v["ok"])
	require.EqualValues(t, 400, v["status"])
	require.Contains(t, v["error"], "SELECT")
	require.Len(t, v["errors"], 1)
	v = ask("with recursive n(i) as (values (1) union all select i + 1 from n) select i from n")
	require.Equal(t, true, v["truncated"])
	require.Len(t, v["rows"], 1000)
	_, body := get(t, srv.URL+"/my_data/-/query.csv?sql="+url.QueryEscape("select id, 'a,b' as x from example limit 2"))
	require.Equal(t, "id,x\n1,\"a,b\"\n2,\"a,b\"\n", body)
	status, body := get(t, srv.URL+"/sql?sql="+url.QueryEscape("select :a || '<b>' as c"))
	require.Equal(t, 200, status)
	require.Contains(t, body, `<label class="param">:a <input name="a"`)
	_, body = get(t, srv.URL+"/sql?a=%3Ci%3E&sql="+url.QueryEscape("select :a || '<b>' as c"))
	require.Contains(t, body, "&lt;i&gt;&lt;b&gt;")
	status, body = get(t, srv.URL+"/my_data/-/query?sql=drop+table+example")
	require.Equal(t, 400, status)
	require.Contains(t, body, `role="alert"`)

	closed, _ := site(t, Options{NoSQL: true})
	status, _ = get(t, closed.URL+"/my_data/-/query.json?sql=select+1")
	require.Equal(t, 403, status)
	_, body = get(t, closed.URL+"/my_data/example")
	require.NotContains(t, body, "-/query")
}

// TestHostile checks that no page treats the text of a row as markup.
func TestHostile(t *testing.T) {
	srv, _ := site(t, Options{Chat: true, Prompts: func(r *data.Row) []Prompt { return []Prompt{{"x", r.Instruction, 3}} }})
	for _, address := range []string{
		"/my_data/example?_sort_desc=id", "/my_data/odd", "/my_data/example/251", "/my_data/rejected", "/my_data/rejected/1", "/my_data/lint", "/my_data/source", "/my_data/odd/251",
		"/my_data/example?_search=" + url.QueryEscape(hostile), "/my_data/example?category=" + url.QueryEscape(hostile), "/my_data/-/query?sql=" + url.QueryEscape("select '"+hostile+"'"),
		"/my_data/-/query?sql=" + url.QueryEscape("select instruction from odd"), "/my_data/" + url.PathEscape(hostile), "/my_data/example?" + url.QueryEscape(hostile) + "=1", "/my_data/-/random?_table=odd&_seed=1",
	} {
		res, err := http.Get(srv.URL + address)
		require.NoError(t, err)
		body, _ := io.ReadAll(res.Body)
		res.Body.Close()
		require.NotContains(t, string(body), "<script>alert", address)
		require.NotContains(t, string(body), "<img", address)
		require.Contains(t, res.Header.Get("Content-Security-Policy"), "default-src 'none'")
		require.NotContains(t, res.Header.Get("Content-Security-Policy"), "unsafe")
		require.Equal(t, "nosniff", res.Header.Get("X-Content-Type-Options"))
		if strings.HasPrefix(address, "/my_data/odd") {
			require.Contains(t, string(body), "&lt;script&gt;", address)
		}
	}
}

func TestPages(t *testing.T) {
	srv, _ := site(t, Options{})
	_, body := get(t, srv.URL+"/")
	require.Contains(t, body, "251 rows")
	require.Contains(t, body, `rel="next"`)
	require.Contains(t, body, "a</a> <span class=\"dim\">125</span>")
	_, body = get(t, srv.URL+"/my_data/many?_filter_column=category&_filter_op=not&_filter_value=a&_search=count")
	require.Contains(t, body, "125 rows")
	require.Contains(t, body, "category ≠ a")
	_, body = get(t, srv.URL+"/my_data/example?lint=echo")
	require.Contains(t, body, `id="row-1"`)
	require.NotContains(t, body, `id="row-2"`)
	_, body = get(t, srv.URL+"/my_data/-/random?_table=many&category=b&_seed=7")
	_, again := get(t, srv.URL+"/my_data/-/random?_table=many&category=b&_seed=7")
	require.Equal(t, body, again)
	require.Contains(t, body, "Drawn from 125 rows")
	_, body = get(t, srv.URL+"/my_data/-/random")
	require.Contains(t, body, "Drawn from 251 rows")
	_, body = get(t, srv.URL+"/my_data/many/250")
	require.Contains(t, body, `href="/my_data/many/249"`)
	require.NotContains(t, body, `rel="next"`)
	_, body = get(t, srv.URL+"/ui/style.css")
	require.Contains(t, body, "--accent")
}

func TestExport(t *testing.T) {
	srv, _ := site(t, Options{})
	_, body := get(t, srv.URL+"/my_data/many.csv?_stream=on&category=a")
	records, err := csv.NewReader(strings.NewReader(body)).ReadAll()
	require.NoError(t, err)
	require.Len(t, records, 126)
	require.Equal(t, "instruction", records[0][3])
	_, body = get(t, srv.URL+"/my_data/many.csv?_size=3&_header=off")
	require.Equal(t, 3, strings.Count(body, "\n"))
	res, err := http.Get(srv.URL + "/my_data/many.alpaca.json?_stream=on&_dl=on")
	require.NoError(t, err)
	defer res.Body.Close()
	require.Equal(t, `attachment; filename="many.alpaca.json"`, res.Header.Get("Content-Disposition"))
	var list []map[string]string
	require.NoError(t, json.NewDecoder(res.Body).Decode(&list))
	require.Len(t, list, 250)
	require.Equal(t, map[string]string{"instruction": "Count to 0", "input": "", "output": ""}, list[0])
	_, body = get(t, srv.URL+"/my_data/odd.jsonl")
	require.Contains(t, body, `"output": "x"`)
	require.Equal(t, 1, strings.Count(body, "\n"))
}

func TestErrors(t *testing.T) {
	srv, _ := site(t, Options{})
	for address, want := range map[string]int{
		"/my_data/none.json": 404, "/other/example.json": 404, "/other.json": 404, "/my_data/example/999.json": 404, "/my_data/example/x": 404, "/my_data/example.xml": 404, "/none/x/y": 404,
		"/my_data/example.json?_size=x": 400, "/my_data/example.json?_size=1001": 400, "/my_data/example.json?_sort=none": 400, "/my_data/example.json?none=1": 400, "/my_data/example.json?_next=zz": 400,
		"/my_data/example.json?_facet=id": 400, "/my_data/example.json?_shape=x": 400, "/my_data/example.json?_search=%28&_searchmode=raw": 400, "/my_data/example.json?_facet=word&_facet_size=0": 400,
		"/my_data/lint.alpaca.json": 400, "/my_data/-/random?_seed=1&category=none": 404, "/ui/none.js": 404, "/ui/table.html": 404, "/my_data/-/query.json?sql=": 400, "/my_data/example?none=1": 400,
	} {
		status, body := get(t, srv.URL+address)
		require.Equal(t, want, status, address)
		if strings.Contains(address, ".json") && !strings.Contains(address, "alpaca") {
			var v map[string]any
			require.NoError(t, json.Unmarshal([]byte(body), &v), address)
			require.Equal(t, false, v["ok"])
			require.EqualValues(t, want, v["status"])
			require.NotEmpty(t, v["error"])
		}
	}
	req, _ := http.NewRequest(http.MethodGet, srv.URL+"/my_data/example", nil)
	req.Host = "evil.example"
	res, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	res.Body.Close()
	require.Equal(t, 403, res.StatusCode)
	res, err = http.Post(srv.URL+"/my_data/example", "text/plain", strings.NewReader("x"))
	require.NoError(t, err)
	res.Body.Close()
	require.Equal(t, 405, res.StatusCode)
	status, _ := get(t, srv.URL+"/my_data/example.json?_size=0&_extra=count")
	require.Equal(t, 200, status)
}

// TestBase checks a server whose addresses have a prefix.
func TestBase(t *testing.T) {
	srv, db := site(t, Options{Base: "/data", Chat: true})
	_, body := get(t, srv.URL+"/data/")
	for _, part := range strings.Split(body, `href="`)[1:] {
		address, _, _ := strings.Cut(part, `"`)
		require.True(t, strings.HasPrefix(address, "/data/") || address == "/" || address == "data:," || strings.HasPrefix(address, "#"), address)
	}
	// New rows are counted when the facets have been loaded again.
	require.NoError(t, db.Update(context.Background(), func(tx *data.Tx) error {
		return tx.Add(&data.Row{SourceID: 1, Instruction: "new", Output: "x"})
	}))
	require.Eventually(t, func() bool {
		_, body := get(t, srv.URL+"/data/my_data/example.json?_size=0&_extra=count")
		return strings.Contains(body, `"count": 252`)
	}, time.Minute, time.Millisecond)
	status, _ := get(t, srv.URL+"/data/a/b/c/d")
	require.Equal(t, 404, status)
}
