package formats

import (
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"

	"alpaca/internal/data"
)

// Options say how a file is imported.
type Options struct {
	Name    string // the name of the source; "": the file's name without its extension
	Licence string
	Note    string
	Again   bool // import the file even if it was imported before
	Strict  bool // the first row that cannot be read ends the import
	// Substring adds the index of substrings to the database.
	Substring bool
	Progress  func(rows, bad int) // may be nil
}

// Result describes an import.
type Result struct {
	Source *data.Source
	Rows   int
	Bad    int // rows that could not be read; the table "rejected" has them
	First  *Problem
	Notes  Notes
	Shape  Shape
}

// ImportedError is the error for a file that was imported before.
type ImportedError struct {
	Path   string
	Source *data.Source
}

func (e *ImportedError) Error() string {
	return fmt.Sprintf("%s: imported before, on %s as %s with %d rows", e.Path, e.Source.Imported.Local().Format("2006-01-02 15:04"), e.Source.Name, e.Source.Rows)
}

// Import reads the file at path into db. If it fails, it adds nothing.
func Import(ctx context.Context, db *data.DB, path string, opt Options) (*Result, error) {
	f, err := Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	res := &Result{}
	err = db.Update(ctx, func(tx *data.Tx) error {
		if !opt.Again {
			if before, err := tx.SourceOf(f.SHA256); err != nil {
				return err
			} else if before != nil {
				return &ImportedError{path, before}
			}
		}
		if err := res.fill(ctx, tx, f, opt); err != nil || !opt.Substring {
			return err
		}
		return tx.IndexSubstrings()
	})
	if err != nil {
		return nil, err
	}
	return res, nil
}

// fill imports f within a transaction.
func (res *Result) fill(ctx context.Context, tx *data.Tx, f *File, opt Options) error {
	name := opt.Name
	if name == "" {
		base := filepath.Base(f.Path)
		name = strings.TrimSuffix(base, filepath.Ext(base))
	}
	s := &data.Source{Name: name, Path: f.Path, SHA256: f.SHA256, Licence: opt.Licence, Note: opt.Note}
	if abs, err := filepath.Abs(f.Path); err == nil {
		s.Path = abs
	}
	if err := tx.AddSource(s); err != nil {
		return err
	}
	if err := tx.Bulk(); err != nil {
		return err
	}
	err := f.Read(Reader{
		Row: func(r *data.Row) error {
			r.SourceID = s.ID
			if err := tx.Add(r); err != nil {
				return err
			}
			res.Rows++
			if res.Rows%256 == 0 {
				if opt.Progress != nil {
					opt.Progress(res.Rows, res.Bad)
				}
				return ctx.Err()
			}
			return nil
		},
		Bad: func(p Problem) error {
			if res.First == nil {
				res.First = &p
			}
			if opt.Strict {
				return p
			}
			res.Bad++
			return tx.Reject(data.Rejected{SourceID: s.ID, Line: p.Line, Offset: p.Offset, Error: p.Err, Raw: p.Raw})
		},
	})
	switch {
	case err != nil:
		return fmt.Errorf("data: %s: %w", f.Path, err)
	case res.Rows == 0 && res.First != nil:
		return fmt.Errorf("data: %s: no row can be read: %w", f.Path, *res.First)
	case res.Rows == 0:
		return fmt.Errorf("data: %s: has no rows", f.Path)
	}
	shape, err := json.Marshal(f.Shape)
	if err != nil {
		return err
	}
	s.Format, s.Shape, s.Rows = f.Format.Name, string(shape), int64(res.Rows)
	res.Source, res.Notes, res.Shape = s, f.Notes, f.Shape
	_, err = tx.Exec("update source set format = ?, shape = ? where id = ?", s.Format, s.Shape, s.ID)
	return err
}
