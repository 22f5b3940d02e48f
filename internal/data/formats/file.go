package formats

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"alpaca/internal/data"
)

// Shape says how a file held its rows, so that they can be written back in the same way.
type Shape struct {
	// Container says how the file holds its rows: json (an array), jsonl, object (an
	// array under Key of an object), keyed (an object of objects), csv or tsv.
	Container string   `json:"container"`
	Key       string   `json:"key,omitempty"`
	Keys      []string `json:"keys,omitempty"` // the keys of the first row, or the header of a table
	// Before and After are the object's other keys, those before and those after Key.
	Before []Pair `json:"before,omitempty"`
	After  []Pair `json:"after,omitempty"`
}

// Pair is a key of an object with its value.
type Pair struct {
	Key   string          `json:"key"`
	Value json.RawMessage `json:"value"`
}

// File is an open file of rows.
type File struct {
	Path   string
	SHA256 string // digest of the file, in hexadecimal digits
	Size   int64
	Shape  Shape
	Format *Format // the format of the first row; Read sets it
	Notes  Notes

	f        *os.File
	start    place // the beginning of the text, after a byte order mark if there is one
	modified time.Time
}

// Open opens the file at path and detects its container. It reads the whole file once, to
// compute SHA256.
func Open(path string) (*File, error) {
	in, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("data: %w", err)
	}
	f := &File{Path: path, f: in}
	if err := f.open(); err != nil {
		in.Close()
		return nil, fmt.Errorf("data: %s: %w", path, err)
	}
	return f, nil
}

// Close closes the file.
func (f *File) Close() error { return f.f.Close() }

// others lists kinds of files that cannot be imported. For each kind, it has the first bytes, and
// what the user can do.
var others = []struct{ start, what string }{
	{"PAR1", `a Parquet file, which cannot be read: convert it to JSON lines with python3 -c "import pandas; pandas.read_parquet('FILE.parquet').to_json('FILE.jsonl', orient='records', lines=True, force_ascii=False)"`},
	{"\x1f\x8b", "compressed with gzip: gunzip FILE"},
	{"(\xb5\x2f\xfd", "compressed with zstd: unzstd FILE"},
	{"PK\x03\x04", "a zip archive: unzip FILE"},
	{"SQLite format 3\x00", "a SQLite database: commands such as \"alpaca data search\" and \"alpaca data export\" read it with -d"},
	{"\xff\xfe", "UTF-16 text: iconv -f UTF-16 -t UTF-8 FILE"},
	{"\xfe\xff", "UTF-16 text: iconv -f UTF-16 -t UTF-8 FILE"},
	{"GGUF", "a model, not training data"},
}

func (f *File) open() error {
	st, err := f.f.Stat()
	if err != nil {
		return err
	}
	if !st.Mode().IsRegular() {
		return errors.New("is not a regular file")
	}
	f.Size, f.modified = st.Size(), st.ModTime()
	head := make([]byte, 16)
	n, err := f.f.ReadAt(head, 0)
	if err != nil && err != io.EOF {
		return err
	}
	head = head[:n]
	for _, o := range others {
		if bytes.HasPrefix(head, []byte(o.start)) {
			return fmt.Errorf("is %s", o.what)
		}
	}
	f.start = place{0, 1}
	if bytes.HasPrefix(head, []byte("\xef\xbb\xbf")) {
		f.start.offset = 3
	}
	if err := f.detect(); err != nil {
		return err
	}
	sum := sha256.New()
	if _, err := io.Copy(sum, io.NewSectionReader(f.f, 0, f.Size)); err != nil {
		return err
	}
	f.SHA256 = hex.EncodeToString(sum.Sum(nil))
	return nil
}

// Problem is what is wrong at a place in a file.
type Problem struct {
	Line, Offset int64 // Line counts from 1, Offset in bytes from 0
	Err          string
	Raw          []byte // the row, cut to 1 MiB
}

// Error returns the place and what is wrong there.
func (p Problem) Error() string {
	return fmt.Sprintf("line %d, offset %d: %s", p.Line, p.Offset, p.Err)
}

// Reader gets the rows of a file, one by one.
type Reader struct {
	// Row gets each row. r.Pos is the row's number, from 1, among the rows that can be read.
	Row func(r *data.Row) error
	// Bad gets each problem.
	Bad func(p Problem) error
}

// Read reads f and passes each row and each problem to a function of
// the Reader. It ends at the first error that such a function returns.
func (f *File) Read(to Reader) error {
	c := newCursor(f.f, f.Size)
	c.moveTo(f.start)
	w := &walk{c: c, f: f, to: to, raw: make([]byte, 0, 4096)}
	var err error
	switch f.Shape.Container {
	case "json":
		err = w.top()
	case "object":
		err = w.wrapped()
	case "keyed":
		err = w.keyed()
	case "json values":
		err = w.values()
		f.Shape.Container = "jsonl"
	case "csv":
		err = w.table(',')
	case "tsv":
		err = w.table('\t')
	default:
		err = w.lines()
	}
	if err == nil {
		err = c.err
	}
	if err != nil {
		return err
	}
	f.Format, f.Notes = w.b.format, w.b.notes
	if f.Shape.Container != "csv" && f.Shape.Container != "tsv" {
		f.Shape.Keys = w.b.keys
	}
	st, err := f.f.Stat()
	if err == nil && (st.Size() != f.Size || !st.ModTime().Equal(f.modified)) {
		err = errors.New("the file was changed while it was read")
	}
	return err
}
