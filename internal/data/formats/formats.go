// Package formats reads and writes files of instructions and conversations: Stanford Alpaca and its
// relatives, seeds and training files of self-instruct, Dolly, chats in the formats of OpenAI and
// ShareGPT, and preference pairs. Files are JSON, JSON lines, CSV or TSV. Files are read as a
// stream. A row that cannot be read is reported with its line and offset. The rows of a file can be
// written back with the same values in the same order.
package formats

import (
	"encoding/json"
	"fmt"
	"strings"

	"alpaca/internal/data"
)

// Format is a format of rows: the keys of an object and what they mean.
type Format struct {
	Name  string
	About string // one line
	// needs are the keys by which the format is recognized.
	needs []string
	// slots are the keys that become fields of a row. Other keys go to its Extra.
	slots []slot
	// keys returns the keys with which a row from another format is written.
	keys func(r *data.Row) []string
}

// slot maps a key to a part of a row.
type slot struct {
	key string
	// set stores the value in r. exact is false if get will not return the same value. A
	// value that cannot be stored is an error.
	set func(r *data.Row, v json.RawMessage) (exact bool, err error)
	// get returns the row's value as JSON.
	get func(r *data.Row) json.RawMessage
}

// text returns the slot that maps key to the text that of(r) points to.
func text(key string, of func(r *data.Row) *string) slot {
	return slot{key,
		func(r *data.Row, v json.RawMessage) (bool, error) {
			t, exact := textOf(v)
			*of(r) = t
			return exact, nil
		},
		func(r *data.Row) json.RawMessage { return data.AppendQuoted(nil, *of(r)) }}
}

// textOf returns a value as a text that the database can hold. null becomes "", and other
// values that are not strings stay JSON. A NUL byte becomes the symbol ␀, because SQLite's
// functions would stop there. exact is false if the text differs from the value.
func textOf(v json.RawMessage) (t string, exact bool) {
	switch {
	case string(v) == "null":
		return "", false
	case !isString(v):
		return string(compact(v)), false
	}
	t, exact = unquote(v)
	if strings.IndexByte(t, 0) >= 0 {
		return strings.ReplaceAll(t, "\x00", "␀"), false
	}
	return t, exact
}

func instruction(r *data.Row) *string { return &r.Instruction }
func input(r *data.Row) *string       { return &r.Input }
func output(r *data.Row) *string      { return &r.Output }
func system(r *data.Row) *string      { return &r.System }
func category(r *data.Row) *string    { return &r.Category }

// always are slots of all formats except chat, sharegpt and seeds.
var always = []slot{text("system", system), text("category", category)}

// Formats are the known formats. An object's format is the
// first in this list whose needed keys are all in the object.
var Formats = []*Format{
	{Name: "chat", About: `{"messages": [{"role", "content"}, …]}: OpenAI, TRL`, needs: []string{"messages"},
		slots: []slot{messages("messages", openAI), text("category", category)}, keys: fixed("messages")},
	{Name: "sharegpt", About: `{"conversations": [{"from", "value"}, …]}`, needs: []string{"conversations"},
		slots: []slot{messages("conversations", shareGPT), text("category", category)}, keys: fixed("conversations")},
	{Name: "seeds", About: `{"id", "name", "instruction", "instances": [{"input", "output"}]}: seeds of self-instruct`, needs: []string{"instruction", "instances"},
		slots: []slot{text("instruction", instruction)}, keys: fixed("instruction", "instances")},
	{Name: "preference", About: `{"prompt", "chosen", "rejected"}`, needs: []string{"chosen", "rejected"},
		slots: append([]slot{prompt(), answer("chosen")}, always...), keys: fixed("prompt", "chosen", "rejected")},
	{Name: "completion", About: `{"prompt", "completion"}`, needs: []string{"prompt", "completion"},
		slots: append([]slot{prompt(), answer("completion")}, always...), keys: fixed("prompt", "completion")},
	{Name: "alpaca", About: `{"instruction", "input", "output"}: Stanford Alpaca`, needs: []string{"instruction", "output"},
		slots: append([]slot{text("instruction", instruction), text("input", input), text("output", output)}, always...), keys: alpacaKeys},
	{Name: "dolly", About: `{"instruction", "context", "response", "category"}: Dolly`, needs: []string{"instruction", "context", "response"},
		slots: append([]slot{text("instruction", instruction), text("context", input), text("response", output)}, always...),
		keys:  fixed("instruction", "context", "response", "category")},
	{Name: "gpteacher", About: `{"instruction", "input", "response"}: GPTeacher`, needs: []string{"instruction", "response"},
		slots: append([]slot{text("instruction", instruction), text("input", input), text("response", output)}, always...),
		keys:  fixed("instruction", "input", "response")},
}

// fixed returns keys that do not depend on the row.
func fixed(keys ...string) func(*data.Row) []string { return func(*data.Row) []string { return keys } }

// alpacaKeys returns the three keys of the format "alpaca". It adds "system" and "category" if the
// row has them.
func alpacaKeys(r *data.Row) []string {
	keys := []string{"instruction", "input", "output"}
	if r.System != "" {
		keys = append(keys, "system")
	}
	if r.Category != "" {
		keys = append(keys, "category")
	}
	return keys
}

// ByName returns the format with the given name, or nil if there is none.
func ByName(name string) *Format {
	for _, f := range Formats {
		if f.Name == name {
			return f
		}
	}
	return nil
}

// formatOf returns the format of an object, or nil if the object
// has no known format. has reports whether the object has a key.
func formatOf(has func(key string) bool) *Format {
next:
	for _, f := range Formats {
		for _, key := range f.needs {
			if !has(key) {
				continue next
			}
		}
		return f
	}
	return nil
}

// slot returns the format's slot for key, or nil if there is none.
func (f *Format) slot(key string) *slot {
	for i := range f.slots {
		if f.slots[i].key == key {
			return &f.slots[i]
		}
	}
	return nil
}

// unknown returns the error for an object that has no known format.
func unknown(o *object) error {
	var keys []string
	for _, f := range o.fields {
		if len(keys) == 8 {
			keys = append(keys, "…")
			break
		}
		keys = append(keys, fmt.Sprintf("%.40q", f.key))
	}
	has := "it has none"
	if len(keys) > 0 {
		has = "it has " + strings.Join(keys, ", ")
	}
	return fmt.Errorf("no known keys: %s; rows have instruction and output (or response), prompt and completion, prompt, chosen and rejected, messages, or conversations", has)
}
