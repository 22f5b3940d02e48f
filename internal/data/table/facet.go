package table

import (
	"context"
	"slices"
	"sort"
	"sync"

	"alpaca/internal/data"
)

// lengthExpr is the SQL for the length class of a row, by its number of characters.
const lengthExpr = "(case when example.chars < 200 then 'short' when example.chars < 1000 then 'medium' when example.chars < 4000 then 'long' else 'very long' end)"

// lengthOf computes in Go what lengthExpr computes in SQL.
func lengthOf(chars int64) string {
	switch {
	case chars < 200:
		return "short"
	case chars < 1000:
		return "medium"
	case chars < 4000:
		return "long"
	}
	return "very long"
}

// FacetNames are the facets of examples: the properties by which rows are counted.
var FacetNames = []string{"source", "category", "lint", "word", "has_input", "length"}

// Value is a value of a facet, and the number of rows that have it.
type Value struct {
	Value string
	Count int
}

// Facet has the most frequent values of a column.
type Facet struct {
	Name   string
	Values []Value
	More   bool // there are more values
}

// Facets count rows by facet. They keep the columns in memory, in a few bytes per row, so
// that requests need not read the tables.
type Facets struct {
	mu      sync.RWMutex
	ids     []int64
	columns map[string][]int32 // for each row, an index into names
	names   map[string][]string
	sources map[int64]string
	lint    map[string][]int64 // ids of rows by rule
}

// Load reads the columns.
func (f *Facets) Load(ctx context.Context, db *data.DB) error {
	n := &Facets{columns: map[string][]int32{}, names: map[string][]string{}, lint: map[string][]int64{}, sources: map[int64]string{}}
	list, err := db.Sources(ctx)
	if err != nil {
		return err
	}
	for _, s := range list {
		n.sources[s.ID] = s.Name
	}
	place := map[[2]string]int32{}
	add := func(name, value string) {
		key := [2]string{name, value}
		i, ok := place[key]
		if !ok {
			i = int32(len(n.names[name]))
			place[key] = i
			n.names[name] = append(n.names[name], value)
		}
		n.columns[name] = append(n.columns[name], i)
	}
	rows, err := db.Query(ctx, "select id, source_id, category, word, chars, input <> '' from example order by id")
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var id, source, chars int64
		var category, word string
		var has bool
		if err := rows.Scan(&id, &source, &category, &word, &chars, &has); err != nil {
			return err
		}
		n.ids = append(n.ids, id)
		add("source", n.sources[source])
		add("category", category)
		add("word", word)
		add("length", lengthOf(chars))
		add("has_input", map[bool]string{false: "no", true: "yes"}[has])
	}
	if err := rows.Err(); err != nil {
		return err
	}
	found, err := db.Query(ctx, "select distinct rule, row_id from lint order by rule, row_id")
	if err != nil {
		return err
	}
	defer found.Close()
	for found.Next() {
		var rule string
		var id int64
		if err := found.Scan(&rule, &id); err != nil {
			return err
		}
		n.lint[rule] = append(n.lint[rule], id)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.ids, f.columns, f.names, f.sources, f.lint = n.ids, n.columns, n.names, n.sources, n.lint
	return found.Err()
}

// Rows returns the number of loaded rows of a source. The source "" stands for all.
func (f *Facets) Rows(source string) int {
	f.mu.RLock()
	defer f.mu.RUnlock()
	return len(f.places(nil, source))
}

// places returns the indices in f.ids of the rows with the given ids. If ids is nil, it
// returns the indices of all rows of a source. The caller holds the lock.
func (f *Facets) places(ids []int64, source string) (list []int32) {
	if ids == nil {
		code := int32(slices.Index(f.names["source"], source))
		for i := range f.ids {
			if source == "" || f.columns["source"][i] == code {
				list = append(list, int32(i))
			}
		}
		return list
	}
	for _, id := range ids {
		if i, ok := slices.BinarySearch(f.ids, id); ok {
			list = append(list, int32(i))
		}
	}
	return list
}

// Count counts the rows with the given ids by facet. If ids is nil, it counts all rows of a
// source, or of all sources if source is "". For each facet in names it returns the values with
// the highest counts, the highest first. The parameter most limits the number of values.
func (f *Facets) Count(ids []int64, source string, most int, names ...string) (list []Facet) {
	f.mu.RLock()
	defer f.mu.RUnlock()
	at := f.places(ids, source)
	for _, name := range names {
		var values []Value
		if name == "lint" {
			values = f.countLint(at, len(at) == len(f.ids))
		} else {
			values = f.countColumn(at, name)
		}
		sort.SliceStable(values, func(i, j int) bool {
			return values[i].Count > values[j].Count || values[i].Count == values[j].Count && values[i].Value < values[j].Value
		})
		more := len(values) > most
		list = append(list, Facet{name, values[:min(len(values), most)], more})
	}
	return list
}

func (f *Facets) countColumn(at []int32, name string) (list []Value) {
	counts := make([]int, len(f.names[name]))
	column := f.columns[name]
	for _, i := range at {
		counts[column[i]]++
	}
	for i, n := range counts {
		if n > 0 && f.names[name][i] != "" {
			list = append(list, Value{f.names[name][i], n})
		}
	}
	return list
}

func (f *Facets) countLint(at []int32, all bool) (list []Value) {
	in := map[int64]bool{}
	if !all {
		for _, i := range at {
			in[f.ids[i]] = true
		}
	}
	for rule, ids := range f.lint {
		n := 0
		for _, id := range ids {
			if all || in[id] {
				n++
			}
		}
		if n > 0 {
			list = append(list, Value{rule, n})
		}
	}
	return list
}
