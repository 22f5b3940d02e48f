package query

import (
	"context"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"alpaca/internal/data"
)

// pool returns the pool of a database with a few rows.
func pool(t testing.TB) *Pool {
	t.Helper()
	ctx := context.Background()
	path := filepath.Join(t.TempDir(), "data.db")
	db, err := data.Open(ctx, path)
	require.NoError(t, err)
	require.NoError(t, db.Update(ctx, func(tx *data.Tx) error {
		s := &data.Source{Name: "alpaca_data", Format: "alpaca"}
		if err := tx.AddSource(s); err != nil {
			return err
		}
		for _, text := range []string{"Describe a penguin", "Name a bird", "2026-12-01"} {
			if err := tx.Add(&data.Row{SourceID: s.ID, Instruction: text, Output: "x"}); err != nil {
				return err
			}
		}
		return nil
	}))
	require.NoError(t, db.Close())
	p, err := Open(path)
	require.NoError(t, err)
	t.Cleanup(func() { p.Close() })
	return p
}

func TestRun(t *testing.T) {
	p := pool(t)
	for name, tt := range map[string]struct {
		text   string
		params map[string]string
		want   [][]any
	}{
		// A public page about Alpaca's data has this statement. It must run here unchanged.
		"the statement of a public page": {"select instruction, input, output from alpaca_data where instruction || ' ' || input || ' ' || output like '%' || :search || '%' order by random()",
			map[string]string{"search": "engui"}, [][]any{{"Describe a penguin", "", "x"}}},
		"search":            {"select rowid from example_fts where example_fts match $w", map[string]string{"w": "bird"}, [][]any{{int64(2)}}},
		"with":              {"with recursive n(i) as (values (1) union all select i + 1 from n where i < 3) select sum(i), 1.5, null, x'00ff' from n;  -- done", nil, [][]any{{int64(6), 1.5, nil, []byte{0, 255}}}},
		"values":            {"/* all */ values (1), (2)", nil, [][]any{{int64(1)}, {int64(2)}}},
		"quoted":            {"select ';', \":x\", '--', [a;b] from (select 1 as [a;b], 2 as \":x\")", nil, [][]any{{";", int64(2), "--", int64(1)}}},
		"json":              {"select value from json_each('[1,2]') order by 1 desc", nil, [][]any{{int64(2)}, {int64(1)}}},
		"no value":          {"select @a || 'b'", nil, [][]any{{"b"}}},
		"a date":            {"select instruction from example where id = 3", nil, [][]any{{"2026-12-01"}}},
		"no rows":           {"select 1 where false", nil, [][]any{}},
		"a parameter twice": {"select :a || :a || :b", map[string]string{"a": "x", "b": "y"}, [][]any{{"xxy"}}},
	} {
		t.Run(name, func(t *testing.T) {
			res, err := p.Run(context.Background(), tt.text, tt.params, Usual)
			require.NoError(t, err)
			require.Equal(t, tt.want, res.Rows)
			require.False(t, res.Truncated)
		})
	}
}

// TestDates checks that texts in columns declared as dates are not changed. Another program may
// have added such a table.
func TestDates(t *testing.T) {
	ctx := context.Background()
	path := filepath.Join(t.TempDir(), "data.db")
	db, err := data.Open(ctx, path)
	require.NoError(t, err)
	require.NoError(t, db.Update(ctx, func(tx *data.Tx) error {
		_, err := tx.Exec(`create table log(day date, at datetime, "a ""b" timestamp, n integer);
			insert into log values ('2026-12-01', '2026-12-01 10:00', 7, 1), ('2025-01-02', 'noon', null, 2), ('', x'00', 1.5, 3)`)
		return err
	}))
	require.NoError(t, db.Close())
	p, err := Open(path)
	require.NoError(t, err)
	defer p.Close()
	for _, text := range []string{"select * from log order by n desc", "select * from log order by n desc; -- all", "with x as (select * from log) select * from x where :a = '' order by n desc -- all"} {
		res, err := p.Run(ctx, text, nil, Usual)
		require.NoError(t, err)
		require.Equal(t, []string{"day", "at", `a "b`, "n"}, res.Columns)
		require.Equal(t, [][]any{{"", []byte{0}, 1.5, int64(3)}, {"2025-01-02", "noon", nil, int64(2)}, {"2026-12-01", "2026-12-01 10:00", int64(7), int64(1)}}, res.Rows, text)
	}
	res, err := p.Run(ctx, "select day, day from log limit 1", nil, Usual)
	require.NoError(t, err)
	require.Equal(t, []string{"day", "day"}, res.Columns)
	require.Equal(t, [][]any{{"2026-12-01", "2026-12-01"}}, res.Rows)
}

// TestRefused checks that all statements except plain reads are refused with an error of one
// line.
func TestRefused(t *testing.T) {
	p := pool(t)
	file := filepath.Join(t.TempDir(), "other.db")
	for _, text := range []string{
		"insert into tag values (1, 'x')", "update example set input = ''", "delete from example", "replace into meta values ('a', 'b')",
		"create table t(a)", "create view v as select 1", "create temp table t(a)", "create trigger t after insert on tag begin select 1; end", "create index i on tag(tag)",
		"create virtual table t using fts5(a)", "drop table tag", "alter table tag rename to x", "reindex", "analyze", "vacuum", "vacuum into '" + file + "'",
		"attach '" + file + "' as x", "detach main", "begin", "commit", "rollback", "savepoint a", "release a",
		"pragma journal_mode = wal", "pragma query_only = off", "pragma writable_schema = on", "pragma table_info(example)", "pragma hard_heap_limit = 0",
		"select * from pragma_table_info('example')", "select * from sqlite_dbpage", "select * from dbstat", "select load_extension('x')", "select readfile('/etc/passwd')",
		"select writefile('" + file + "', 'x')", "select edit('x')", "select fts3_tokenizer('simple')",
		"with x as (select 1) delete from example", "with x as (select 1) insert into tag select 1, 'x'", "explain delete from example",
		"select 1; select 2", "select 1; delete from example", "", " -- nothing", ";", "select 1 where a = ?", "select ?1", "select 1\x00; delete from example",
		"select nothing from example", "select", "selec 1", "select 1 from missing", "select json_extract('{', '$')",
		"select zeroblob(20000000)", "select length(printf('%.*c', 20000000, 'x'))", "select hex(randomblob(9000000))",
		"select 1" + strings.Repeat("+1", 200), "select 1" + strings.Repeat(" union all select 1", 60), "select '" + strings.Repeat("x", 110_000) + "'",
	} {
		t.Run(text[:min(len(text), 40)], func(t *testing.T) {
			_, err := p.Run(context.Background(), text, nil, Usual)
			var e *Error
			require.ErrorAs(t, err, &e)
			require.NotContains(t, e.Message, "\n")
			require.NotEmpty(t, e.Message)
		})
	}
	require.NoFileExists(t, file)
	res, err := p.Run(context.Background(), "select count(*), (select count(*) from tag) from example", nil, Usual)
	require.NoError(t, err)
	require.Equal(t, [][]any{{int64(3), int64(0)}}, res.Rows)
}

func TestLimits(t *testing.T) {
	p := pool(t)
	const endless = "with recursive n(i) as (values (1) union all select i + 1 from n) select count(*) from n"
	_, err := p.Run(context.Background(), endless, nil, Limits{Time: 20 * time.Millisecond})
	var e *Error
	require.ErrorAs(t, err, &e)
	require.True(t, e.Timeout)
	require.Contains(t, e.Message, "more than 20ms")

	const many = "with recursive n(i) as (values (1) union all select i + 1 from n where i < 5000) select i, printf('%.1000c', 'x') from n"
	res, err := p.Run(context.Background(), many, nil, Limits{Time: time.Minute, Rows: 10})
	require.NoError(t, err)
	require.Len(t, res.Rows, 10)
	require.True(t, res.Truncated)
	res, err = p.Run(context.Background(), many, nil, Limits{Time: time.Minute, Bytes: 100_000})
	require.NoError(t, err)
	require.True(t, res.Truncated)
	require.Less(t, len(res.Rows), 100)
	require.Greater(t, len(res.Rows), 50)

	// A query that is cancelled before its turn gets an error, and does not use up a slot.
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, err = p.Run(ctx, "select 1", nil, Usual)
	require.ErrorIs(t, err, context.Canceled)
	for range 5 {
		_, err = p.Run(context.Background(), "select 1", nil, Usual)
		require.NoError(t, err)
	}
}

// TestMemory checks that a statement that takes too much memory is ended.
func TestMemory(t *testing.T) {
	if newGuard(context.Background(), 0).ctx == nil || testing.Short() {
		t.Skip("takes half a GiB of memory")
	}
	p := pool(t)
	const hoard = "with recursive n(i) as (values (1) union all select i + 1 from n where i < 100000) select printf('%.90000c', 'x') || i as x from n order by x desc"
	_, err := p.Run(context.Background(), hoard, nil, Limits{Time: 30 * time.Second})
	var e *Error
	require.ErrorAs(t, err, &e)
	require.Contains(t, e.Message, "MiB of memory")
}

func TestParse(t *testing.T) {
	st, err := Parse("select :b, @a, $c, :b, '::x', \"@y\" -- :z\n /* $q */ ;")
	require.NoError(t, err)
	require.Equal(t, []string{"b", "a", "c"}, st.Params)
}

// FuzzParse checks that no statement changes the table "example".
func FuzzParse(f *testing.F) {
	p := pool(f)
	for _, text := range []string{"select 1; drop table tag", "select '", "select \"a\"\";\" -- ;\n", "/*;*/select[;]", "with a as(select 1)select*from a", "select :a$b", "select 1;;", "explain select 1"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		p.Run(context.Background(), text, nil, Limits{Time: 100 * time.Millisecond, Rows: 10, Bytes: 1 << 20})
		res, err := p.Run(context.Background(), "select count(*) from example", nil, Limits{})
		require.NoError(t, err)
		require.Equal(t, [][]any{{int64(3)}}, res.Rows)
	})
}

func TestEncode(t *testing.T) {
	require.Equal(t, `{"a": null, "b": 1, "c": 1.5, "d": "x\"\n", "e": {"$base64": true, "encoded": "AP8="}}`,
		string(AppendObject(nil, []string{"a", "b", "c", "d", "e"}, []any{nil, int64(1), 1.5, "x\"\n", []byte{0, 255}})))
}
