package formats

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"alpaca/internal/data"
)

// field is a key of an object, and its value as JSON.
type field struct {
	key   string
	value json.RawMessage
}

// object is a JSON object with its fields in their order.
type object struct {
	fields []field
	double bool // the object has a key twice
}

// get returns the value of key, or nil if there is none. If there are two values, the last counts,
// as in Python and Go.
func (o *object) get(key string) json.RawMessage {
	for i := len(o.fields) - 1; i >= 0; i-- {
		if o.fields[i].key == key {
			return o.fields[i].value
		}
	}
	return nil
}

func (o *object) has(key string) bool { return o.get(key) != nil }

// parseObject parses an object that is valid JSON.
func parseObject(raw []byte) *object {
	o := &object{fields: make([]field, 0, 4)}
	i := skipSpace(raw, 0) + 1
	for {
		i = skipSpace(raw, i)
		if raw[i] == '}' {
			return o
		}
		if raw[i] == ',' {
			i = skipSpace(raw, i+1)
		}
		end := endOf(raw, i)
		key, _ := unquote(raw[i:end])
		i = skipSpace(raw, skipSpace(raw, end)+1) // after the colon
		end = endOf(raw, i)
		o.double = o.double || o.has(key)
		o.fields = append(o.fields, field{key, raw[i:end]})
		i = end
	}
}

// parseList splits an array that is valid JSON.
func parseList(raw []byte) (list []json.RawMessage) {
	i := skipSpace(raw, 0) + 1
	for {
		i = skipSpace(raw, i)
		switch raw[i] {
		case ']':
			return list
		case ',':
			i = skipSpace(raw, i+1)
		}
		end := endOf(raw, i)
		list = append(list, raw[i:end])
		i = end
	}
}

func skipSpace(raw []byte, i int) int {
	for raw[i] == ' ' || raw[i] == '\t' || raw[i] == '\r' || raw[i] == '\n' {
		i++
	}
	return i
}

// endOf returns the end of the value that begins at i. raw is valid JSON.
func endOf(raw []byte, i int) int {
	depth := 0
	for ; i < len(raw); i++ {
		switch raw[i] {
		case '"':
			for i++; raw[i] != '"'; i++ {
				if raw[i] == '\\' {
					i++
				}
			}
			if depth == 0 {
				return i + 1
			}
		case '{', '[':
			depth++
		case '}', ']':
			if depth--; depth <= 0 {
				return i + 1 + depth // after a number or a word, depth is -1: the value ends before the bracket
			}
		case ',', ' ', '\t', '\r', '\n':
			if depth == 0 {
				return i
			}
		}
	}
	return i
}

// isString reports whether a value is a string.
func isString(v json.RawMessage) bool { return len(v) > 0 && v[0] == '"' }

// unquote returns the text of a valid JSON string. whole is false if the string has half of a
// surrogate pair. This half becomes U+FFFD.
func unquote(raw []byte) (text string, whole bool) {
	raw = raw[1 : len(raw)-1]
	if bytes.IndexByte(raw, '\\') < 0 {
		return string(raw), true
	}
	var b strings.Builder
	b.Grow(len(raw))
	whole = true
	for i := 0; i < len(raw); i++ {
		if raw[i] != '\\' {
			b.WriteByte(raw[i])
			continue
		}
		i++
		switch c := raw[i]; c {
		case 'u':
			r := hex4(raw[i+1:])
			i += 4
			if utf16.IsSurrogate(r) {
				low := rune(-1)
				if i+6 < len(raw) && raw[i+1] == '\\' && raw[i+2] == 'u' {
					low = hex4(raw[i+3:])
				}
				if r = utf16.DecodeRune(r, low); r == utf8.RuneError {
					whole = false
				} else {
					i += 6
				}
			}
			b.WriteRune(r)
		default:
			if at := strings.IndexByte("bfnrt", c); at >= 0 {
				c = "\b\f\n\r\t"[at]
			}
			b.WriteByte(c)
		}
	}
	return b.String(), whole
}

// hex4 returns the value of the four hexadecimal digits at the beginning of raw, or -1 if raw does
// not begin with four digits.
func hex4(raw []byte) rune {
	if len(raw) < 4 {
		return -1
	}
	n, err := strconv.ParseUint(string(raw[:4]), 16, 32)
	if err != nil {
		return -1
	}
	return rune(n)
}

// appendObject appends an object with the given fields, on one line.
func appendObject(b []byte, fields []field) []byte {
	b = append(b, '{')
	for i, f := range fields {
		if i > 0 {
			b = append(b, ", "...)
		}
		b = append(data.AppendQuoted(b, f.key), ": "...)
		b = append(b, f.value...)
	}
	return append(b, '}')
}

// compact returns a value without white space between its parts.
func compact(v json.RawMessage) json.RawMessage {
	var b bytes.Buffer
	if json.Compact(&b, v) != nil {
		return v
	}
	return b.Bytes()
}
