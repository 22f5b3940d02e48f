package query

import (
	"database/sql"
	"fmt"
	"slices"
	"strings"
)

// Statement is one read-only statement.
type Statement struct {
	SQL    string
	Params []string // names of its parameters, without : @ or $, in order
	end    int      // end of its last token, before any semicolon
}

// reads lists the first words of read-only statements.
var reads = []string{"select", "with", "values", "explain"}

// Parse finds the parameters of a statement. Several statements in one text are an error,
// because the driver would run them all. A statement must begin with a parenthesis or one of
// the words in reads. SQLite would refuse other statements, too, but with a less clear message.
func Parse(text string) (*Statement, error) {
	s := &Statement{SQL: text}
	first, ended := "", false
	for i := 0; i < len(text); {
		kind, n := token(text[i:])
		word := text[i : i+n]
		i += n
		switch {
		case kind == blank:
			continue
		case kind == semicolon:
			ended = ended || first != ""
			continue
		case ended:
			return nil, errorf("more than one statement: only one can be run")
		case first == "":
			first = strings.ToLower(word)
		}
		s.end = i
		if kind == parameter {
			if word == "?" || word[0] == '?' {
				return nil, errorf("the parameter %s has no name: write :name", word)
			}
			if name := word[1:]; !slices.Contains(s.Params, name) {
				s.Params = append(s.Params, name)
			}
		}
	}
	switch {
	case strings.IndexByte(text, 0) >= 0:
		return nil, errorf("the statement has a NUL byte")
	case first == "":
		return nil, errorf("there is no statement")
	case !slices.Contains(reads, first) && first != "(":
		return nil, errorf("a statement must begin with SELECT, WITH, VALUES or EXPLAIN, not with %.20q: nothing can be changed here", first)
	}
	return s, nil
}

// args returns the values of the parameters. A parameter without a value is "".
func (s *Statement) args(values map[string]string) (list []any) {
	for _, name := range s.Params {
		list = append(list, sql.Named(name, values[name]))
	}
	return list
}

// tokenKind is the kind of a token.
type tokenKind int

const (
	blank     tokenKind = iota // white space or a comment
	semicolon                  //
	parameter                  // :name, @name, $name, ?
	other
)

// token returns the kind and the length in bytes of the first token of text, by SQLite's
// rules: https://www.sqlite.org/lang_expr.html and src/tokenize.c. Only the boundaries of
// tokens matter here.
func token(text string) (tokenKind, int) {
	switch c := text[0]; {
	case strings.IndexByte(" \t\n\f\r", c) >= 0:
		return blank, 1
	case c == ';':
		return semicolon, 1
	case strings.HasPrefix(text, "--"):
		if end := strings.IndexByte(text, '\n'); end >= 0 {
			return blank, end + 1
		}
		return blank, len(text)
	case strings.HasPrefix(text, "/*"):
		if end := strings.Index(text[2:], "*/"); end >= 0 {
			return blank, end + 4
		}
		return blank, len(text)
	case c == '\'' || c == '"' || c == '`':
		for i := 1; i < len(text); i++ {
			if text[i] != c {
				continue
			}
			if i+1 < len(text) && text[i+1] == c {
				i++
				continue
			}
			return other, i + 1
		}
		return other, len(text)
	case c == '[':
		if end := strings.IndexByte(text, ']'); end >= 0 {
			return other, end + 1
		}
		return other, len(text)
	case c == '?':
		return parameter, 1 + idLength(text[1:])
	case c == ':' || c == '@' || c == '$':
		if n := idLength(text[1:]); n > 0 {
			return parameter, 1 + n
		}
		return other, 1
	case isID(c):
		return other, idLength(text)
	}
	return other, 1
}

func idLength(text string) int {
	n := 0
	for n < len(text) && isID(text[n]) {
		n++
	}
	return n
}

func isID(c byte) bool {
	return c == '_' || c == '$' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= 0x80
}

// asTexts returns a statement that gives the same rows, but in columns without declared types.
// Each column becomes an expression, and expressions have no declared type.
func (s *Statement) asTexts(columns []string) string {
	var inner, outer strings.Builder
	for i, name := range columns {
		if i > 0 {
			inner.WriteString(", ")
			outer.WriteString(", ")
		}
		fmt.Fprintf(&inner, "c%d", i)
		fmt.Fprintf(&outer, `+c%d as "%s"`, i, strings.ReplaceAll(name, `"`, `""`))
	}
	// The line break ends a comment at the end of the statement.
	return "with q(" + inner.String() + ") as (" + s.SQL[:s.end] + "\n) select " + outer.String() + " from q"
}
