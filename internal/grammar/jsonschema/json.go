package jsonschema

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/big"
	"strconv"
	"strings"
	"unicode/utf8"
)

// object is a JSON object that keeps the order of its keys.
type object struct {
	keys []string
	vals map[string]any
}

// maxNesting bounds the nesting depth of a schema's text.
const maxNesting = 200

// decode parses one JSON value: nil, bool, json.Number, string, []any or *object.
func decode(text []byte) (any, error) {
	if !utf8.Valid(text) {
		return nil, errors.New("the schema is not valid UTF-8")
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	v, err := decodeValue(d, 0)
	if err == nil {
		if _, more := d.Token(); more != io.EOF {
			err = errors.New("text after the value")
		}
	}
	if err == nil {
		return v, nil
	}
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	at := min(int(d.InputOffset()), len(text))
	var syntax *json.SyntaxError
	if errors.As(err, &syntax) {
		at = min(max(int(syntax.Offset)-1, 0), len(text))
	}
	line := bytes.Count(text[:at], []byte("\n")) + 1
	col := utf8.RuneCount(text[bytes.LastIndexByte(text[:at], '\n')+1:at]) + 1
	return nil, fmt.Errorf("line %d, column %d: the schema is not JSON: %w", line, col, err)
}

func decodeValue(d *json.Decoder, depth int) (any, error) {
	if depth > maxNesting {
		return nil, fmt.Errorf("nested deeper than %d", maxNesting)
	}
	t, err := d.Token()
	if err != nil {
		return nil, err
	}
	switch t {
	case json.Delim('['):
		list := []any{}
		for d.More() {
			v, err := decodeValue(d, depth+1)
			if err != nil {
				return nil, err
			}
			list = append(list, v)
		}
		_, err = d.Token()
		return list, err
	case json.Delim('{'):
		o := &object{vals: map[string]any{}}
		for d.More() {
			k, err := d.Token()
			if err != nil {
				return nil, err
			}
			key := k.(string)
			if _, twice := o.vals[key]; twice {
				return nil, fmt.Errorf("the key %q occurs twice", key)
			}
			v, err := decodeValue(d, depth+1)
			if err != nil {
				return nil, err
			}
			o.keys = append(o.keys, key)
			o.vals[key] = v
		}
		_, err = d.Token()
		return o, err
	}
	return t, nil
}

// decimal returns a number's exact value. The number's exponent
// is bounded, because a large exponent would take all memory.
func decimal(n json.Number) (*big.Rat, error) {
	mantissa, exponent, has := strings.Cut(strings.ToLower(string(n)), "e")
	if has {
		if e, err := strconv.Atoi(exponent); err != nil || e > 400 || e < -400 {
			return nil, fmt.Errorf("the exponent of %s is out of range (at most 400)", n)
		}
	}
	if len(mantissa) > 1000 {
		return nil, errors.New("a number of more than 1000 digits")
	}
	r, ok := new(big.Rat).SetString(string(n))
	if !ok {
		return nil, fmt.Errorf("%s is not a number", n)
	}
	return r, nil
}
