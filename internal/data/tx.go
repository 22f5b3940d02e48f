package data

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// Tx is a transaction: all of its changes are made, or none.
type Tx struct {
	tx     *sql.Tx
	ctx    context.Context
	insert *sql.Stmt
	reject *sql.Stmt
	added  map[int64]int64 // number of rows added, by source
	next   map[int64]int64 // the next position by source

	bulk     bool
	after    int64 // after Bulk: the last id that the indexes have
	trigrams bool  // after Bulk: the database has an index of substrings, to which the rows are added
}

// Update calls change with a transaction and commits it, unless change returns an error, ctx
// is cancelled or the process ends. Only one transaction at a time can change a database;
// others wait.
func (db *DB) Update(ctx context.Context, change func(tx *Tx) error) error {
	if db.readOnly {
		return fmt.Errorf("data: %s: opened read-only", db.Path)
	}
	inner, err := db.sql.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("data: %s: %w", db.Path, told(err))
	}
	defer inner.Rollback()
	tx := &Tx{tx: inner, ctx: ctx, added: map[int64]int64{}, next: map[int64]int64{}}
	if err := change(tx); err != nil {
		return err
	}
	if err := tx.endBulk(); err != nil {
		return fmt.Errorf("data: %s: %w", db.Path, err)
	}
	for id, n := range tx.added {
		if _, err := inner.ExecContext(ctx, "update source set rows = rows + ? where id = ?", n, id); err != nil {
			return fmt.Errorf("data: %s: %w", db.Path, err)
		}
	}
	if err := inner.Commit(); err != nil {
		return fmt.Errorf("data: %s: %w", db.Path, err)
	}
	return nil
}

// Bulk makes adding many rows fast: one statement at the end of the transaction adds
// them to the index of words. With the trigger for single rows, every row would become a
// segment of the index, because at every savepoint FTS5 writes what it holds in memory.
func (tx *Tx) Bulk() error {
	if tx.bulk {
		return nil
	}
	var last sql.NullInt64
	if err := tx.QueryRow("select max(id) from example").Scan(&last); err != nil {
		return err
	}
	if err := tx.QueryRow(hasTrigrams).Scan(&tx.trigrams); err != nil {
		return err
	}
	tx.bulk, tx.after = true, last.Int64
	if tx.trigrams {
		if _, err := tx.Exec("drop trigger example_trigram_insert"); err != nil {
			return err
		}
	}
	_, err := tx.Exec("drop trigger example_insert")
	return err
}

func (tx *Tx) endBulk() error {
	if !tx.bulk {
		return nil
	}
	added := fmt.Sprintf(" where id > %d", tx.after)
	if err := tx.fill("example_fts", added); err != nil {
		return err
	}
	triggers := insertTrigger
	if tx.trigrams {
		if err := tx.fill("example_trigram", added); err != nil {
			return err
		}
		triggers += trigramInsert
	}
	_, err := tx.Exec(triggers)
	return err
}

// Exec runs a statement. query is this program's own text, never a user's.
func (tx *Tx) Exec(query string, args ...any) (sql.Result, error) {
	return tx.tx.ExecContext(tx.ctx, query, args...)
}

// Prepare prepares a statement to run often. query is this program's own text.
func (tx *Tx) Prepare(query string) (*sql.Stmt, error) { return tx.tx.PrepareContext(tx.ctx, query) }

// QueryRow runs a query that has one row. query is this program's own text.
func (tx *Tx) QueryRow(query string, args ...any) *sql.Row {
	return tx.tx.QueryRowContext(tx.ctx, query, args...)
}

// Query runs a query. query is this program's own text. The caller closes the rows before the
// next statement.
func (tx *Tx) Query(query string, args ...any) (*sql.Rows, error) {
	return tx.tx.QueryContext(tx.ctx, query, args...)
}

// SetMeta sets the value of a key of the table meta.
func (tx *Tx) SetMeta(key, value string) error {
	_, err := tx.Exec("insert or replace into meta values (?, ?)", key, value)
	return err
}

// AddSource adds a source and sets its ID. It changes a Name that is taken or invalid. A view
// of that name shows the source's rows: instruction, input, output and the other columns.
func (tx *Tx) AddSource(s *Source) error {
	name, err := tx.freeName(ViewName(s.Name))
	if err != nil {
		return err
	}
	s.Name = name
	if s.Imported.IsZero() {
		s.Imported = time.Now()
	}
	if s.Shape == "" {
		s.Shape = "{}"
	}
	var sum any
	if s.SHA256 != "" {
		sum = s.SHA256
	}
	res, err := tx.Exec("insert into source(name, path, sha256, format, licence, imported_at, note, shape) values (?, ?, ?, ?, ?, ?, ?, ?)",
		s.Name, s.Path, sum, s.Format, s.Licence, s.Imported.UTC().Format(time.RFC3339), s.Note, s.Shape)
	if err != nil {
		return err
	}
	if s.ID, err = res.LastInsertId(); err != nil {
		return err
	}
	_, err = tx.Exec(fmt.Sprintf(`create view "%s" as select id, pos, instruction, input, output, system, turns, category, extra, n_tokens
		from example where source_id = %d`, s.Name, s.ID))
	return err
}

// freeName returns name, with a number after it if a table has that name already.
func (tx *Tx) freeName(name string) (string, error) {
	free := name
	for i := 2; ; i++ {
		var n int
		err := tx.QueryRow("select count(*) from sqlite_schema where lower(name) = lower(?)", free).Scan(&n)
		if err != nil || n == 0 {
			return free, err
		}
		free = fmt.Sprintf("%s_%d", name, i)
	}
}

// ViewName turns text into a name for a table: letters, digits and underscores.
func ViewName(text string) string {
	name := strings.Map(func(c rune) rune {
		if unicode.IsLetter(c) || unicode.IsDigit(c) {
			return c
		}
		return '_'
	}, text)
	name = strings.Trim(name, "_")
	const most = 60
	if utf8.RuneCountInString(name) > most {
		name = string([]rune(name)[:most])
	}
	if name == "" || unicode.IsDigit(rune(name[0])) || strings.HasPrefix(strings.ToLower(name), "sqlite_") {
		name = "source_" + name
	}
	return strings.TrimSuffix(name, "_")
}

const insertRow = `insert into example(source_id, pos, instruction, input, output, system, turns, more, category, extra, raw, word, chars, n_tokens, hash)
	values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`

// Add adds a row to its source and sets its ID. A Pos of 0 becomes the position after the last
// row.
func (tx *Tx) Add(r *Row) (err error) {
	if err := r.check(); err != nil {
		return fmt.Errorf("data: row %d: %w", r.Pos, err)
	}
	if tx.insert == nil {
		if tx.insert, err = tx.tx.PrepareContext(tx.ctx, insertRow); err != nil {
			return err
		}
	}
	if r.Pos == 0 {
		if r.Pos, err = tx.nextPos(r.SourceID); err != nil {
			return err
		}
	}
	tx.next[r.SourceID] = max(tx.next[r.SourceID], r.Pos+1)
	var extra, raw, tokens any
	if r.Extra != nil {
		extra = string(r.Extra)
	}
	if r.Raw != nil {
		raw = r.Raw
	}
	if r.Tokens > 0 {
		tokens = r.Tokens
	}
	chars := utf8.RuneCountInString(r.Instruction) + utf8.RuneCountInString(r.Input) + utf8.RuneCountInString(r.Output)
	res, err := tx.insert.ExecContext(tx.ctx, r.SourceID, r.Pos, r.Instruction, r.Input, r.Output, r.System, r.turnsJSON(), r.more(), r.Category,
		extra, raw, FirstWord(r.Instruction), chars, tokens, r.hash())
	if err != nil {
		return err
	}
	tx.added[r.SourceID]++
	r.ID, err = res.LastInsertId()
	return err
}

// nextPos returns the position after the last row of a source.
func (tx *Tx) nextPos(source int64) (int64, error) {
	if next, ok := tx.next[source]; ok {
		return next, nil
	}
	var last sql.NullInt64
	err := tx.QueryRow("select max(pos) from example where source_id = ?", source).Scan(&last)
	return last.Int64 + 1, err
}

// Reject stores a part of a source that could not be read.
func (tx *Tx) Reject(r Rejected) (err error) {
	if tx.reject == nil {
		tx.reject, err = tx.tx.PrepareContext(tx.ctx, "insert into rejected(source_id, line, offset, error, raw) values (?, ?, ?, ?, ?)")
		if err != nil {
			return err
		}
	}
	_, err = tx.reject.ExecContext(tx.ctx, r.SourceID, r.Line, r.Offset, r.Error, r.Raw)
	return err
}

// busyError is SQLite's error for a database that another program has locked for too
// long.
type busyError struct{ error }

func (busyError) Error() string {
	return "another program is writing to it: try again when it has ended"
}
func (e busyError) Unwrap() error { return e.error }

// told returns err. If another program has locked the database, the message says so
// plainly.
func told(err error) error {
	if e, ok := errors.AsType[*sqlite.Error](err); ok && e.Code()&0xff == sqlite3.SQLITE_BUSY {
		return busyError{err}
	}
	return err
}
