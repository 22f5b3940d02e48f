package store

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"alpaca/internal/atomicfile"
	"alpaca/internal/store/ref"
)

// Record is what we know about a model besides its files: what its source said at the pull, and
// the digests of the files that were read. The modification time of the record's file is the
// time of the model's last use.
type Record struct {
	Name    string    `json:"name"`
	Pulled  time.Time `json:"pulled,omitzero"`   // zero: another program fetched it
	Pinned  bool      `json:"pinned,omitempty"`  // the user named its commit, so "alpaca prune" keeps the model
	Licence string    `json:"licence,omitempty"` // name of the model's licence
	Link    string    `json:"licence_link,omitempty"`
	Base    []string  `json:"base_model,omitempty"`
	ETag    string    `json:"etag,omitempty"` // for a URL: the version that was fetched
	Files   []Checked `json:"files,omitempty"`
}

// Checked is a file that was read, with the digests found.
type Checked struct {
	Path   string    `json:"path"`
	Size   int64     `json:"size"`
	Time   time.Time `json:"mtime"`
	Inode  uint64    `json:"inode,omitempty"`
	SHA256 string    `json:"sha256,omitempty"`
	Git    string    `json:"git_sha1,omitempty"`
}

// Of returns what is recorded about a file, or nil if the file has changed since then.
func (r *Record) Of(path string) *Checked {
	if r == nil {
		return nil
	}
	st, err := os.Stat(path)
	if err != nil {
		return nil
	}
	for i, f := range r.Files {
		if f.Path == path && f.Size == st.Size() && f.Time.Equal(st.ModTime()) && f.Inode == inode(st) {
			return &r.Files[i]
		}
	}
	return nil
}

// Note records a file with the digests of its content.
func (r *Record) Note(path, sha256, git string) {
	st, err := os.Stat(path)
	if err != nil {
		return
	}
	c := Checked{path, st.Size(), st.ModTime(), inode(st), sha256, git}
	for i := range r.Files {
		if r.Files[i].Path == path {
			r.Files[i] = c
			return
		}
	}
	r.Files = append(r.Files, c)
}

func (l *Library) recordDir() string { return filepath.Join(l.Places.Own, "records") }

func (l *Library) recordPath(name string) string {
	sum := sha256.Sum256([]byte(name))
	return filepath.Join(l.recordDir(), hex.EncodeToString(sum[:16])+".json")
}

// record returns the record of a model, or nil, and the time of the model's last use.
func (l *Library) record(name string) (*Record, time.Time) {
	path := l.recordPath(name)
	r, err := readRecord(path)
	if err != nil || r.Name != name {
		return nil, time.Time{}
	}
	return r, modified(path)
}

func readRecord(path string) (*Record, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	r := new(Record)
	return r, json.Unmarshal(data, r)
}

// records returns all readable records.
func (l *Library) records() (list []*Record) {
	files, _ := filepath.Glob(filepath.Join(l.recordDir(), "*.json"))
	for _, path := range files {
		if r, err := readRecord(path); err == nil {
			list = append(list, r)
		}
	}
	return list
}

// Save writes a record.
func (l *Library) Save(r *Record) error {
	if err := os.MkdirAll(l.recordDir(), 0o777); err != nil {
		return err
	}
	data, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	return atomicfile.WriteFile(l.recordPath(r.Name), data, 0o666)
}

// RecordOf returns the record of a name, or a new one.
func (l *Library) RecordOf(name string) *Record {
	if r, _ := l.record(name); r != nil {
		return r
	}
	return &Record{Name: name}
}

// Touch records that a model is used now. It ignores errors.
func (l *Library) Touch(m *Model) {
	now := time.Now()
	if os.Chtimes(l.recordPath(m.Name), now, now) != nil {
		l.Save(l.RecordOf(m.Name))
	}
}

// URLPath returns the path for the file of a URL. URLs with different queries have different
// paths. The path contains only a hash of the query, because the query may hold a key.
func (l *Library) URLPath(r ref.Ref) string {
	host := strings.ReplaceAll(r.URL.Host, ":", "+")
	dir := filepath.Join(l.Places.Own, "url", host)
	if q := r.URL.RawQuery; q != "" {
		sum := sha256.Sum256([]byte(q))
		dir = filepath.Join(dir, "+"+hex.EncodeToString(sum[:6]))
	}
	return filepath.Join(dir, filepath.FromSlash(strings.TrimPrefix(r.URL.Path, "/")))
}

// readSmall returns the text of a file, at most its first MiB.
func readSmall(path string) string {
	f, err := os.Open(path)
	if err != nil {
		return ""
	}
	defer f.Close()
	data, _ := io.ReadAll(io.LimitReader(f, 1<<20))
	return string(data)
}
