package checkpoint

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"

	"alpaca/internal/lazyregexp"
)

// maxIndex bounds the size of an index in bytes. An index has about 100 bytes per tensor.
const maxIndex = 256 << 20

// readIndex reads an index and returns the file of each tensor. Files must be in the
// folder of the index.
func readIndex(path string) (map[string]string, error) {
	st, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !st.Mode().IsRegular() || st.Size() > maxIndex {
		return nil, fmt.Errorf("%s: is not a regular file of at most %d bytes", path, maxIndex)
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	index, err := parseIndex(raw)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return index, nil
}

func parseIndex(raw []byte) (map[string]string, error) {
	var x struct {
		Map map[string]string `json:"weight_map"`
	}
	if err := json.Unmarshal(raw, &x); err != nil {
		return nil, err
	}
	if len(x.Map) == 0 {
		return nil, errors.New("weight_map is missing or empty")
	}
	for tensor, file := range x.Map {
		if file == "" || file == "." || file == ".." || strings.ContainsAny(file, "/\\:\x00") {
			return nil, fmt.Errorf("tensor %q is in %q, which is not the name of a file in this folder", tensor, file)
		}
	}
	return x.Map, nil
}

// filesOf returns the files of an index, sorted by name.
func filesOf(index map[string]string) []string {
	var list []string
	for _, file := range index {
		list = append(list, file)
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// numbered matches the two numbers in the name of a file that is one of several files.
var numbered = lazyregexp.New(`-(\d{5})-of-(\d{5})\.\w+$`)

// complete returns an error if the files are numbered and one of them is missing.
func complete(dir string, parts []string) error {
	for i, name := range parts {
		m := numbered().FindStringSubmatch(name)
		if m == nil {
			continue
		}
		number, _ := strconv.Atoi(m[1])
		count, _ := strconv.Atoi(m[2])
		if count != len(parts) || number != i+1 {
			missing := strings.Replace(name, m[1]+"-of", fmt.Sprintf("%05d-of", i+1), 1)
			if number == i+1 {
				missing = strings.Replace(name, m[1]+"-of", fmt.Sprintf("%05d-of", len(parts)+1), 1)
			}
			return fmt.Errorf("%s: shard %s is missing: %d of %d are there", dir, missing, len(parts), count)
		}
	}
	return nil
}
