package lint

import (
	"context"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"alpaca/internal/data"
)

// BenchmarkRules checks the rows of the database that ALPACA_BENCH_DB names.
func BenchmarkRules(b *testing.B) {
	path := os.Getenv("ALPACA_BENCH_DB")
	if path == "" {
		b.Skip("ALPACA_BENCH_DB names no database")
	}
	db, err := data.OpenReadOnly(context.Background(), path)
	require.NoError(b, err)
	defer db.Close()
	for b.Loop() {
		l, err := New(Options{}, func(Finding) error { return nil })
		require.NoError(b, err)
		require.NoError(b, db.Rows(context.Background(), 0, l.Row))
		require.NoError(b, l.Finish())
	}
}
