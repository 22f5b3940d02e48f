package safetensors

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"alpaca/internal/checkpoint/weights"
)

// header is the parsed header of a file.
type header struct {
	entries  []entry
	metadata map[string]string
}

// entry is the entry of a tensor in a header.
type entry struct {
	name     string
	typ      weights.Type
	shape    []int
	from, to int64 // byte offsets in the data
}

const (
	maxTensors = 1 << 20
	maxDims    = 16
	metaKey    = "__metadata__"
)

// parseHeader parses a header. It reports duplicate names as an error. Decoding
// into a map would hide duplicates. White space may follow the header as padding.
func parseHeader(raw []byte) (*header, error) {
	if len(raw) == 0 || raw[0] != '{' {
		return nil, errors.New("the header does not begin with '{'")
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	if _, err := d.Token(); err != nil {
		return nil, fmt.Errorf("header: %w", err)
	}
	h := &header{}
	seen := map[string]bool{}
	for d.More() {
		t, err := d.Token()
		if err != nil {
			return nil, fmt.Errorf("header: %w", err)
		}
		name := t.(string) // the decoder accepts only strings as keys
		if seen[name] {
			return nil, fmt.Errorf("header: %q is there twice", name)
		}
		seen[name] = true
		if name == metaKey {
			if err := d.Decode(&h.metadata); err != nil {
				return nil, fmt.Errorf("header: %s: %w", metaKey, err)
			}
			continue
		}
		e, err := parseEntry(d, name)
		if err != nil {
			return nil, fmt.Errorf("header: tensor %q: %w", name, err)
		}
		if h.entries = append(h.entries, e); len(h.entries) > maxTensors {
			return nil, fmt.Errorf("header: more than %d tensors", maxTensors)
		}
	}
	if _, err := d.Token(); err != nil {
		return nil, fmt.Errorf("header: %w", err)
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, errors.New("header: something follows its last '}'")
	}
	return h, nil
}

// parseEntry parses the entry that follows a tensor's name. Unknown keys are ignored, as
// in the format's own library.
func parseEntry(d *json.Decoder, name string) (entry, error) {
	var x struct {
		DType   *weights.Type `json:"dtype"`
		Shape   *[]int        `json:"shape"`
		Offsets []int64       `json:"data_offsets"`
	}
	switch err := d.Decode(&x); {
	case err != nil:
		return entry{}, err
	case x.DType == nil || x.Shape == nil:
		return entry{}, errors.New("dtype or shape is missing")
	case !x.DType.Known():
		return entry{}, fmt.Errorf("unknown dtype %q", string(*x.DType))
	case len(*x.Shape) > maxDims:
		return entry{}, fmt.Errorf("%d dimensions, at most %d", len(*x.Shape), maxDims)
	case len(x.Offsets) != 2:
		return entry{}, fmt.Errorf("data_offsets has %d numbers, want 2", len(x.Offsets))
	}
	return entry{name: name, typ: *x.DType, shape: *x.Shape, from: x.Offsets[0], to: x.Offsets[1]}, nil
}
