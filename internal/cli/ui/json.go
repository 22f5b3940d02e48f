package ui

import (
	"encoding/json"
	"io"
)

// NewJSONEncoder returns an encoder that does not escape <, > and &, because texts and tokens are
// full of them.
func NewJSONEncoder(w io.Writer) *json.Encoder {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	return enc
}

// WriteJSON writes a value to stdout as one line of JSON.
func (u *UI) WriteJSON(v any) error {
	return NewJSONEncoder(u.Out).Encode(v)
}
