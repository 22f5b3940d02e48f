package data

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

const sourceColumns = "id, name, path, coalesce(sha256, ''), format, licence, imported_at, rows, note, shape"

func scanSource(scan func(...any) error) (*Source, error) {
	var s Source
	var at string
	if err := scan(&s.ID, &s.Name, &s.Path, &s.SHA256, &s.Format, &s.Licence, &at, &s.Rows, &s.Note, &s.Shape); err != nil {
		return nil, err
	}
	s.Imported, _ = time.Parse(time.RFC3339, at)
	return &s, nil
}

// Sources returns all sources in the order of their ids.
func (db *DB) Sources(ctx context.Context) (list []*Source, err error) {
	rows, err := db.Query(ctx, "select "+sourceColumns+" from source order by id")
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		s, err := scanSource(rows.Scan)
		if err != nil {
			return nil, err
		}
		list = append(list, s)
	}
	return list, rows.Err()
}

// Source returns the source with the given name, or nil if there is none.
func (db *DB) Source(ctx context.Context, name string) (*Source, error) {
	s, err := scanSource(db.QueryRow(ctx, "select "+sourceColumns+" from source where name = ?", name).Scan)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	return s, err
}

// SourceOf returns the first source whose file has the given SHA-256, or nil if there is none.
func (tx *Tx) SourceOf(sha256 string) (*Source, error) {
	s, err := scanSource(tx.QueryRow("select "+sourceColumns+" from source where sha256 = ? order by id limit 1", sha256).Scan)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	return s, err
}

// RowColumns are the columns of the table example that ScanRow reads.
const RowColumns = "example.id, source_id, pos, instruction, input, output, system, turns, category, extra, raw, coalesce(n_tokens, 0)"

// ScanRow reads one row of a query that selects RowColumns.
func ScanRow(scan func(...any) error) (*Row, error) {
	var r Row
	var turns, extra sql.NullString
	if err := scan(&r.ID, &r.SourceID, &r.Pos, &r.Instruction, &r.Input, &r.Output, &r.System, &turns, &r.Category, &extra, &r.Raw, &r.Tokens); err != nil {
		return nil, err
	}
	if turns.Valid {
		if err := json.Unmarshal([]byte(turns.String), &r.Turns); err != nil {
			return nil, fmt.Errorf("data: turns of row %d: %w", r.ID, err)
		}
	}
	if extra.Valid {
		r.Extra = json.RawMessage(extra.String)
	}
	return &r, nil
}

// Rows calls the function each with every row of a source, in order. It ends at the first
// error of that function. A source of 0 stands for all sources.
func (db *DB) Rows(ctx context.Context, source int64, each func(*Row) error) error {
	where, args := "", []any(nil)
	if source != 0 {
		where, args = " where source_id = ?", []any{source}
	}
	rows, err := db.Query(ctx, "select "+RowColumns+" from example"+where+" order by source_id, pos", args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		r, err := ScanRow(rows.Scan)
		if err != nil {
			return err
		}
		if err := each(r); err != nil {
			return err
		}
	}
	return rows.Err()
}

// Row returns the row with the given id, or nil if there is none.
func (db *DB) Row(ctx context.Context, id int64) (*Row, error) {
	r, err := ScanRow(db.QueryRow(ctx, "select "+RowColumns+" from example where id = ?", id).Scan)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	return r, err
}
