package openai

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"unicode/utf8"

	"alpaca/internal/report/shorten"
)

// object reads the fields of a JSON object. After an error it ignores further
// reads, so that a caller needs to check for errors only once, at the end.
type object struct {
	at     string // the object's path in the request: "" or, for example, "messages[0]"
	fields map[string]json.RawMessage
	read   map[string]bool // the names that get was called with; nil: get records nothing
	err    *Error
}

// parse parses a request, which must be an object.
func parse(data []byte) (*object, error) {
	if err := check(data); err != nil {
		return nil, err
	}
	o := &object{read: map[string]bool{}}
	if o.sub(data, ""); o.err != nil {
		return nil, o.err
	}
	return o, nil
}

// sub sets o to the object in data. Its path in the request is at.
func (o *object) sub(data []byte, at string) {
	o.at = at
	if kind(data) != "an object" {
		o.err = Invalid(at, "must be an object, is %s", kind(data))
		if at == "" {
			o.err = Invalid("", "the request must be a JSON object, is %s", kind(data))
		}
		return
	}
	if err := json.Unmarshal(data, &o.fields); err != nil {
		o.err = Invalid(at, "%v", err)
	}
}

// check returns an error if data is not valid JSON in UTF-8, or if it is nested deeper than
// MaxDepth.
func check(data []byte) error {
	if len(bytes.TrimSpace(data)) == 0 {
		return Invalid("", "the request is empty, must be a JSON object")
	}
	if !utf8.Valid(data) {
		return Invalid("", "the request is not in UTF-8")
	}
	depth, quoted, escaped := 0, false, false
	for i, c := range data {
		switch {
		case escaped:
			escaped = false
		case quoted:
			escaped, quoted = c == '\\', c != '"'
		case c == '"':
			quoted = true
		case c == '{' || c == '[':
			if depth++; depth > MaxDepth {
				return Invalid("", "the request is nested more than %d deep at byte %d", MaxDepth, i)
			}
		case c == '}' || c == ']':
			depth--
		}
	}
	var any json.RawMessage
	err := json.Unmarshal(data, &any)
	var syntax *json.SyntaxError
	if errors.As(err, &syntax) {
		return Invalid("", "the request is not valid JSON: %v at byte %d", err, syntax.Offset)
	}
	if err != nil {
		return Invalid("", "the request is not valid JSON: %v", err)
	}
	return nil
}

// kind returns the kind of a JSON value, in words for messages.
func kind(data []byte) string {
	data = bytes.TrimSpace(data)
	if len(data) == 0 {
		return "nothing"
	}
	switch data[0] {
	case '{':
		return "an object"
	case '[':
		return "a list"
	case '"':
		return "a string"
	case 't', 'f':
		return "a boolean"
	case 'n':
		return "null"
	}
	return "a number"
}

// name returns the path of a field in the whole request.
func (o *object) name(field string) string {
	if o.at == "" {
		return field
	}
	return o.at + "." + field
}

// fail records an error about a field if o has no error yet.
func (o *object) fail(field, format string, args ...any) {
	if o.err == nil {
		o.err = Invalid(o.name(field), format, args...)
	}
}

// get returns the value of a field. A null counts as missing.
func (o *object) get(field string) (data json.RawMessage, ok bool) {
	data, ok = o.fields[field]
	if o.read != nil {
		o.read[field] = true
	}
	if o.err != nil || !ok || kind(data) == "null" {
		return nil, false
	}
	return data, true
}

// wants returns the value of a field, as get does. A value of another kind than want is an error.
func (o *object) wants(field, want string) (json.RawMessage, bool) {
	data, ok := o.get(field)
	if ok && kind(data) != want {
		o.fail(field, "must be %s, is %s", want, kind(data))
		return nil, false
	}
	return data, ok
}

func (o *object) boolean(field string, target *bool) {
	if data, ok := o.wants(field, "a boolean"); ok {
		*target = data[0] == 't'
	}
}

func (o *object) text(field string, target *string) (ok bool) {
	data, ok := o.wants(field, "a string")
	if ok {
		json.Unmarshal(data, target)
	}
	return ok
}

// integer reads an integer from low to high.
func (o *object) integer(field string, target *int, low, high int) (ok bool) {
	var n int64
	if ok = o.integer64(field, &n, int64(low), int64(high)); ok {
		*target = int(n)
	}
	return ok
}

// integer64 reads an integer from low to high that may need 64 bits.
func (o *object) integer64(field string, target *int64, low, high int64) (ok bool) {
	data, ok := o.wants(field, "a number")
	if !ok {
		return false
	}
	n, err := whole(data)
	switch {
	case err != nil:
		o.fail(field, "%v, must be a whole number between %d and %d", err, low, high)
	case n < low || n > high:
		o.fail(field, "is %d, must be between %d and %d", n, low, high)
	default:
		*target = n
		return true
	}
	return false
}

// whole parses an integer, also in a form such as 1e3 or 2.0.
func whole(data []byte) (int64, error) {
	text := string(bytes.TrimSpace(data))
	if n, err := strconv.ParseInt(text, 10, 64); err == nil {
		return n, nil
	}
	f, err := strconv.ParseFloat(text, 64)
	switch {
	case err != nil || math.Abs(f) >= 1<<63:
		return 0, fmt.Errorf("is %s", clip(text))
	case f != math.Trunc(f):
		return 0, fmt.Errorf("is %s", clip(text))
	}
	return int64(f), nil
}

// clip shortens text of a request for an error.
func clip(text string) string { return shorten.Text(text, 40) }

// number reads a number that fits into float32.
func (o *object) number(field string, target *float32) (ok bool) {
	data, ok := o.wants(field, "a number")
	if !ok {
		return false
	}
	f, err := strconv.ParseFloat(string(data), 32)
	if err != nil {
		o.fail(field, "is %s, must be a number up to %g", clip(string(data)), math.MaxFloat32)
		return false
	}
	*target = float32(f)
	return true
}

// clamped reads a number and limits it to the range from low to high.
func (o *object) clamped(field string, target *float32, low, high float32) {
	if o.number(field, target) {
		*target = min(max(*target, low), high)
	}
}

// ranged reads a number from low to high. A number outside this range is an error.
func (o *object) ranged(field string, target *float32, low, high float32) {
	var f float32
	if !o.number(field, &f) {
		return
	}
	if f < low || f > high {
		o.fail(field, "is %g, must be between %g and %g", f, low, high)
		return
	}
	*target = f
}

// list reads a field that is a list. limit is the largest number of values.
func (o *object) list(field string, limit int) (values []json.RawMessage, ok bool) {
	data, ok := o.wants(field, "a list")
	if !ok {
		return nil, false
	}
	return o.items(field, data, limit)
}

// items returns the values of data, which must be a list. field is its name in errors, and limit is
// the largest number of values.
func (o *object) items(field string, data []byte, limit int) (values []json.RawMessage, ok bool) {
	if err := json.Unmarshal(data, &values); err != nil {
		o.fail(field, "%v", err)
		return nil, false
	}
	if len(values) > limit {
		o.fail(field, "has %d items, must have at most %d", len(values), limit)
		return nil, false
	}
	return values, true
}

// child reads a field that is an object.
func (o *object) child(field string) (child *object, ok bool) {
	data, ok := o.wants(field, "an object")
	if !ok {
		return nil, false
	}
	child = &object{}
	child.sub(data, o.name(field))
	return child, o.take(child)
}

// If o has no error yet, take makes child's error the
// error of o. It then reports whether o has no error.
func (o *object) take(child *object) bool {
	if o.err == nil {
		o.err = child.err
	}
	return o.err == nil
}

// result returns the first error, or nil.
func (o *object) result() error {
	if o.err == nil {
		return nil
	}
	return o.err
}
