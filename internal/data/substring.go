package data

import (
	"context"
	"fmt"
)

// The index of words cannot find a text inside a word. The index example_trigram can do this: it
// has every sequence of three characters in the texts. It is more than three times as large as the
// texts, so a database has it only after "import --substring".

// trigramInsert adds each new row to the index of substrings.
const trigramInsert = `
create trigger example_trigram_insert after insert on example begin
	insert into example_trigram(rowid, instruction, input, output, more) values (new.id, new.instruction, new.input, new.output, new.more);
end;
`

// trigramSchema creates the index of substrings, with triggers like those of example_fts.
const trigramSchema = `
create virtual table example_trigram using fts5(
	instruction, input, output, more, content='example', content_rowid='id', tokenize='trigram');
create trigger example_trigram_delete after delete on example begin
	insert into example_trigram(example_trigram, rowid, instruction, input, output, more)
	values ('delete', old.id, old.instruction, old.input, old.output, old.more);
end;
create trigger example_trigram_update after update of instruction, input, output, more on example begin
	insert into example_trigram(example_trigram, rowid, instruction, input, output, more)
	values ('delete', old.id, old.instruction, old.input, old.output, old.more);
	insert into example_trigram(rowid, instruction, input, output, more) values (new.id, new.instruction, new.input, new.output, new.more);
end;
` + trigramInsert

const hasTrigrams = "select count(*) from sqlite_schema where name = 'example_trigram'"

// HasSubstrings reports whether the database has the index of substrings, the table
// example_trigram.
func (db *DB) HasSubstrings(ctx context.Context) (has bool, err error) {
	err = db.QueryRow(ctx, hasTrigrams).Scan(&has)
	return has, err
}

// IndexSubstrings adds the index of substrings, unless the database already has it. If Bulk was
// called, call IndexSubstrings after adding the rows.
func (tx *Tx) IndexSubstrings() error {
	var has bool
	if err := tx.QueryRow(hasTrigrams).Scan(&has); err != nil || has {
		return err
	}
	if _, err := tx.Exec(trigramSchema); err != nil {
		return err
	}
	return tx.fill("example_trigram", "")
}

// fill adds the rows of example that meet a condition to an index. Meanwhile FTS5 may
// hold 4 MiB in memory, so that it writes larger segments, and has fewer to merge.
func (tx *Tx) fill(index, where string) error {
	const setSize = "insert into %s(%[1]s, rank) values ('hashsize', %d)"
	for _, statement := range []string{
		fmt.Sprintf(setSize, index, 4<<20),
		fmt.Sprintf("insert into %s(rowid, instruction, input, output, more) select id, instruction, input, output, more from example%s", index, where),
		fmt.Sprintf(setSize, index, 1<<20), // the default
	} {
		if _, err := tx.Exec(statement); err != nil {
			return err
		}
	}
	return nil
}
