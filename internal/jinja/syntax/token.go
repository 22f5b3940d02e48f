// Package syntax parses Jinja templates as transformers configures them: with trim_blocks,
// lstrip_blocks, break, continue and generation, and without keep_trailing_newline. Parse returns
// the tree of a template, which ast.go describes.
package syntax

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// kind is the kind of a token.
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
	kindOp // Text is the operator
)

// token is a piece of a template.
type token struct {
	Kind kind
	Text string // the value: strings are unescaped, numbers have no "_"
	Pos  Pos
}

// Pos is a byte offset in the normalized template.
type Pos int32

// Error is a syntax error in a template, with its position.
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

// describe describes a token for messages.
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
