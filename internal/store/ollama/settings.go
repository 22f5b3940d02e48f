package ollama

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
)

// Kinds of layers with settings.
const (
	KindSystem   = "system"
	KindParams   = "params"
	KindTemplate = "template"
	KindMessages = "messages"
)

// maxSettings is the largest size, in bytes, of a layer of settings that is read.
const maxSettings = 1 << 20

// Settings are the defaults that a model's Modelfile sets. The user's settings override them.
type Settings struct {
	System   string           // the system message; "": none
	Template string           // the chat template, in the syntax of Go's text/template; "": none
	Params   map[string]Value // parameters by Ollama's names: temperature, stop, num_ctx, …
	Messages int              // the number of messages at the beginning of each conversation
}

// Settings reads the layers of m with settings. It leaves out
// layers that it cannot read; err names the first of them.
func (r Root) Settings(m *Manifest) (s Settings, err error) {
	var messages []json.RawMessage
	for _, l := range m.Layers {
		var layerErr error
		switch l.Kind() {
		case KindSystem:
			var text []byte
			text, layerErr = r.small(l)
			s.System = string(text)
		case KindTemplate:
			var text []byte
			text, layerErr = r.small(l)
			s.Template = string(text)
		case KindParams:
			layerErr = r.decode(l, &s.Params)
		case KindMessages:
			layerErr = r.decode(l, &messages)
			s.Messages = len(messages)
		}
		if layerErr != nil && err == nil {
			err = fmt.Errorf("the layer %q: %w", l.Kind(), layerErr)
		}
	}
	return s, err
}

// small returns the content of a small layer, and an error if its digest is wrong.
func (r Root) small(l Layer) ([]byte, error) {
	if l.Size > maxSettings {
		return nil, fmt.Errorf("it has %d bytes, but at most %d are allowed", l.Size, maxSettings)
	}
	f, err := os.Open(r.Blob(l.Hash()))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxSettings+1))
	if err != nil {
		return nil, err
	}
	if sum := sha256.Sum256(data); hex.EncodeToString(sum[:]) != l.Hash() {
		return nil, fmt.Errorf("its content has the digest %x, should have %s", sum, l.Hash())
	}
	return data, nil
}

func (r Root) decode(l Layer, v any) error {
	data, err := r.small(l)
	if err != nil {
		return err
	}
	return json.Unmarshal(data, v)
}

// Names returns the names of the parameters, in order.
func (s *Settings) Names() (names []string) {
	for name := range s.Params {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// Stop returns the texts that end an answer.
func (s *Settings) Stop() (list []string) {
	for _, text := range s.Params["stop"].Texts() {
		if text != "" {
			list = append(list, text)
		}
	}
	return list
}

// Lines returns a pair for each value of a parameter: the name, and the value as Ollama's
// programs show it.
func (s *Settings) Lines() (lines [][2]string) {
	for _, name := range s.Names() {
		v := s.Params[name]
		list := v.Texts()
		for _, text := range list {
			lines = append(lines, [2]string{name, strconv.Quote(text)})
		}
		if list == nil {
			lines = append(lines, [2]string{name, v.String()})
		}
	}
	return lines
}

// Text returns Lines formatted as Ollama's programs do.
func (s *Settings) Text() string {
	var lines []string
	for _, l := range s.Lines() {
		lines = append(lines, fmt.Sprintf("%-30s %s", l[0], l[1]))
	}
	return strings.Join(lines, "\n")
}

// Value is the JSON value of a parameter, with the same methods as a GGUF value.
type Value struct{ text json.RawMessage }

// UnmarshalJSON accepts any value.
func (v *Value) UnmarshalJSON(data []byte) error {
	v.text = bytes.Clone(data)
	return nil
}

// MarshalJSON returns the value as it was read.
func (v Value) MarshalJSON() ([]byte, error) {
	if v.text == nil {
		return []byte("null"), nil
	}
	return v.text, nil
}

// Float returns the value if it is a number.
func (v Value) Float() (x float64, ok bool) {
	return x, v.kind() == "number" && json.Unmarshal(v.text, &x) == nil
}

// Int returns the value if it is an integer, which may be written as 1.0.
func (v Value) Int() (n int64, ok bool) {
	x, ok := v.Float()
	if n = int64(x); !ok || float64(n) != x {
		return 0, false
	}
	if exact, err := strconv.ParseInt(string(v.text), 10, 64); err == nil {
		n = exact
	}
	return n, true
}

// Str returns the value if it is a string.
func (v Value) Str() (s string, ok bool) {
	return s, v.kind() == "string" && json.Unmarshal(v.text, &s) == nil
}

// Texts returns the string, or the strings of a list; nil for other values.
func (v Value) Texts() (list []string) {
	if s, ok := v.Str(); ok {
		return []string{s}
	}
	if v.kind() != "list" || json.Unmarshal(v.text, &list) != nil {
		return nil
	}
	return list
}

// TypeName returns the type's name for messages.
func (v Value) TypeName() string { return "JSON " + v.kind() }

func (v Value) kind() string {
	switch text := strings.TrimSpace(string(v.text)); {
	case text == "" || text == "null":
		return "null"
	case text[0] == '"':
		return "string"
	case text[0] == '[':
		return "list"
	case text[0] == '{':
		return "object"
	case text == "true" || text == "false":
		return "boolean"
	}
	return "number"
}

// String returns the value as its JSON.
func (v Value) String() string { return string(v.text) }
