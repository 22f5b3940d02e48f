// Package syntax reads Jinja templates as transformers sets them up: blocks are
// trimmed and stripped on the left, one newline at the end is dropped, and there
// are break, continue and generation. Parse makes the tree of a
// template that ast.go describes.
package syntax

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// kind is what a token is.
type kind uint8

// The kinds of tokens.
const (
	kindEOF kind = iota
	kindData
	kindBlockBegin
	kindBlockEnd
	kindVariableBegin
	kindVariableEnd
	kindName
	kindString
	kindInteger
	kindFloat
	kindOp // Text says which
)

// token is a piece of a template.
type token struct {
	Kind kind
	Text string // the value: of strings unescaped, of numbers without "_"
	Pos  Pos
}

// Pos is a byte of the template whose newlines are normalized.
type Pos int32

// Error says what is wrong with a template, and where.
type Error struct {
	Line, Column int // from 1; columns count characters
	Msg          string
}

func (e *Error) Error() string {
	return fmt.Sprintf("line %d, column %d: %s", e.Line, e.Column, e.Msg)
}

// Place returns the line and the column of a position, both from 1.
func Place(source string, pos Pos) (line, column int) {
	at := min(int(pos), len(source))
	before := source[:at]
	start := strings.LastIndexByte(before, '\n') + 1
	return strings.Count(before, "\n") + 1, utf8.RuneCountInString(before[start:]) + 1
}

// describe names a token for messages.
func (t token) describe() string {
	switch t.Kind {
	case kindEOF:
		return "the end of the template"
	case kindData:
		return "text"
	case kindBlockBegin:
		return "{%"
	case kindBlockEnd:
		return "%}"
	case kindVariableBegin:
		return "{{"
	case kindVariableEnd:
		return "}}"
	case kindString:
		return "a string"
	}
	return fmt.Sprintf("%q", t.Text)
}
