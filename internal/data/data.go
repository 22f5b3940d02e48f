// Package data keeps instructions, answers and conversations in one SQLite file. The file also has
// the source and the position of each row, the rows that could not be read, and a full-text index.
// The driver is a translation of SQLite to Go, so the program needs no C. Rows are added in
// transactions, so an interruption leaves the database unchanged.
package data

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"

	"modernc.org/sqlite" // also registers the driver "sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// DB is a database of examples. Several goroutines may use it.
type DB struct {
	Path     string
	sql      *sql.DB
	readOnly bool
}

// ErrNotOurs is the error for a file that is not a database of this program.
var ErrNotOurs = errors.New("not a database of alpaca data")

// Open opens the database at path to add rows to it. It creates the file if it does not
// exist or is empty.
func Open(ctx context.Context, path string) (*DB, error) {
	st, err := os.Stat(path)
	isNew := errors.Is(err, fs.ErrNotExist) || err == nil && st.Mode().IsRegular() && st.Size() == 0
	if !isNew {
		if err := checkHeader(path); err != nil {
			return nil, err
		}
	} else if _, err := os.Stat(filepath.Dir(path)); err != nil {
		return nil, fmt.Errorf("data: %s: %w", path, err)
	}
	if isNew {
		// A new file is first made without a write-ahead log. With such a log, the file would have
		// no application id until the log is written back. Until then other processes would refuse
		// the file, and so would this program after a crash.
		db, err := openToWrite(ctx, path, nil)
		if err != nil {
			return nil, err
		}
		if err := db.sql.Close(); err != nil {
			return nil, fmt.Errorf("data: %s: %w", path, err)
		}
	}
	return openToWrite(ctx, path, []string{"WAL"})
}

// openToWrite opens a database and makes its tables if it has none. journal is the
// journal mode; nil keeps the file's mode.
func openToWrite(ctx context.Context, path string, journal []string) (*DB, error) {
	db, err := open(path, url.Values{
		"_busy_timeout": {"10000"}, "_foreign_keys": {"on"}, "_journal_mode": journal, "_synchronous": {"FULL"}, "_txlock": {"immediate"},
		"_pragma": {"cell_size_check(1)", "cache_size(-8000)", "temp_store(memory)", "trusted_schema(0)"},
	})
	if err != nil {
		return nil, err
	}
	if err := db.prepare(ctx); err != nil {
		db.sql.Close()
		return nil, fmt.Errorf("data: %s: %w", path, told(err))
	}
	return db, nil
}

// OpenReadOnly opens an existing database for reading only. If a crash left an unfinished
// transaction in the file's journal, OpenReadOnly first undoes the transaction. For this, it must
// be able to write.
func OpenReadOnly(ctx context.Context, path string) (*DB, error) {
	if err := checkHeader(path); err != nil {
		return nil, err
	}
	db, err := openToRead(ctx, path)
	if !isUnfinished(err) {
		return db, err
	}
	if undoErr := undo(ctx, path); undoErr != nil {
		return nil, fmt.Errorf("data: %s: a crash left an unfinished transaction, which cannot be undone: %w", path, undoErr)
	}
	return openToRead(ctx, path)
}

// openToRead does what OpenReadOnly does, for a file without an unfinished transaction.
func openToRead(ctx context.Context, path string) (*DB, error) {
	db, err := open(path, ReadOnly)
	if err != nil {
		return nil, err
	}
	db.readOnly = true
	if err := db.checkVersion(ctx); err != nil {
		db.sql.Close()
		return nil, fmt.Errorf("data: %s: %w", path, err)
	}
	return db, nil
}

// isUnfinished reports whether err says that the journal has a transaction that a read-only
// connection cannot undo.
func isUnfinished(err error) bool {
	e, ok := errors.AsType[*sqlite.Error](err)
	return ok && (e.Code() == sqlite3.SQLITE_READONLY_ROLLBACK || e.Code() == sqlite3.SQLITE_READONLY_RECOVERY)
}

// undo undoes the unfinished transaction in the journal of the database at path. SQLite does this
// when a connection that may write reads from the database for the first time.
func undo(ctx context.Context, path string) error {
	db, err := open(path, url.Values{"mode": {"rw"}, "_busy_timeout": {"10000"}})
	if err != nil {
		return err
	}
	_, err = db.sql.ExecContext(ctx, "select count(*) from sqlite_schema")
	return errors.Join(err, db.sql.Close())
}

// ReadOnly are the parameters of read-only connections.
var ReadOnly = url.Values{
	"mode": {"ro"}, "_busy_timeout": {"10000"}, "_query_only": {"on"}, "_defensive": {"1"}, "_dqs": {"0"},
	"_pragma": {"cell_size_check(1)", "cache_size(-8000)", "temp_store(memory)", "trusted_schema(0)"},
}

// Address returns the URI by which the driver opens the file at path.
func Address(path string, params url.Values) string {
	return (&url.URL{Scheme: "file", Opaque: (&url.URL{Path: path}).EscapedPath(), RawQuery: params.Encode()}).String()
}

func open(path string, params url.Values) (*DB, error) {
	db, err := sql.Open("sqlite", Address(path, params))
	if err != nil {
		return nil, fmt.Errorf("data: %s: %w", path, err)
	}
	db.SetMaxOpenConns(8)
	db.SetMaxIdleConns(8)
	return &DB{Path: path, sql: db}, nil
}

// checkHeader returns an error unless the file at path has the header of a database of this
// program. It reads the file directly, so that SQLite never opens a foreign file.
func checkHeader(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("data: %w", err)
	}
	defer f.Close()
	const idAt = 68 // offset of the application id: https://www.sqlite.org/fileformat2.html
	head := make([]byte, idAt+4)
	if n, _ := f.ReadAt(head, 0); n < len(head) || string(head[:16]) != "SQLite format 3\x00" {
		return fmt.Errorf("data: %s: %w: it does not begin as SQLite's files do", path, ErrNotOurs)
	}
	id := uint32(head[idAt])<<24 | uint32(head[idAt+1])<<16 | uint32(head[idAt+2])<<8 | uint32(head[idAt+3])
	if id != applicationID {
		return fmt.Errorf("data: %s: %w: it is a SQLite file with the application id %#x, but databases of this program have %#x", path, ErrNotOurs, id, uint32(applicationID))
	}
	return nil
}

// Check reads the whole file and returns an error if its pages are damaged.
func (db *DB) Check(ctx context.Context) error {
	var result string
	if err := db.sql.QueryRowContext(ctx, "pragma quick_check(1)").Scan(&result); err != nil {
		return fmt.Errorf("data: %s: %w", db.Path, err)
	}
	if result != "ok" {
		return fmt.Errorf("data: %s: damaged: %s", db.Path, result)
	}
	return nil
}

// Close closes the database. If no other process has it open, Close merges the write-ahead
// log into the file. The single file that remains can be read even in a read-only folder.
func (db *DB) Close() error {
	if !db.readOnly {
		db.sql.SetMaxIdleConns(1)
		db.sql.SetMaxOpenConns(1)
		ctx := context.Background()
		// These statements fail while another process reads.
		// That does no harm: a later Close tries again.
		db.sql.ExecContext(ctx, "pragma optimize")
		db.sql.ExecContext(ctx, "pragma busy_timeout = 100")
		db.sql.ExecContext(ctx, "pragma journal_mode = delete")
	}
	return db.sql.Close()
}

// Query runs a query. query is this program's own text; package query runs users'
// queries.
func (db *DB) Query(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	return db.sql.QueryContext(ctx, query, args...)
}

// QueryRow runs a query that has one row. query is this program's own text.
func (db *DB) QueryRow(ctx context.Context, query string, args ...any) *sql.Row {
	return db.sql.QueryRowContext(ctx, query, args...)
}

// IsInterrupted reports whether SQLite ended a statement because its context was done.
func IsInterrupted(err error) bool {
	e, ok := errors.AsType[*sqlite.Error](err)
	return ok && e.Code()&0xff == sqlite3.SQLITE_INTERRUPT
}

// IsLogicError reports whether SQLite found a mistake in a statement, or in the text of a
// full-text query.
func IsLogicError(err error) bool {
	e, ok := errors.AsType[*sqlite.Error](err)
	return ok && e.Code()&0xff == sqlite3.SQLITE_ERROR
}
