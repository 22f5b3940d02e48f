package value

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/big"
	"strconv"
	"strings"

	"alpaca/internal/jinja/text"
)

// FromJSON returns the value of a JSON text as Python reads it: keys in order, and integers of
// up to 4300 digits. All strings and keys get the origin o.
func FromJSON(data []byte, o text.Origin) (Value, error) {
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	v, err := decode(d, o, 0)
	if err != nil {
		return nil, err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("more than one JSON value")
	}
	return v, nil
}

// maxNesting is the limit for the nesting depth of JSON.
const maxNesting = 500

func decode(d *json.Decoder, o text.Origin, depth int) (Value, error) {
	if depth > maxNesting {
		return nil, fmt.Errorf("nested more than %d levels deep", maxNesting)
	}
	t, err := d.Token()
	if err != nil {
		if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		return nil, err
	}
	switch t := t.(type) {
	case string:
		return text.From(t, o), nil
	case json.Number:
		return jsonNumber(t.String())
	case bool, nil:
		return t, nil
	case json.Delim:
		if t == '[' {
			l := &List{}
			for d.More() {
				item, err := decode(d, o, depth+1)
				if err != nil {
					return nil, err
				}
				l.Items = append(l.Items, item)
			}
			_, err := d.Token()
			return l, err
		}
		m := NewDict()
		for d.More() {
			k, err := decode(d, o, depth+1)
			if err != nil {
				return nil, err
			}
			item, err := decode(d, o, depth+1)
			if err != nil {
				return nil, err
			}
			m.Set(k, item)
		}
		_, err := d.Token()
		return m, err
	}
	return nil, fmt.Errorf("unexpected %v", t)
}

func jsonNumber(s string) (Value, error) {
	if strings.ContainsAny(s, ".eE") {
		f, _ := strconv.ParseFloat(s, 64) // out of range: infinity, as in Python
		return f, nil
	}
	if len(s) > maxDigits {
		return nil, fmt.Errorf("a number of %d digits, must be at most %d", len(s), maxDigits)
	}
	n, ok := new(big.Int).SetString(s, 10)
	if !ok {
		return nil, fmt.Errorf("%q is not a number", s)
	}
	return Norm(n), nil
}
