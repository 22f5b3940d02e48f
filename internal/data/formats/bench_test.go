package formats

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"alpaca/internal/data"
)

// BenchmarkImport imports the file that ALPACA_BENCH_DATA names.
func BenchmarkImport(b *testing.B) {
	path := os.Getenv("ALPACA_BENCH_DATA")
	if path == "" {
		b.Skip("ALPACA_BENCH_DATA names no file")
	}
	for b.Loop() {
		db, err := data.Open(context.Background(), filepath.Join(b.TempDir(), "data.db"))
		require.NoError(b, err)
		_, err = Import(context.Background(), db, path, Options{})
		require.NoError(b, err)
		require.NoError(b, db.Close())
	}
}
