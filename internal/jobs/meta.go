package jobs

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"slices"
	"strings"

	"alpaca/internal/atomicfile"
)

// Meta says what an output is made from. It is stored beside the output, so that nobody resumes a
// batch with another input, model, version or setting by mistake.
type Meta struct {
	Input    string            `json:"input"` // SHA-256 of the input file; "": a pipe
	Shard    string            `json:"shard"`
	Model    string            `json:"model"` // SHA-256 of the model file
	Program  string            `json:"program"`
	Numerics int               `json:"numerics"`
	Settings map[string]string `json:"settings"`
}

// MetaPath returns the path of an output's Meta.
func MetaPath(output string) string { return output + ".meta" }

// Claim compares m with the Meta of an existing output. It returns an error if they differ, or if
// an output that is not empty has no Meta. For a new output, it writes m. With force, it always
// writes m.
func (m *Meta) Claim(output string, force bool) error {
	path := MetaPath(output)
	data, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	var old Meta
	switch st, statErr := os.Stat(output); {
	case force:
	case err == nil:
		if err := json.Unmarshal(data, &old); err != nil {
			return fmt.Errorf("%s: it is not the record of a batch: %w", path, err)
		}
		if list := old.differences(m); len(list) > 0 {
			return fmt.Errorf("%s was begun with another %s", output, strings.Join(list, ", another "))
		}
		return nil
	case statErr == nil && st.Size() > 0:
		return fmt.Errorf("%s exists and is not the output of a batch: %s is missing", output, path)
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(m); err != nil {
		return err
	}
	if bytes.Equal(b.Bytes(), data) {
		return nil
	}
	f, err := atomicfile.Create(path, 0o666)
	if err != nil {
		return err
	}
	defer f.Abort()
	if _, err := f.Write(b.Bytes()); err != nil {
		return err
	}
	return f.Commit()
}

// differences lists the fields whose values differ between m and now.
func (m *Meta) differences(now *Meta) (list []string) {
	add := func(name, a, b string) {
		if a != b {
			list = append(list, fmt.Sprintf("%s (%s, now %s)", name, clip(a), clip(b)))
		}
	}
	add("input", m.Input, now.Input)
	add("--shard", m.Shard, now.Shard)
	add("model", m.Model, now.Model)
	add("program", m.Program, now.Program)
	add("numerics version", fmt.Sprint(m.Numerics), fmt.Sprint(now.Numerics))
	names := slices.Sorted(maps.Keys(now.Settings))
	for name := range m.Settings {
		if _, ok := now.Settings[name]; !ok {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	for _, name := range names {
		add("--"+name, m.Settings[name], now.Settings[name])
	}
	return list
}
