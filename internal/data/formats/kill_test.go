package formats

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"alpaca/internal/data"
)

// TestKilled kills imports at different times. The database has all rows of an import, or none.
func TestKilled(t *testing.T) {
	const rows = 4000
	if path := os.Getenv("ALPACA_TEST_IMPORT"); path != "" { // this is the process that the test kills
		db, err := data.Open(context.Background(), filepath.Join(filepath.Dir(path), "data.db"))
		require.NoError(t, err)
		fmt.Println("begun")
		_, err = Import(context.Background(), db, path, Options{Again: true})
		require.NoError(t, err)
		require.NoError(t, db.Close())
		return
	}
	exe, err := os.Executable()
	if err != nil {
		t.Skip(err)
	}
	ctx := context.Background()
	path := write(t, "rows.json", "["+strings.Repeat(`{"instruction": "`+strings.Repeat("some words ", 40)+`", "output": "b"},`+"\n", rows-1)+`{"instruction": "a", "output": "b"}]`)
	base := filepath.Join(filepath.Dir(path), "data.db")
	db, err := data.Open(ctx, base)
	require.NoError(t, err)
	_, err = Import(ctx, db, write(t, "first.json", files["alpaca"].text), Options{})
	require.NoError(t, err)
	require.NoError(t, db.Close())
	killed := 0
	for i := range 20 {
		cmd := exec.Command(exe, "-test.run=^TestKilled$")
		cmd.Env = append(os.Environ(), "ALPACA_TEST_IMPORT="+path)
		out, err := cmd.StdoutPipe()
		require.NoError(t, err)
		require.NoError(t, cmd.Start())
		out.Read(make([]byte, 5))
		time.Sleep(time.Duration(i*i) * time.Millisecond)
		cmd.Process.Kill()
		if cmd.Wait() != nil {
			killed++
		}
		db, err := data.OpenReadOnly(ctx, base)
		if err == nil {
			err = db.Check(ctx)
		}
		require.NoError(t, err)
		list, err := db.Sources(ctx)
		require.NoError(t, err)
		for _, s := range list {
			var n int64
			require.NoError(t, db.QueryRow(ctx, "select count(*) from example where source_id = ?", s.ID).Scan(&n))
			require.Equal(t, s.Rows, n)
			require.Contains(t, []int64{2, rows}, n)
		}
		require.NoError(t, db.Close())
		if len(list) > 2 {
			break // this import, and every later one, ends before it is killed
		}
	}
	require.Positive(t, killed)
	db, err = data.Open(ctx, base)
	require.NoError(t, err)
	defer db.Close()
	require.NoError(t, db.Update(ctx, func(tx *data.Tx) error {
		_, err := tx.Exec("insert into example_fts(example_fts, rank) values ('integrity-check', 1)")
		return err
	}))
}
