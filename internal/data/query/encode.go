package query

import (
	"encoding/base64"
	"math"
	"strconv"

	"alpaca/internal/data"
)

// Text returns a value of a row as a text. NULL becomes "", and a blob becomes base64.
func Text(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case int64:
		return strconv.FormatInt(v, 10)
	case float64:
		return strconv.FormatFloat(v, 'g', -1, 64)
	case []byte:
		return base64.StdEncoding.EncodeToString(v)
	}
	return ""
}

// AppendValue appends a value of a row as JSON. A blob becomes an object with its base64,
// as in Datasette. NaN and infinities become null.
func AppendValue(b []byte, v any) []byte {
	switch v := v.(type) {
	case nil:
		return append(b, "null"...)
	case string:
		return data.AppendQuoted(b, v)
	case float64:
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return append(b, "null"...)
		}
	case []byte:
		b = append(b, `{"$base64": true, "encoded": `...)
		return append(data.AppendQuoted(b, Text(v)), '}')
	}
	return append(b, Text(v)...)
}

// AppendObject appends a row as a JSON object.
func AppendObject(b []byte, columns []string, values []any) []byte {
	b = append(b, '{')
	for i, v := range values {
		if i > 0 {
			b = append(b, ", "...)
		}
		b = AppendValue(append(data.AppendQuoted(b, columns[i]), ": "...), v)
	}
	return append(b, '}')
}

// AppendArray appends a row as a JSON array.
func AppendArray(b []byte, values []any) []byte {
	b = append(b, '[')
	for i, v := range values {
		if i > 0 {
			b = append(b, ", "...)
		}
		b = AppendValue(b, v)
	}
	return append(b, ']')
}
