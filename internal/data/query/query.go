// Package query runs SQL that users and strangers write. A statement can only read the tables of
// one database: SQLite asks an authorizer about every action of a statement. Time, rows, bytes
// of the answer and memory are limited. No other package uses the connections of this one.
package query

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"alpaca/internal/data"
)

// Limits bound a query.
type Limits struct {
	Time  time.Duration
	Rows  int   // 0: no limit
	Bytes int64 // bytes of the answer; 0: no limit
}

// Usual are the limits for a page of results.
var Usual = Limits{Time: time.Second, Rows: 1000, Bytes: 8 << 20}

// Pool runs queries on a database, two at a time.
type Pool struct {
	db   *sql.DB
	slot chan struct{}
}

// Open returns a pool for the database at path. It does not check the file.
// The caller must do this first, by opening the file with package data.
func Open(path string) (*Pool, error) {
	connector, err := sqlite.NewConnector(data.Address(path, data.ReadOnly))
	if err != nil {
		return nil, err
	}
	const atOnce = 2
	db := sql.OpenDB(connector)
	db.SetMaxOpenConns(atOnce)
	return &Pool{db: db, slot: make(chan struct{}, atOnce)}, nil
}

// Close closes the pool.
func (p *Pool) Close() error { return p.db.Close() }

// limits are limits that SQLite enforces:
// https://www.sqlite.org/c3ref/c_limit_attached.html
var limits = map[int]int{
	sqlite3.SQLITE_LIMIT_LENGTH:              10 << 20,
	sqlite3.SQLITE_LIMIT_SQL_LENGTH:          100 << 10,
	sqlite3.SQLITE_LIMIT_ATTACHED:            0,
	sqlite3.SQLITE_LIMIT_COLUMN:              200,
	sqlite3.SQLITE_LIMIT_EXPR_DEPTH:          100,
	sqlite3.SQLITE_LIMIT_COMPOUND_SELECT:     50,
	sqlite3.SQLITE_LIMIT_VDBE_OP:             100_000,
	sqlite3.SQLITE_LIMIT_FUNCTION_ARG:        16,
	sqlite3.SQLITE_LIMIT_LIKE_PATTERN_LENGTH: 1000,
	sqlite3.SQLITE_LIMIT_TRIGGER_DEPTH:       0,
	sqlite3.SQLITE_LIMIT_WORKER_THREADS:      0,
}

// conn returns a read-only connection with the limits and the authorizer.
func (p *Pool) conn(ctx context.Context) (*sql.Conn, error) {
	c, err := p.db.Conn(ctx)
	if err != nil {
		return nil, err
	}
	for id, n := range limits {
		if _, err := sqlite.Limit(c, id, n); err != nil {
			c.Close()
			return nil, err
		}
	}
	err = c.Raw(func(driver any) error {
		r, ok := driver.(sqlite.AuthorizerRegisterer)
		if !ok {
			return errors.New("the driver has no authorizer")
		}
		return r.RegisterAuthorizer(authorize)
	})
	if err != nil {
		c.Close()
		return nil, err
	}
	return c, nil
}

var (
	deniedTables    = []string{"sqlite_dbpage", "dbstat", "sqlite_stmt", "bytecode", "tables_used", "fts5vocab"}
	deniedFunctions = []string{"load_extension", "readfile", "writefile", "edit", "fts3_tokenizer", "sqlite_log", "eval"}
)

// authorize allows the actions that reading needs.
func authorize(action sqlite.AuthorizerActionCode, arg1, arg2, _, _ string) sqlite.AuthorizerReturnCode {
	ok := false
	switch action {
	case sqlite.AuthSelect, sqlite.AuthRecursive:
		ok = true
	case sqlite.AuthRead:
		ok = !slices.Contains(deniedTables, strings.ToLower(arg1))
	case sqlite.AuthFunction:
		ok = !slices.Contains(deniedFunctions, strings.ToLower(arg2))
	case sqlite.AuthPragma:
		ok = strings.EqualFold(arg1, "data_version") && arg2 == "" // FTS5 needs it
	}
	if ok {
		return sqlite.AuthorizerOK
	}
	return sqlite.AuthorizerDeny
}

// Result is the answer to a query.
type Result struct {
	Columns   []string
	Rows      [][]any // nil, int64, float64, string or []byte
	Truncated bool    // there are more rows, or bytes, than the limits allow
	Took      time.Duration
}

// Run runs a statement. params are the values of its named parameters.
func (p *Pool) Run(ctx context.Context, text string, params map[string]string, lim Limits) (*Result, error) {
	start := time.Now()
	res := &Result{Rows: [][]any{}}
	var size int64
	err := p.Stream(ctx, text, params, lim.Time, func(columns []string) error {
		res.Columns = columns
		return nil
	}, func(row []any) error {
		for _, v := range row {
			size += sizeOf(v)
		}
		if lim.Rows > 0 && len(res.Rows) == lim.Rows || lim.Bytes > 0 && size > lim.Bytes {
			res.Truncated = true
			return errEnough
		}
		res.Rows = append(res.Rows, slices.Clone(row))
		return nil
	})
	res.Took = time.Since(start)
	if err != nil && err != errEnough {
		return nil, err
	}
	return res, nil
}

var errEnough = errors.New("enough rows")

// sizeOf estimates the bytes of a value in an answer.
func sizeOf(v any) int64 {
	const number = 8
	switch v := v.(type) {
	case string:
		return int64(len(v)) + number
	case []byte:
		return int64(len(v)) + number
	}
	return number
}

// Stream runs a statement. It calls the function head with the columns, then the
// function each with every row. each must not keep its slice, which the next row reuses.
// limit is the longest time from one row to the next, including the call of each.
func (p *Pool) Stream(ctx context.Context, text string, params map[string]string, limit time.Duration, head func([]string) error, each func([]any) error) error {
	st, err := Parse(text)
	if err != nil {
		return err
	}
	select {
	case p.slot <- struct{}{}:
		defer func() { <-p.slot }()
	case <-ctx.Done():
		return ctx.Err()
	}
	guard := newGuard(ctx, limit)
	defer guard.stop()
	c, err := p.conn(guard.ctx)
	if err != nil {
		return guard.explain(err)
	}
	defer c.Close()
	rows, columns, err := st.run(guard.ctx, c, params)
	if err != nil {
		return guard.explain(err)
	}
	defer rows.Close()
	if err := head(columns); err != nil {
		return err
	}
	values, targets := make([]any, len(columns)), make([]any, len(columns))
	for i := range values {
		targets[i] = &values[i]
	}
	for rows.Next() {
		if err := rows.Scan(targets...); err != nil {
			return guard.explain(err)
		}
		if err := each(values); err != nil {
			return err
		}
		guard.restart()
	}
	return guard.explain(rows.Err())
}

// run runs the statement on a connection. The caller closes the rows.
func (s *Statement) run(ctx context.Context, c *sql.Conn, params map[string]string) (rows *sql.Rows, columns []string, err error) {
	text := s.SQL
	for {
		if rows, err = c.QueryContext(ctx, text, s.args(params)...); err != nil {
			return nil, nil, err
		}
		if columns, err = rows.Columns(); err != nil {
			rows.Close()
			return nil, nil, err
		}
		if text != s.SQL || !hasTimes(rows) {
			return rows, columns, nil
		}
		rows.Close()
		text = s.asTexts(columns)
	}
}

// hasTimes reports whether a column is declared as a date or time. The driver turns the texts of
// such a column into times, so that "2026-12-01" would become a different text.
func hasTimes(rows *sql.Rows) bool {
	types, err := rows.ColumnTypes()
	if err != nil {
		return false
	}
	return slices.ContainsFunc(types, func(t *sql.ColumnType) bool {
		return slices.Contains([]string{"DATE", "DATETIME", "TIME", "TIMESTAMP"}, strings.ToUpper(t.DatabaseTypeName()))
	})
}

// Error says in one line what is wrong with a statement, or why it was ended.
type Error struct {
	Message string
	Timeout bool
}

func (e *Error) Error() string { return e.Message }

func errorf(format string, args ...any) error { return &Error{Message: fmt.Sprintf(format, args...)} }
