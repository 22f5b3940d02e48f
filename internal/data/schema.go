package data

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
)

// applicationID is the application id in the header of our databases: "alpa".
const applicationID = 0x616c7061

// schemaVersion is the version of the tables below.
const schemaVersion = 1

// insertTrigger adds each new row to the index of words.
const insertTrigger = `
create trigger example_insert after insert on example begin
	insert into example_fts(rowid, instruction, input, output, more) values (new.id, new.instruction, new.input, new.output, new.more);
end;
`

// schema creates the tables.
//
//	source    a file, or a run that generated rows. shape is JSON: how to write the file, or the run's settings
//	example   a row. turns is JSON [{"role","content"}] of a conversation that is not just one pair; more is its
//	          text besides the first question and the last answer. extra is a JSON object of the other keys.
//	          raw is Row.Raw: what the other columns lack to write the row again.
//	          word is the first word of instruction, chars the length of instruction, input and output.
//	          Short columns come first, so that a scan of them need not read the pages of long ones
//	rejected  a row that could not be read, with the reason
//	lint      a finding of a rule about a row
//
// The index of words has no texts of its own: it reads the table example. When a row
// changes, the triggers must pass its old values to the index. Otherwise the index would
// silently become wrong.
const schema = `
create table meta(key text primary key, value text not null) without rowid;
create table source(
	id integer primary key, name text not null unique, path text not null default '', sha256 text,
	format text not null, licence text not null default '', imported_at text not null,
	rows integer not null default 0, note text not null default '', shape text not null default '{}');
create index source_sha256 on source(sha256);
create table example(
	id integer primary key, source_id integer not null references source(id), pos integer not null,
	category text not null default '', word text not null default '', chars integer not null default 0, n_tokens integer, hash blob,
	instruction text not null, input text not null, output text not null, system text not null default '',
	turns text, more text not null default '', extra text, raw blob);
create unique index example_source on example(source_id, pos);
create virtual table example_fts using fts5(
	instruction, input, output, more, content='example', content_rowid='id', tokenize="unicode61 remove_diacritics 2");
` + insertTrigger + `create trigger example_delete after delete on example begin
	insert into example_fts(example_fts, rowid, instruction, input, output, more)
	values ('delete', old.id, old.instruction, old.input, old.output, old.more);
end;
create trigger example_update after update of instruction, input, output, more on example begin
	insert into example_fts(example_fts, rowid, instruction, input, output, more)
	values ('delete', old.id, old.instruction, old.input, old.output, old.more);
	insert into example_fts(rowid, instruction, input, output, more) values (new.id, new.instruction, new.input, new.output, new.more);
end;
create table rejected(
	id integer primary key, source_id integer not null references source(id),
	line integer not null, offset integer not null, error text not null, raw blob);
create index rejected_source on rejected(source_id);
create table lint(row_id integer not null references example(id), rule text not null, detail text not null default '');
create index lint_row on lint(row_id);
create index lint_rule on lint(rule, row_id);
create table tag(row_id integer not null references example(id), tag text not null, primary key(row_id, tag)) without rowid;
`

// prepare makes the tables of a new file, or checks the version of existing ones.
func (db *DB) prepare(ctx context.Context) error {
	const mark = "pragma application_id"
	var id int64
	// There is no transaction here, because one would wait while another program writes to the file.
	if err := db.QueryRow(ctx, mark).Scan(&id); err != nil {
		return err
	}
	if id == applicationID {
		return db.checkVersion(ctx)
	}
	tx, err := db.sql.BeginTx(ctx, nil) // _txlock is "immediate", so no other process can make the tables meanwhile
	if err != nil {
		return err
	}
	defer tx.Rollback()
	if err := tx.QueryRowContext(ctx, mark).Scan(&id); err != nil {
		return err
	}
	if id == applicationID {
		tx.Rollback()
		return db.checkVersion(ctx)
	}
	for _, statement := range []string{
		schema,
		"insert into meta values ('schema', '" + strconv.Itoa(schemaVersion) + "')",
		fmt.Sprintf("pragma application_id = %d", applicationID),
	} {
		if _, err := tx.ExecContext(ctx, statement); err != nil {
			return err
		}
	}
	return tx.Commit()
}

// checkVersion returns an error if this program does not know the version of the tables.
func (db *DB) checkVersion(ctx context.Context) error {
	text, err := db.Meta(ctx, "schema")
	if err != nil {
		return fmt.Errorf("%w: %w", ErrNotOurs, err)
	}
	switch version, err := strconv.Atoi(text); {
	case err != nil || version < 1:
		return fmt.Errorf("%w: meta says schema %q", ErrNotOurs, text)
	case version > schemaVersion:
		return fmt.Errorf("schema %d: this program knows only schemas up to %d: a newer version of the program may read the file", version, schemaVersion)
	}
	return nil
}

// Meta returns the value of a key in the table "meta", or "" if the table does not have the key.
func (db *DB) Meta(ctx context.Context, key string) (value string, err error) {
	err = db.QueryRow(ctx, "select value from meta where key = ?", key).Scan(&value)
	if errors.Is(err, sql.ErrNoRows) {
		err = nil
	}
	return value, err
}
