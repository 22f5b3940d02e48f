package data

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"net/url"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// testDB returns an empty database.
func testDB(t *testing.T) *DB {
	t.Helper()
	db, err := Open(context.Background(), filepath.Join(t.TempDir(), "data.db"))
	require.NoError(t, err)
	t.Cleanup(func() { db.Close() })
	return db
}

// fill adds a source with rows.
func fill(t *testing.T, db *DB, name string, rows ...*Row) *Source {
	t.Helper()
	s := &Source{Name: name, Format: "alpaca"}
	require.NoError(t, db.Update(context.Background(), func(tx *Tx) error {
		if err := tx.AddSource(s); err != nil {
			return err
		}
		for _, r := range rows {
			r.SourceID = s.ID
			if err := tx.Add(r); err != nil {
				return err
			}
		}
		return nil
	}))
	return s
}

func TestRows(t *testing.T) {
	ctx := context.Background()
	db := testDB(t)
	want := []*Row{
		{Instruction: "Name a bird.", Output: "A penguin.", Category: "open", Extra: json.RawMessage(`{"a":1}`), Tokens: 7},
		{Instruction: "Hi", Output: "Bye", System: "Be kind.", Turns: []Message{{"user", "Hi"}, {"assistant", "Yes <b>?"}, {"user", "é"}, {"assistant", "Bye"}}, Raw: []byte(`["x"]`)},
	}
	s := fill(t, db, "my file", want...)
	require.Equal(t, "my_file", s.Name)
	var got []*Row
	require.NoError(t, db.Rows(ctx, s.ID, func(r *Row) error { got = append(got, r); return nil }))
	require.Equal(t, want, got)
	require.Equal(t, []int64{1, 2}, []int64{got[0].Pos, got[1].Pos})
	again, err := db.Source(ctx, "my_file")
	require.NoError(t, err)
	require.EqualValues(t, 2, again.Rows)
	// The view has the rows, and the index has the words of all turns.
	var n int
	require.NoError(t, db.QueryRow(ctx, "select count(*) from my_file where instruction || ' ' || input || ' ' || output like '%' || ? || '%'", "engui").Scan(&n))
	require.Equal(t, 1, n)
	require.NoError(t, db.QueryRow(ctx, "select rowid from example_fts where example_fts match 'e yes'").Scan(&n)) // the word "e" finds "é"
	require.Equal(t, 2, n)
}

func TestUpdateIsWhole(t *testing.T) {
	ctx := context.Background()
	db := testDB(t)
	fill(t, db, "a", &Row{Instruction: "x", Output: "y"})
	stop := errors.New("stop")
	require.ErrorIs(t, db.Update(ctx, func(tx *Tx) error {
		s := &Source{Name: "b", Format: "alpaca"}
		require.NoError(t, tx.AddSource(s))
		require.NoError(t, tx.Add(&Row{SourceID: s.ID, Instruction: "new", Output: "y"}))
		require.NoError(t, tx.Reject(Rejected{SourceID: s.ID, Error: "x"}))
		return stop
	}), stop)
	for table, want := range map[string]int{"source": 1, "example": 1, "rejected": 0} {
		var n int
		require.NoError(t, db.QueryRow(ctx, "select count(*) from "+table).Scan(&n))
		require.Equal(t, want, n, table)
	}
	s, err := db.Source(ctx, "b")
	require.NoError(t, err)
	require.Nil(t, s)
}

// TestIndexFollows checks that the full-text index stays correct when rows change or are deleted.
func TestIndexFollows(t *testing.T) {
	ctx := context.Background()
	db := testDB(t)
	s := fill(t, db, "a", &Row{Instruction: "old words", Output: "y"}, &Row{Instruction: "others", Output: "y"})
	require.NoError(t, db.Update(ctx, func(tx *Tx) error {
		if _, err := tx.Exec("update example set instruction = 'new words' where pos = 1"); err != nil {
			return err
		}
		_, err := tx.Exec("delete from example where pos = 2 and source_id = ?", s.ID)
		return err
	}))
	for word, want := range map[string]int{"old": 0, "new": 1, "words": 1, "others": 0} {
		var n int
		require.NoError(t, db.QueryRow(ctx, "select count(*) from example_fts where example_fts match ?", word).Scan(&n))
		require.Equal(t, want, n, word)
	}
	require.NoError(t, db.Update(ctx, func(tx *Tx) error {
		_, err := tx.Exec("insert into example_fts(example_fts, rank) values ('integrity-check', 1)")
		return err
	}))
	require.NoError(t, db.Check(ctx))
}

// TestSubstrings checks the index of substrings for rows that are older than the index, for rows
// that are added later (one by one or in bulk), and for rows that change or are deleted.
func TestSubstrings(t *testing.T) {
	ctx := context.Background()
	db := testDB(t)
	fill(t, db, "a", &Row{Instruction: "a penguin", Output: "y"}, &Row{Instruction: "gone", Output: "y"})
	has, err := db.HasSubstrings(ctx)
	require.NoError(t, err)
	require.False(t, has)
	for range 2 { // the second time changes nothing
		require.NoError(t, db.Update(ctx, (*Tx).IndexSubstrings))
	}
	has, err = db.HasSubstrings(ctx)
	require.NoError(t, err)
	require.True(t, has)
	s := fill(t, db, "b", &Row{Instruction: "old text", Output: "企鹅喜欢鱼"})
	require.NoError(t, db.Update(ctx, func(tx *Tx) error {
		require.NoError(t, tx.Bulk())
		return tx.Add(&Row{SourceID: s.ID, Instruction: "in bulk: linguistics", Output: "y"})
	}))
	fill(t, db, "c", &Row{Instruction: "after bulk", Output: "y"})
	require.NoError(t, db.Update(ctx, func(tx *Tx) error {
		if _, err := tx.Exec("update example set instruction = 'new text' where instruction = 'old text'"); err != nil {
			return err
		}
		_, err := tx.Exec("delete from example where instruction = 'gone'")
		return err
	}))
	for text, want := range map[string]int{"engui": 1, "ngui": 2, "old": 0, "new t": 1, "gone": 0, "鹅喜欢": 1, "r bul": 1} {
		var n int
		require.NoError(t, db.QueryRow(ctx, "select count(*) from example_trigram where example_trigram match ?", `"`+text+`"`).Scan(&n))
		require.Equal(t, want, n, text)
	}
	require.NoError(t, db.Update(ctx, func(tx *Tx) error {
		for _, index := range []string{"example_trigram", "example_fts"} {
			if _, err := tx.Exec("insert into " + index + "(" + index + ", rank) values ('integrity-check', 1)"); err != nil {
				return err
			}
		}
		return nil
	}))
	require.NoError(t, db.Check(ctx))
}

func TestRefusesRows(t *testing.T) {
	db := testDB(t)
	s := fill(t, db, "a")
	for name, tt := range map[string]struct {
		row  Row
		want string
	}{
		"NUL":   {Row{Output: "a\x00b"}, "NUL byte"},
		"UTF-8": {Row{Input: "a\xffb"}, "input: not UTF-8"},
		"extra": {Row{Extra: json.RawMessage(`[1]`)}, "not a JSON object"},
	} {
		t.Run(name, func(t *testing.T) {
			tt.row.SourceID = s.ID
			err := db.Update(context.Background(), func(tx *Tx) error { return tx.Add(&tt.row) })
			require.ErrorContains(t, err, tt.want)
		})
	}
}

// TestOneFile checks that a closed database is a single file, and that a read-only database
// cannot be written.
func TestOneFile(t *testing.T) {
	ctx := context.Background()
	path := filepath.Join(t.TempDir(), "data.db")
	db, err := Open(ctx, path)
	require.NoError(t, err)
	fill(t, db, "a", &Row{Instruction: "x", Output: "y"})
	require.NoError(t, db.Close())
	list, err := os.ReadDir(filepath.Dir(path))
	require.NoError(t, err)
	require.Len(t, list, 1)
	db, err = OpenReadOnly(ctx, path)
	require.NoError(t, err)
	defer db.Close()
	require.ErrorContains(t, db.Update(ctx, func(*Tx) error { return nil }), "opened read-only")
	_, err = db.sql.Exec("delete from example")
	require.ErrorContains(t, err, "readonly")
}

func TestRefusesFiles(t *testing.T) {
	ctx := context.Background()
	dir := t.TempDir()
	text := filepath.Join(dir, "text")
	require.NoError(t, os.WriteFile(text, []byte("a text file that is not a database, but is long enough to hold the header of one: more"), 0o600))
	for name, open := range map[string]func(context.Context, string) (*DB, error){"to write": Open, "to read": OpenReadOnly} {
		_, err := open(ctx, text)
		require.ErrorIs(t, err, ErrNotOurs, name)
	}
	_, err := OpenReadOnly(ctx, filepath.Join(dir, "none"))
	require.ErrorIs(t, err, os.ErrNotExist)
	_, err = Open(ctx, filepath.Join(dir, "none", "data.db"))
	require.ErrorIs(t, err, os.ErrNotExist)

	// Two databases must be refused: one of a future version, and one with another application id.
	path := filepath.Join(dir, "data.db")
	db, err := Open(ctx, path)
	require.NoError(t, err)
	_, err = db.sql.Exec("update meta set value = '99' where key = 'schema'")
	require.NoError(t, err)
	require.NoError(t, db.Close())
	_, err = Open(ctx, path)
	require.ErrorContains(t, err, "schema 99: this program knows only schemas up to 1")
	all, err := os.ReadFile(path)
	require.NoError(t, err)
	all[68] = 0
	require.NoError(t, os.WriteFile(path, all, 0o600))
	_, err = OpenReadOnly(ctx, path)
	require.ErrorContains(t, err, "the application id 0x6c7061, but databases of this program have 0x616c7061")
}

func TestNames(t *testing.T) {
	for text, want := range map[string]string{
		"alpaca_data": "alpaca_data", "my data.v2": "my_data_v2", "": "source", "52k": "source_52k", "données": "données", "sqlite_x": "source_sqlite_x",
	} {
		require.Equal(t, want, ViewName(text), text)
	}
	db := testDB(t)
	require.Equal(t, "example_2", fill(t, db, "example").Name)
	require.Equal(t, "a", fill(t, db, "a").Name)
	require.Equal(t, "A_2", fill(t, db, "A").Name)
	require.Equal(t, "write", FirstWord("  **Write** a poem"))
	require.Equal(t, "what's", FirstWord("What's up?"))
	require.Equal(t, "", FirstWord("…"))
	require.Equal(t, "a bé c", Normal(" A, bé--C! "))
}

// TestNewFile checks that a new database can be opened at once: while a transaction
// writes to the database, and after a crash that left the write-ahead log unmerged.
func TestNewFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "new.db")
	first, err := Open(t.Context(), path)
	require.NoError(t, err)
	defer first.Close()
	require.NoError(t, first.Update(t.Context(), func(tx *Tx) error {
		require.NoError(t, tx.AddSource(&Source{Name: "a", Format: "alpaca"}))
		second, err := OpenReadOnly(t.Context(), path)
		require.NoError(t, err)
		return second.Close()
	}))
	second, err := Open(t.Context(), path)
	require.NoError(t, err)
	require.NoError(t, second.Close())

	// This opens the file alone, without its write-ahead log.
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	left := filepath.Join(t.TempDir(), "left.db")
	require.NoError(t, os.WriteFile(left, text, 0o600))
	third, err := Open(t.Context(), left)
	require.NoError(t, err)
	require.NoError(t, third.Close())
}

// TestUnfinished checks that a database can be read after a crash in a transaction. Before the
// crash, SQLite had written changes into the file itself, and the old content into a journal.
func TestUnfinished(t *testing.T) {
	ctx, path := t.Context(), filepath.Join(t.TempDir(), "a.db")
	db, err := Open(ctx, path)
	require.NoError(t, err)
	require.NoError(t, db.Update(ctx, func(tx *Tx) error { return tx.AddSource(&Source{Name: "a", Format: "alpaca"}) }))
	require.NoError(t, db.Close())

	writer, err := sql.Open("sqlite", Address(path, url.Values{"_pragma": {"journal_mode(delete)", "cache_size(1)"}}))
	require.NoError(t, err)
	defer writer.Close()
	tx, err := writer.BeginTx(ctx, nil)
	require.NoError(t, err)
	defer tx.Rollback()
	for range 200 { // more than the cache of the connection holds, so SQLite writes to the file
		_, err = tx.ExecContext(ctx, "insert into meta values (hex(randomblob(8)), hex(randomblob(2000)))")
		require.NoError(t, err)
	}
	crashed := filepath.Join(t.TempDir(), "a.db")
	for _, suffix := range []string{"", "-journal"} {
		text, err := os.ReadFile(path + suffix)
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(crashed+suffix, text, 0o600))
	}
	_, err = openToRead(ctx, crashed)
	require.True(t, isUnfinished(err), err)

	left, err := OpenReadOnly(ctx, crashed)
	require.NoError(t, err)
	defer left.Close()
	require.NoError(t, left.Check(ctx))
	list, err := left.Sources(ctx)
	require.NoError(t, err)
	require.Len(t, list, 1)
	var n int
	require.NoError(t, left.QueryRow(ctx, "select count(*) from meta where length(value) = 4000").Scan(&n))
	require.Zero(t, n)
}
