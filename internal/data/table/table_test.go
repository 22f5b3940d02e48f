package table

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"alpaca/internal/data"
)

// testDB returns a database with two sources: one with numbered rows, and one with a few rows of
// text.
func testDB(t *testing.T) *data.DB {
	t.Helper()
	ctx := context.Background()
	db, err := data.Open(ctx, filepath.Join(t.TempDir(), "data.db"))
	require.NoError(t, err)
	t.Cleanup(func() { db.Close() })
	require.NoError(t, db.Update(ctx, func(tx *data.Tx) error {
		many, few := &data.Source{Name: "many", Format: "alpaca"}, &data.Source{Name: "few", Format: "alpaca"}
		require.NoError(t, tx.AddSource(many))
		require.NoError(t, tx.AddSource(few))
		for i := range 25 {
			r := &data.Row{SourceID: many.ID, Instruction: fmt.Sprintf("Count to %d", i), Output: "one two", Category: []string{"", "a", "b"}[i%3]}
			if i%2 == 0 {
				r.Tokens = 100 - i/4
			}
			require.NoError(t, tx.Add(r))
		}
		for _, text := range []string{"Le café est \"fermé\"", "我喜欢企鹅", "100% C++", "a_b", "Name a penguin OR a bird", "penguin penguin penguin"} {
			require.NoError(t, tx.Add(&data.Row{SourceID: few.ID, Instruction: text, Input: "x", Output: "y"}))
		}
		_, err := tx.Exec("insert into lint values (1, 'merged', 'x'), (1, 'merged', 'y'), (2, 'echo', ''), (27, 'echo', '')")
		return err
	}))
	return db
}

func named(t *testing.T, db *data.DB, name string) *Table {
	t.Helper()
	tab, err := Named(context.Background(), db, name)
	require.NoError(t, err)
	require.NotNil(t, tab)
	return tab
}

// TestPages checks that in every order, the pages together have each row once.
func TestPages(t *testing.T) {
	ctx := context.Background()
	db := testDB(t)
	for _, name := range []string{"example", "many", "lint", "source"} {
		tab := named(t, db, name)
		for _, sort := range append([]string{""}, columnNames(tab)...) {
			for _, desc := range []bool{false, true} {
				var keys []int64
				var got []any
				at := slices.IndexFunc(tab.Columns, func(c Column) bool { return c.Name == sort })
				require.NoError(t, each(ctx, tab, db, Query{Sort: sort, Desc: desc, Size: 4}, func(r *Row) {
					keys = append(keys, r.Key)
					if at >= 0 {
						got = append(got, r.Values[at])
					}
				}))
				what := fmt.Sprint(name, " ", sort, " ", desc)
				sorted := slices.Sorted(slices.Values(keys))
				require.Equal(t, len(sorted), len(slices.Compact(slices.Clone(sorted))), what)
				want := map[string]int{"example": 31, "many": 25, "lint": 4, "source": 2}[name]
				require.Len(t, keys, want, what)
				if sort == "" {
					if desc {
						slices.Reverse(sorted)
					}
					require.Equal(t, sorted, keys, what)
				}
				// A single page with all rows must have the same order.
				page, err := tab.Page(ctx, db, Query{Sort: sort, Desc: desc, Size: 1000})
				require.NoError(t, err)
				require.Empty(t, page.Next)
				var whole []any
				for _, r := range page.Rows {
					if at >= 0 {
						whole = append(whole, r.Values[at])
					}
				}
				require.Equal(t, whole, got, what)
			}
		}
	}
}

func columnNames(t *Table) (list []string) {
	for _, c := range t.Columns {
		list = append(list, c.Name)
	}
	return list
}

func each(ctx context.Context, t *Table, db *data.DB, q Query, f func(*Row)) error {
	for {
		page, err := t.Page(ctx, db, q)
		if err != nil {
			return err
		}
		for _, r := range page.Rows {
			f(r)
		}
		if q.Next = page.Next; q.Next == "" {
			return nil
		}
	}
}

func TestFilters(t *testing.T) {
	ctx := context.Background()
	db := testDB(t)
	for _, tt := range []struct {
		table, name, value string
		want               int
	}{
		{"many", "category", "a", 8}, {"many", "category__not", "a", 17}, {"many", "instruction__contains", "to 1", 11}, {"many", "instruction__notcontains", "to 1", 14},
		{"many", "instruction__startswith", "count", 25}, {"many", "instruction__endswith", "4", 3}, {"many", "pos__gt", "20", 5}, {"many", "pos__gte", "20", 6},
		{"many", "pos__lt", "3", 2}, {"many", "pos__lte", "3", 3}, {"many", "pos__in", "1,2,99", 2}, {"many", "category__in", `["a","b"]`, 16}, {"many", "pos__notin", "1,2", 23},
		{"many", "category__isblank", "1", 9}, {"many", "category__notblank", "1", 16}, {"many", "n_tokens__isnull", "1", 12}, {"many", "n_tokens__notnull", "1", 13},
		{"many", "instruction__like", "%to 2_", 5}, {"many", "instruction__notlike", "%to 2_", 20}, {"many", "instruction__glob", "Count*2?", 5},
		{"example", "source", "few", 6}, {"example", "lint", "echo", 2}, {"example", "lint__not", "echo", 29}, {"few", "lint", "echo", 1}, {"example", "word", "count", 25},
		{"example", "has_input", "yes", 6}, {"example", "length", "short", 31}, {"few", "instruction__contains", "%", 1}, {"few", "instruction__contains", "a_b", 1}, {"example", "id", "3", 1},
		{"example", "instruction", "a'b", 0}, {"lint", "rule", "echo", 2},
	} {
		tab := named(t, db, tt.table)
		q := Query{Filters: []Filter{ParseFilter(tt.name, tt.value)}, Size: 1000}
		page, err := tab.Page(ctx, db, q)
		require.NoError(t, err)
		require.Len(t, page.Rows, tt.want, "%s %s=%s", tt.table, tt.name, tt.value)
		ids, err := tab.IDs(ctx, db, q, -1)
		require.NoError(t, err)
		require.Len(t, ids, tt.want, "%s %s=%s", tt.table, tt.name, tt.value)
	}
}

func TestSearch(t *testing.T) {
	ctx := context.Background()
	db := testDB(t)
	few := named(t, db, "few")
	for _, tt := range []struct {
		search, in string
		raw        bool
		want       []int64
	}{
		{"cafe ferme", "", false, []int64{26}}, {"企鹅", "", false, []int64{27}}, {"C++", "", false, []int64{28}}, {"%", "", false, []int64{28}}, {"++", "", false, []int64{28}},
		{"peng*", "", false, []int64{30, 31}}, {"peng", "", false, nil}, {"OR bird", "", false, []int64{30}}, {"penguin OR nothing", "", false, nil},
		{"penguin OR nothing", "", true, []int64{30, 31}}, {`"ferm`, "", false, nil}, {`"fermé"`, "", false, []int64{26}}, {"x", "input", false, []int64{26, 27, 28, 29, 30, 31}}, {"x", "output", false, nil},
		{"NEAR(", "", false, nil}, {"a_b", "", false, []int64{29}}, {"-penguin", "", false, []int64{30, 31}}, {"鹅", "output", false, nil}, {"penguin", "instruction", true, []int64{30, 31}},
	} {
		q := Query{Search: tt.search, In: tt.in, Raw: tt.raw, Size: 100}
		ids, err := few.IDs(ctx, db, q, -1)
		require.NoError(t, err, tt.search)
		require.Equal(t, tt.want, ids, tt.search)
		var keys []int64
		require.NoError(t, each(ctx, few, db, Query{Search: tt.search, In: tt.in, Raw: tt.raw, Size: 1}, func(r *Row) { keys = append(keys, r.Key) }))
		require.Equal(t, tt.want, keys, tt.search)
	}
	best, ranked, err := few.Best(ctx, db, Query{Search: "penguin", Size: 5})
	require.NoError(t, err)
	require.True(t, ranked)
	require.Equal(t, []int64{31, 30}, best)
}

// TestInside checks that a search finds the same rows with and without the index of substrings.
func TestInside(t *testing.T) {
	ctx := context.Background()
	db := testDB(t)
	find := func(q Query) (found [][]int64) {
		q.Size = 100
		for _, name := range []string{"example", "few"} {
			ids, err := named(t, db, name).IDs(ctx, db, q, -1)
			require.NoError(t, err, "%+v", q)
			found = append(found, ids)
		}
		return found
	}
	var queries []Query
	for _, text := range []string{"engui", "ENGUI", "FÉ est", "fé est", "est  \"f", "est \"f", "喜欢", "喜欢企鹅", "%", "100% C+", "a_b", "a%b", "to 1", " to ", "x", "bird\" OR \"", "ne tw", "nothing"} {
		for _, in := range []string{"", "instruction", "output"} {
			queries = append(queries, Query{Search: text, In: in, Inside: true}, Query{Search: text, In: in})
		}
		queries = append(queries, Query{Filters: []Filter{{"instruction", "contains", text}}}, Query{Filters: []Filter{{"output", "notcontains", text}}})
	}
	var want [][][]int64
	some := 0
	for _, q := range queries {
		found := find(q)
		some += len(found[1])
		want = append(want, found)
	}
	require.Greater(t, some, 50)
	require.Equal(t, []int64{30, 31}, find(Query{Search: "ENGUI", Inside: true})[1])
	require.NoError(t, db.Update(ctx, (*data.Tx).IndexSubstrings))
	for i, q := range queries {
		require.Equal(t, want[i], find(q), "%+v", q)
	}
	where, _, err := named(t, db, "few").condition(Filter{"instruction", "contains", "engui"})
	require.NoError(t, err)
	require.Contains(t, where, "example_trigram")
}

func TestRefusesQueries(t *testing.T) {
	ctx := context.Background()
	db := testDB(t)
	tab := named(t, db, "example")
	for _, q := range []Query{
		{Sort: "no"}, {Filters: []Filter{{"no", "exact", ""}}}, {Filters: []Filter{{"id", "no", ""}}}, {Next: "x"}, {Next: "WzEsMl0"}, {Search: "(", Raw: true}, {Search: "\"a", Raw: true}, {Search: "none:a", Raw: true}, {Search: "a AND", Raw: true}, {Search: "* b", Raw: true}, {Search: "x", In: "id"},
		{Filters: []Filter{{"lint", "gt", "a"}}}, {Sort: "category", Next: "WzFd"},
	} {
		q.Size = 10
		_, err := tab.Page(ctx, db, q)
		var e *Error
		require.ErrorAs(t, err, &e, "%+v", q)
	}
	_, err := named(t, db, "lint").Page(ctx, db, Query{Search: "x", Size: 1})
	require.ErrorContains(t, err, "no index")
	none, err := Named(ctx, db, "sqlite_schema")
	require.NoError(t, err)
	require.Nil(t, none)
}

// TestFacets compares counts that are made in memory with counts by SQL.
func TestFacets(t *testing.T) {
	ctx := context.Background()
	db := testDB(t)
	var f Facets
	require.NoError(t, f.Load(ctx, db))
	require.Equal(t, 31, f.Rows(""))
	require.Equal(t, 6, f.Rows("few"))
	for _, source := range []string{"", "many", "few"} {
		for _, name := range FacetNames {
			tab := named(t, db, "example")
			if source != "" {
				tab = named(t, db, source)
			}
			for _, v := range f.Count(nil, source, 100, name)[0].Values {
				ids, err := tab.IDs(ctx, db, Query{Filters: []Filter{{name, "exact", v.Value}}}, -1)
				require.NoError(t, err)
				require.Len(t, ids, v.Count, "%s %s", name, v.Value)
			}
		}
	}
	list := f.Count([]int64{1, 2, 26, 999}, "", 1, "source", "lint")
	require.Equal(t, []Facet{{"source", []Value{{"many", 2}}, true}, {"lint", []Value{{"echo", 1}}, true}}, list)
	require.Empty(t, f.Count([]int64{}, "", 1, "source")[0].Values)
}

func TestDraw(t *testing.T) {
	keys := []int64{5, 6, 7, 8, 9}
	require.Equal(t, Draw(keys, 3, 7), Draw(keys, 3, 7))
	require.NotEqual(t, Draw(keys, 5, 1), Draw(keys, 5, 2))
	require.Equal(t, keys, slices.Sorted(slices.Values(Draw(keys, 99, 1))))
	require.Equal(t, []int64{5, 6, 7, 8, 9}, keys)
}
