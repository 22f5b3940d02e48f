package formats

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"alpaca/internal/data"
)

// write writes a file in a temporary folder.
func write(t testing.TB, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	return path
}

func open(t testing.TB) *data.DB {
	t.Helper()
	db, err := data.Open(context.Background(), filepath.Join(t.TempDir(), "data.db"))
	require.NoError(t, err)
	t.Cleanup(func() { db.Close() })
	return db
}

// export returns a source in the form with the given name. "" stands for the original form.
func export(t testing.TB, db *data.DB, s *data.Source, name string) string {
	t.Helper()
	form, err := Original(s)
	if name != "" {
		form, err = FormOf(name)
	}
	require.NoError(t, err)
	see, columns := Columns()
	require.NoError(t, db.Rows(context.Background(), s.ID, func(r *data.Row) error { see(r); return nil }))
	var b bytes.Buffer
	w := NewWriter(&b, form, []*data.Source{s}, columns())
	require.NoError(t, db.Rows(context.Background(), s.ID, w.Row))
	require.NoError(t, w.Close())
	return b.String()
}

// values lists the JSON tokens of a text. The list keeps the order of keys, duplicate keys, and
// the spelling of numbers.
func values(t testing.TB, text string) string {
	t.Helper()
	var out strings.Builder
	d := json.NewDecoder(strings.NewReader(strings.TrimPrefix(text, "\ufeff")))
	d.UseNumber()
	for {
		token, err := d.Token()
		if err == io.EOF {
			return out.String()
		}
		require.NoError(t, err, text)
		fmt.Fprintf(&out, "%T:%v\n", token, token)
	}
}

const (
	multi = `[{"role": "system", "content": "Be kind."}, {"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello"}, {"role": "user", "content": "Bye"}, {"role": "assistant", "content": "Ciao"}]`
	odd   = `{"output": "c", "instruction": "a", "input": "b"}`
)

// files has at least one file of every format. The rows have details that are easily lost when
// a file is read and written again.
var files = map[string]struct {
	name, text  string
	format      string
	rows        int
	instruction string // of the first row
}{
	"alpaca":           {"a.json", `[{"instruction": "Add.", "input": "1, 2", "output": "3"}, {"instruction": "Say \"hi\"\n", "input": "", "output": "hi\t\u00e9\ud83d\ude00"}]`, "alpaca", 2, "Add."},
	"no input":         {"a.json", `[{"instruction": "a", "output": "b"}, {"instruction": "c", "input": "", "output": "d"}, ` + odd + `]`, "alpaca", 3, "a"},
	"extra keys":       {"a.json", `[{"instruction": "a", "input": "", "output": "b", "text": "all", "id": 12345678901234567890, "f": 1.50, "deep": {"x": [1, null, {"y": "z"}]}}, {"id": 1, "instruction": "a", "output": ""}]`, "alpaca", 2, "a"},
	"system":           {"a.json", `[{"instruction": "a", "input": "", "output": "b", "system": "s", "category": "k"}, {"instruction": "a", "input": "", "output": "b", "system": "", "category": null}]`, "alpaca", 2, "a"},
	"odd values":       {"a.json", `[{"instruction": 5, "input": null, "output": ["x", {"y": 1}]}, {"instruction": "a", "input": true, "output": {}}]`, "alpaca", 2, "5"},
	"double keys":      {"a.json", `[{"instruction": "first", "instruction": "second", "input": "", "output": "o"}]`, "alpaca", 1, "second"},
	"surrogates":       {"a.json", `[{"instruction": "half \ud800 x", "input": "nul \u0000 x", "output": "\udc00\ud83d\ude00"}]`, "alpaca", 1, "half \ufffd x"},
	"BOM, CRLF":        {"a.json", "\ufeff[\r\n{\"instruction\": \"a\",\r\n\"output\": \"b\"}\r\n]\r\n", "alpaca", 1, "a"},
	"jsonl":            {"a.jsonl", "{\"instruction\": \"a\", \"output\": \"b\"}\r\n\r\n  {\"instruction\": \"c\", \"output\": \"d\"}", "alpaca", 2, "a"},
	"one object":       {"a.json", `{"instruction": "a", "output": "b"}`, "alpaca", 1, "a"},
	"values":           {"a.json", "{\n \"instruction\": \"a\",\n \"output\": \"b\"}\n{\"instruction\": \"c\", \"output\": \"d\"}\n", "alpaca", 2, "a"},
	"wrapped":          {"a.json", `{"version": 1, "few": [{"x": 1}], "data": [{"instruction": "a", "output": "b"}, {"instruction": "c", "output": "d"}], "more": {"x": []}}`, "alpaca", 2, "a"},
	"fewer rows":       {"a.json", `{"many": [{"x": 1}, {"x": 2}], "data": [{"instruction": "a", "output": "b"}]}`, "alpaca", 1, "a"},
	"wrapped twice":    {"a.json", `{"data": 1, "data": [{"instruction": "a", "output": "b"}], "data": []}`, "alpaca", 1, "a"},
	"keyed":            {"a.json", `{"k1": {"instruction": "a", "output": "b"}, "k\n2": {"instruction": "c", "output": "d"}}`, "alpaca", 2, "a"},
	"seeds":            {"s.jsonl", `{"id": "seed_task_0", "name": "x", "instruction": "do", "instances": [{"input": "i1", "output": "o1"}, {"input": "", "output": "o2"}], "is_classification": false}` + "\n" + `{"id": "seed_task_1", "name": "y", "instruction": "go", "instances": [{"output": "o", "input": "odd"}, {"input": 1, "output": ""}], "is_classification": true}`, "seeds", 4, "do"},
	"completion":       {"c.jsonl", `{"prompt": "Q:", "completion": " A<|endoftext|>"}` + "\n" + `{"prompt": "Q2", "completion": "A2", "id": 7}`, "completion", 2, "Q:"},
	"completion lists": {"c.jsonl", `{"prompt": [{"role": "user", "content": "q"}], "completion": [{"role": "assistant", "content": "a"}]}`, "completion", 1, "q"},
	"gpteacher":        {"g.json", `[{"instruction": "a", "input": "", "response": "b"}, {"instruction": "a", "response": "b"}]`, "gpteacher", 2, "a"},
	"dolly":            {"d.jsonl", `{"instruction": "a", "context": "c", "response": "r", "category": "open_qa"}` + "\n" + `{"instruction": "a2", "context": "", "response": "r2", "category": "closed_qa"}`, "dolly", 2, "a"},
	"chat": {"c.jsonl", `{"messages": [{"role": "user", "content": "q"}, {"role": "assistant", "content": "a"}]}` + "\n" + `{"messages": ` + multi + `, "id": 1}` + "\n" +
		`{"messages": [{"role": "system", "content": ""}, {"role": "user", "content": [{"type": "text", "text": "one"}, {"type": "text", "text": "two"}]}, {"content": "x", "role": "assistant", "weight": 0}]}` + "\n" +
		`{"messages": [{"role": "user", "content": "no answer"}]}`, "chat", 4, "q"},
	"sharegpt":            {"s.json", `[{"id": "x1", "conversations": [{"from": "human", "value": "q"}, {"from": "gpt", "value": "a"}]}, {"id": "x2", "conversations": [{"from": "system", "value": "s"}, {"from": "user", "value": "q"}, {"from": "bing", "value": "a"}, {"from": "human", "value": "q2"}, {"from": "gpt", "value": "a2"}]}]`, "sharegpt", 2, "q"},
	"preference":          {"p.jsonl", `{"prompt": "q", "chosen": "good", "rejected": "bad"}` + "\n" + `{"chosen": [{"role": "user", "content": "q"}, {"role": "assistant", "content": "good"}], "rejected": []}`, "preference", 2, "q"},
	"preference together": {"p.jsonl", `{"chosen": "Human: hi Assistant: good day", "rejected": "Human: hi Assistant: go away"}`, "preference", 1, "Human: hi Assistant:"},
	"other forms":         {"m.jsonl", `{"instruction": "a", "output": "b"}` + "\n" + `{"messages": [{"role": "user", "content": "q"}, {"role": "assistant", "content": "a"}]}`, "alpaca", 2, "a"},
}

// TestRoundTrip checks that a source is written with the same values in the same order as in its
// file.
func TestRoundTrip(t *testing.T) {
	for name, tt := range files {
		t.Run(name, func(t *testing.T) {
			db := open(t)
			res, err := Import(context.Background(), db, write(t, tt.name, tt.text), Options{})
			require.NoError(t, err)
			require.Zero(t, res.Bad)
			require.Equal(t, tt.rows, res.Rows)
			require.Equal(t, tt.format, res.Source.Format)
			var first *data.Row
			require.NoError(t, db.Rows(context.Background(), res.Source.ID, func(r *data.Row) error {
				if first == nil {
					first = r
				}
				return nil
			}))
			require.Equal(t, tt.instruction, first.Instruction)
			require.Equal(t, values(t, tt.text), values(t, export(t, db, res.Source, "")))
		})
	}
}

// TestTables checks that a table in this program's own style is written back with the same bytes.
func TestTables(t *testing.T) {
	for name, tt := range map[string]struct{ name, text, want string }{
		"csv":        {"a.csv", "instruction,input,output,id\na,\"b, \"\"c\"\"\",\"line\r\nnext\nthird\",1\n,,x,\n", ""},
		"tsv":        {"a.tsv", "prompt\tcompletion\na, b\t\"c\td\"\n", ""},
		"dolly":      {"a.csv", "category,instruction,context,response\nk,a,b,c\n", ""},
		"CRLF, BOM":  {"a.csv", "\ufeffinstruction,output\r\na,b\r\n\r\nc,\"d\"", "instruction,output\na,b\nc,d\n"},
		"preference": {"a.csv", "prompt,chosen,rejected\nq,good,bad\n", ""},
	} {
		t.Run(name, func(t *testing.T) {
			db := open(t)
			res, err := Import(context.Background(), db, write(t, tt.name, tt.text), Options{})
			require.NoError(t, err)
			require.Zero(t, res.Bad)
			if tt.want == "" {
				tt.want = tt.text
			}
			require.Equal(t, tt.want, export(t, db, res.Source, ""))
		})
	}
}

// TestForms exports rows in each form, from sources that were imported in other formats.
func TestForms(t *testing.T) {
	const text = `{"messages": [{"role": "user", "content": "q"}, {"role": "assistant", "content": "a"}], "n": 1}` + "\n" + `{"messages": ` + multi + `}`
	db := open(t)
	chat, err := Import(context.Background(), db, write(t, "c.jsonl", text), Options{})
	require.NoError(t, err)
	alpaca, err := Import(context.Background(), db, write(t, "a.json", `[{"instruction": "i", "input": "in", "output": "o"}]`), Options{})
	require.NoError(t, err)
	for name, want := range map[string][2]string{
		"alpaca": {`[{"instruction": "i", "input": "in", "output": "o"}]`,
			`[{"instruction": "q", "input": "", "output": "a", "n": 1}, {"instruction": "Bye", "input": "", "output": "Ciao", "system": "Be kind.", "history": [["Hi", "Hello"]]}]`},
		"jsonl":      {`{"instruction": "i", "input": "in", "output": "o"}`, ""},
		"chat":       {`{"messages": [{"role": "user", "content": "i\n\nin"}, {"role": "assistant", "content": "o"}]}`, text},
		"sharegpt":   {`[{"conversations": [{"from": "human", "value": "i\n\nin"}, {"from": "gpt", "value": "o"}]}]`, ""},
		"completion": {`{"prompt": "i\n\nin", "completion": "o"}`, ""},
		"dolly":      {`{"instruction": "i", "context": "in", "response": "o", "category": ""}`, ""},
		"gpteacher":  {`[{"instruction": "i", "input": "in", "response": "o"}]`, ""},
		"seeds":      {`{"instruction": "i", "instances": [{"input": "in", "output": "o"}]}`, ""},
		"preference": {``, ``},
	} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, values(t, want[0]), values(t, export(t, db, alpaca.Source, name)))
			if got := export(t, db, chat.Source, name); want[1] != "" {
				require.Equal(t, values(t, want[1]), values(t, got))
			} else {
				values(t, got) // fails unless it is JSON
			}
		})
	}
	require.Equal(t, "instruction,input,output,system,turns,extra\nq,,a,,,\"{\"\"n\"\": 1}\"\nHi,,Ciao,Be kind.,\""+strings.ReplaceAll(multi, `"`, `""`)+"\",\n", export(t, db, chat.Source, "csv"))
}

// TestCut truncates files at many places. Each row of a
// truncated file must be read, or reported with its place.
func TestCut(t *testing.T) {
	for name, step := range map[string]int{"alpaca": 1, "wrapped": 2, "keyed": 2, "seeds": 3, "chat": 7, "sharegpt": 5} {
		tt := files[name]
		for n := 0; n < len(tt.text); n += step {
			f, err := Open(write(t, tt.name, tt.text[:n]))
			if err != nil {
				continue
			}
			bad := 0
			err = f.Read(Reader{
				Row: func(*data.Row) error { return nil },
				Bad: func(p Problem) error {
					bad++
					require.LessOrEqual(t, p.Offset, int64(n))
					require.Positive(t, p.Line)
					return nil
				},
			})
			require.NoError(t, err)
			if whole := json.Valid([]byte(tt.text[:n])) || strings.HasSuffix(tt.name, "l") && strings.HasSuffix(strings.TrimSpace(tt.text[:n]), "}"); !whole {
				require.Positive(t, bad, "%s cut at %d: %q", name, n, tt.text[:n])
			}
			require.NoError(t, f.Close())
		}
	}
}

func TestImportedTwice(t *testing.T) {
	db := open(t)
	path := write(t, "a.json", files["alpaca"].text)
	first, err := Import(context.Background(), db, path, Options{Licence: "CC0"})
	require.NoError(t, err)
	_, err = Import(context.Background(), db, write(t, "b.json", files["alpaca"].text), Options{})
	var again *ImportedError
	require.ErrorAs(t, err, &again)
	require.Equal(t, first.Source.ID, again.Source.ID)
	require.Equal(t, "CC0", again.Source.Licence)
	second, err := Import(context.Background(), db, path, Options{Again: true})
	require.NoError(t, err)
	require.Equal(t, "a_2", second.Source.Name)
}

// TestCancelled checks that an interrupted import leaves nothing.
func TestCancelled(t *testing.T) {
	db := open(t)
	ctx, cancel := context.WithCancel(context.Background())
	text := "[" + strings.Repeat(`{"instruction": "a", "output": "b"},`, 999) + `{"instruction": "a", "output": "b"}]`
	_, err := Import(ctx, db, write(t, "a.json", text), Options{Progress: func(rows, _ int) {
		if rows == 512 {
			cancel()
		}
	}})
	require.ErrorIs(t, err, context.Canceled)
	list, err := db.Sources(context.Background())
	require.NoError(t, err)
	require.Empty(t, list)
}

// FuzzRead reads any file and writes its readable rows. Reading these again gives the same rows.
func FuzzRead(f *testing.F) {
	for _, tt := range files {
		f.Add(strings.TrimPrefix(filepath.Ext(tt.name), "."), []byte(tt.text))
	}
	f.Add("csv", []byte("instruction,output\na,\"b\"\"\r\nc\"\n"))
	f.Add("json", []byte("[\n {\"instruction\": \"a,\n {\"instruction\": \"\\ud800\", \"output\": 1}\n"))
	f.Fuzz(func(t *testing.T, ext string, text []byte) {
		if ext != "csv" && ext != "tsv" && ext != "jsonl" {
			ext = "json"
		}
		read := func(name string, text []byte) (list []*data.Row, file *File) {
			path := filepath.Join(t.TempDir(), name)
			require.NoError(t, os.WriteFile(path, text, 0o600))
			file, err := Open(path)
			if err != nil {
				return nil, nil
			}
			defer file.Close()
			err = file.Read(Reader{
				Row: func(r *data.Row) error { list = append(list, r); return nil },
				Bad: func(p Problem) error {
					if p.Line < 1 || p.Offset < 0 || p.Offset > int64(len(text)) || p.Err == "" {
						t.Fatalf("a problem at line %d, offset %d of %d bytes: %s", p.Line, p.Offset, len(text), p.Err)
					}
					return nil
				},
			})
			if err != nil || len(list) == 0 {
				return nil, nil
			}
			return list, file
		}
		rows, file := read("a."+ext, text)
		if rows == nil {
			return
		}
		shape, err := json.Marshal(file.Shape)
		require.NoError(t, err)
		s := &data.Source{ID: 0, Name: "a", Format: file.Format.Name, Shape: string(shape)}
		form, err := Original(s)
		require.NoError(t, err)
		var out bytes.Buffer
		w := NewWriter(&out, form, []*data.Source{s}, nil)
		for _, r := range rows {
			require.NoError(t, w.Row(r))
		}
		require.NoError(t, w.Close())
		again, _ := read("b."+ext, out.Bytes())
		require.Equal(t, len(rows), len(again), "%s", out.Bytes())
		for i := range rows {
			rows[i].Raw, again[i].Raw = nil, nil
			require.Equal(t, rows[i], again[i], "%s", out.Bytes())
		}
	})
}
