package jobs

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"io"
	"os"
	"strings"

	"alpaca/internal/atomicfile"
)

// place says where a result is: the number of its file, and its offset in the
// file in bytes. size is the result's length in bytes, and sum is its digest.
type place struct {
	file int
	at   int64
	size int
	sum  [sha256.Size]byte
}

// Merge writes the results in the files at paths to w, in the order of the
// input. Each request must have a result. If a request has two results, they
// must be equal. If they differ, they come from different models or versions,
// or a machine makes mistakes. bad is the number of results with errors.
func Merge(in *Input, paths []string, w io.Writer) (bad int, err error) {
	files := make([]*os.File, len(paths))
	defer func() {
		for _, f := range files {
			if f != nil {
				f.Close()
			}
		}
	}()
	found := map[key]place{}
	for i, path := range paths {
		if files[i], err = os.Open(path); err != nil {
			return 0, err
		}
		n, err := findResults(in, paths, i, files[i], found)
		if bad += n; err != nil {
			return bad, err
		}
	}
	ids := in.ids()
	if missing := missingOf(in, found); len(missing) > 0 {
		return bad, fmt.Errorf("%d of %d requests have no result, such as %s", len(missing), len(ids), strings.Join(missing[:min(3, len(missing))], ", "))
	}
	var line []byte
	for _, id := range ids {
		p := found[id]
		line = append(line[:0], make([]byte, p.size+1)...)
		if _, err := files[p.file].ReadAt(line[:p.size], p.at); err != nil {
			return bad, err
		}
		line[p.size] = '\n'
		if _, err := w.Write(line); err != nil {
			return bad, err
		}
	}
	return bad, nil
}

// findResults adds the places of the results in file number file to the map found. bad counts
// the new results with errors.
func findResults(in *Input, paths []string, file int, f *os.File, found map[key]place) (bad int, err error) {
	err = eachResult(paths[file], f, func(r *Result, l *lines, line []byte) error {
		id := keyOf(r.CustomID)
		if !in.Has(id) {
			return fmt.Errorf("custom_id %s is not in the input", clip(r.CustomID))
		}
		line = bytes.TrimRight(line, "\r")
		p := place{file, l.at, len(line), sha256.Sum256(line)}
		other, ok := found[id]
		if ok && other.sum != p.sum {
			return fmt.Errorf("custom_id %s has a different result in %s: the files are of different models or versions, or a machine is faulty",
				clip(r.CustomID), paths[other.file])
		}
		if !ok && r.Failed() {
			bad++
		}
		found[id] = p
		return nil
	})
	return bad, err
}

// SortOutput sorts the results in the file at path into the order of their requests.
func SortOutput(in *Input, path string) error {
	out, err := atomicfile.Create(path, 0o666)
	if err != nil {
		return err
	}
	defer out.Abort()
	if _, err := Merge(in, []string{path}, out); err != nil {
		return err
	}
	return out.Commit()
}

// missingOf returns the lines without a result, such as "line 7".
func missingOf(in *Input, found map[key]place) (list []string) {
	for _, l := range in.lines {
		if _, ok := found[l.id]; !ok {
			list = append(list, fmt.Sprintf("line %d", l.number))
		}
	}
	return list
}
