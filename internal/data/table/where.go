package table

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Filter is a condition on a column.
type Filter struct{ Column, Op, Value string }

// ParseFilter parses a filter of a request. name is a column, with __ and an operation after it.
// Without these two underscores, the operation is "exact".
func ParseFilter(name, value string) Filter {
	if i := strings.LastIndex(name, "__"); i > 0 {
		if _, ok := operations[name[i+2:]]; ok {
			return Filter{name[:i], name[i+2:], value}
		}
	}
	return Filter{name, "exact", value}
}

// operation is an operation of filters.
type operation struct {
	label  string // the text that people see
	sql    string // %s stands for the column, and ? for the value
	format string // format of the value; "": unchanged
	bare   bool   // the operation takes no value
}

// operations are the supported operations of Datasette, by name.
var operations = map[string]operation{
	"exact": {label: "=", sql: "%s = ?"}, "not": {label: "≠", sql: "%s is not ?"},
	"contains": {label: "contains", sql: "%s like ? escape '\\'", format: "%%%s%%"}, "notcontains": {label: "does not contain", sql: "%s not like ? escape '\\'", format: "%%%s%%"},
	"startswith": {label: "starts with", sql: "%s like ? escape '\\'", format: "%s%%"}, "endswith": {label: "ends with", sql: "%s like ? escape '\\'", format: "%%%s"},
	"gt": {label: ">", sql: "%s > ?"}, "gte": {label: "≥", sql: "%s >= ?"}, "lt": {label: "<", sql: "%s < ?"}, "lte": {label: "≤", sql: "%s <= ?"},
	"like": {label: "like", sql: "%s like ?"}, "notlike": {label: "not like", sql: "%s not like ?"}, "glob": {label: "glob", sql: "%s glob ?"},
	"in": {label: "in", sql: "%s in (select value from json_each(?))"}, "notin": {label: "not in", sql: "%s not in (select value from json_each(?))"},
	"isnull": {label: "is null", sql: "%s is null", bare: true}, "notnull": {label: "is not null", sql: "%s is not null", bare: true},
	"isblank": {label: "is blank", sql: "coalesce(%s, '') = ''", bare: true}, "notblank": {label: "is not blank", sql: "coalesce(%s, '') <> ''", bare: true},
}

// Operations are the names of the operations, in the order in which people see them.
var Operations = []string{"exact", "not", "contains", "notcontains", "startswith", "endswith", "gt", "gte", "lt", "lte", "like", "notlike", "glob", "in", "notin", "isnull", "notnull", "isblank", "notblank"}

// Label returns the text that people see for an operation.
func Label(op string) string { return operations[op].label }

// Error tells the user why a query cannot be answered.
type Error struct{ Message string }

func (e *Error) Error() string { return e.Message }

func errorf(format string, args ...any) error { return &Error{fmt.Sprintf(format, args...)} }

// condition returns a filter as SQL, with the values of its parameters.
func (t *Table) condition(f Filter) (string, []any, error) {
	if t.Texts && f.Column == "lint" {
		switch f.Op {
		case "exact":
			return "example.id in (select row_id from lint where rule = ?)", []any{f.Value}, nil
		case "not":
			return "example.id not in (select row_id from lint where rule = ?)", []any{f.Value}, nil
		}
		return "", nil, errorf("a filter on lint can be \"exact\" or \"not\", but not %.20q", f.Op)
	}
	if t.Texts && f.Column == "tag" && f.Op == "exact" {
		return "example.id in (select row_id from tag where tag = ?)", []any{f.Value}, nil
	}
	if t.Texts && f.Column == "source" && f.Op == "exact" { // uses the index of source_id
		return "example.source_id = (select id from source where name = ?)", []any{f.Value}, nil
	}
	c := t.Column(f.Column)
	if c == nil {
		return "", nil, errorf("%s has no column %.40q", t.Name, f.Column)
	}
	op, ok := operations[f.Op]
	if !ok {
		return "", nil, errorf("%.40q is not an operation: the operations are %s", f.Op, strings.Join(Operations, ", "))
	}
	expr := fmt.Sprintf(op.sql, c.Expr)
	if op.bare {
		return expr, nil, nil
	}
	var value any = f.Value
	switch {
	case f.Op == "in" || f.Op == "notin":
		value = listOf(f.Value)
	case op.format != "":
		value = fmt.Sprintf(op.format, escape.Replace(f.Value))
	default:
		value = number(f.Value)
	}
	if f.Op == "contains" && isOneOf(f.Column, searchable) {
		where, args := t.inside(f.Value, f.Column)
		return where + expr, append(args, value), nil
	}
	return expr, []any{value}, nil
}

// escape escapes a text for a pattern of LIKE, so that its characters stand for themselves.
var escape = strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`)

// inside returns a fast condition to put before a condition with LIKE, which is slow. The
// fast condition uses the index of substrings, which finds all rows that LIKE finds. The
// index may find more, because it ignores the case of all letters, but LIKE only that of
// ASCII letters. where is "" if there is no index, or if the text is too short for the index.
func (t *Table) inside(text, column string) (where string, args []any) {
	const least = 3 // characters
	if !t.trigrams || utf8.RuneCountInString(text) < least || strings.IndexByte(text, 0) >= 0 {
		return "", nil
	}
	query := `"` + strings.ReplaceAll(text, `"`, `""`) + `"`
	if column != "" {
		query = column + " : " + query
	}
	return "example.id in (select rowid from example_trigram where example_trigram match ?) and ", []any{query}
}

// number returns text as a number if it is an integer. In SQLite, the number 10
// does not equal the text "10", and every text is greater than every number.
func number(text string) any {
	if n, err := strconv.ParseInt(text, 10, 64); err == nil && strconv.FormatInt(n, 10) == text {
		return n
	}
	return text
}

// listOf returns a JSON array. text has values that are separated by commas, or is already a JSON
// array.
func listOf(text string) string {
	if strings.HasPrefix(text, "[") {
		return text
	}
	var b strings.Builder
	for i, v := range strings.Split(text, ",") {
		if i > 0 {
			b.WriteByte(',')
		}
		if n, ok := number(v).(int64); ok {
			fmt.Fprint(&b, n)
		} else {
			b.WriteString(quoteJSON(v))
		}
	}
	return "[" + b.String() + "]"
}

const likeAny = `(example.instruction like ? escape '\' or example.input like ? escape '\' or example.output like ? escape '\' or example.more like ? escape '\')`

// searchable are the columns of the index that a search can be limited to.
var searchable = []string{"instruction", "input", "output"}

// search returns the SQL that finds the text of q.Search: a join and a condition, or a condition
// alone.
func (t *Table) search(q *Query) (join, where string, args []any) {
	text, column := q.Search, q.In
	if q.Raw {
		if column != "" {
			text = column + " : (" + text + ")"
		}
		return " join example_fts on example_fts.rowid = example.id", "example_fts match ?", []any{text}
	}
	if !q.Inside && indexed(text) {
		return " join example_fts on example_fts.rowid = example.id", "example_fts match ?", []any{Match(text, column)}
	}
	if !q.Inside {
		text = strings.Join(strings.Fields(text), " ")
	}
	where, args = t.inside(text, column)
	like := "%" + escape.Replace(text) + "%"
	if column != "" {
		return "", where + "example." + column + " like ? escape '\\'", append(args, like)
	}
	return "", where + likeAny, append(args, like, like, like, like)
}

// Match returns an FTS5 query for the words of text. Each word is quoted, so that FTS5 does not
// read a word as an operator. A star at the end of a word finds all words with that prefix.
func Match(text, column string) string {
	var parts []string
	for _, w := range strings.Fields(text) {
		star := ""
		if strings.HasSuffix(w, "*") {
			w, star = strings.TrimRight(w, "*"), "*"
		}
		if strings.ContainsFunc(w, isWord) {
			parts = append(parts, `"`+strings.ReplaceAll(w, `"`, `""`)+`"`+star)
		}
	}
	query := strings.Join(parts, " ")
	if column != "" {
		query = column + " : (" + query + ")"
	}
	return query
}

func quoteJSON(text string) string {
	b, _ := json.Marshal(text) // a string can always be encoded
	return string(b)
}

func isWord(c rune) bool { return unicode.IsLetter(c) || unicode.IsDigit(c) }

// indexed reports whether the index can find a text. In scripts without spaces,
// the index takes a whole run of letters as one word. It also leaves out
// punctuation. Where the index cannot find a text, LIKE must search for it.
func indexed(text string) bool {
	words := 0
	for _, c := range text {
		if unicode.In(c, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar) {
			return false
		}
		if isWord(c) {
			words++
		}
	}
	return words > 0
}
