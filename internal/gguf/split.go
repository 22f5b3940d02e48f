package gguf

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strconv"
	"strings"

	"alpaca/internal/lazyregexp"
)

// splitName matches the name of a part: NAME-00002-of-00003.gguf. Parts count from 1.
var splitName = lazyregexp.New(`^(.*)-(\d{5})-of-(\d{5})\.gguf$`)

// openOthers opens the other parts of a split model and returns the headers of all
// parts, in order. The part at path is already open. Its header is the parameter one.
func (f *File) openOthers(path string, one *header, opt Options) ([]*header, error) {
	dir, base := filepath.Split(path)
	m := splitName().FindStringSubmatch(base)
	if m == nil {
		return nil, fmt.Errorf("%s: is one of %d parts, whose names must end in -00001-of-%05d.gguf and so on",
			path, one.splitCount, one.splitCount)
	}
	// The file's name, not its metadata, limits how many files
	// are opened. A name cannot ask for more than 99999.
	if count, _ := strconv.ParseUint(m[3], 10, 64); count != one.splitCount {
		return nil, fmt.Errorf("%s: the file's name says %d parts, but %s says %d", path, count, keySplitCount, one.splitCount)
	}
	parts := make([]*header, 0, one.splitCount)
	for i := range one.splitCount {
		name := fmt.Sprintf("%s%s-%05d-of-%05d.gguf", dir, m[1], i+1, one.splitCount)
		h := one
		if name != path {
			var err error
			h, err = f.openPart(name, opt)
			if errors.Is(err, fs.ErrNotExist) {
				return nil, fmt.Errorf("part %d of %d is missing: %w", i+1, one.splitCount, err)
			}
			if err != nil {
				return nil, err
			}
		}
		switch {
		case h.splitNo != i:
			return nil, fmt.Errorf("%s: %s is %d, want %d in part %d", name, keySplitNo, h.splitNo, i, i+1)
		case h.splitCount != one.splitCount:
			return nil, fmt.Errorf("%s: %s is %d, but in %s it is %d", name, keySplitCount, h.splitCount, base, one.splitCount)
		}
		parts = append(parts, h)
	}
	return parts, nil
}

// withoutSplitKeys returns the metadata that a model had before it was split.
func withoutSplitKeys(kv []KV) []KV {
	var rest []KV
	for _, e := range kv {
		if !strings.HasPrefix(e.Key, "split.") {
			rest = append(rest, e)
		}
	}
	return rest
}

// SplitNames returns the names of n parts of a model. path is the name of the unsplit file.
func SplitNames(path string, n int) []string {
	names := make([]string, n)
	for i := range names {
		names[i] = fmt.Sprintf("%s-%05d-of-%05d.gguf", strings.TrimSuffix(path, ".gguf"), i+1, n)
	}
	return names
}

// SplitKeys returns the metadata of part i of n, counted from 0. tensors is the number of
// tensors in all parts.
func SplitKeys(i, n, tensors int) []KV {
	return []KV{
		{keySplitNo, U16(uint16(i))},
		{keySplitCount, U16(uint16(n))},
		{keySplitTensors, I32(int32(tensors))},
	}
}

// join puts the metadata and the tensors of all parts into f, in order.
func (f *File) join(parts []*header) error {
	f.Format = "gguf"
	f.Version = parts[0].version
	f.KV = parts[0].kv
	if len(parts) > 1 {
		f.KV = withoutSplitKeys(f.KV)
	}
	n := 0
	for _, p := range parts {
		n += len(p.tensors)
	}
	if n > maxTensors {
		return fmt.Errorf("%s: %d tensors in all parts, at most %d are read", f.Path, n, maxTensors)
	}
	f.Tensors = make([]Tensor, 0, n)
	seen := make(map[string]bool, n)
	for _, p := range parts {
		f.Parts = append(f.Parts, p.path)
		for _, t := range p.tensors {
			if seen[t.Name] {
				return fmt.Errorf("%s: tensor %q is in another part too", p.path, t.Name)
			}
			seen[t.Name] = true
			f.Tensors = append(f.Tensors, t)
		}
		f.ends = append(f.ends, len(f.Tensors))
	}
	f.index()
	if want := parts[0].splitTensors; want >= 0 && want != int64(n) {
		return fmt.Errorf("%s: the parts have %d tensors, but split.tensors.count says %d", f.Path, n, want)
	}
	return nil
}
