package strftime

import (
	"strings"
	"testing"
	"time"

	"alpaca/internal/testshared"

	"github.com/stretchr/testify/require"
)

// TestFormat compares results with those of Python 3.11 on glibc, in the locale C. Each line has
// a time, a format and the result.
func TestFormat(t *testing.T) {
	n := 0
	for _, r := range testshared.ReadLines[[3]string](t, "testdata/python.jsonl") {
		at, err := time.Parse("2006-01-02T15:04:05.999999", r[0])
		require.NoError(t, err)
		got, err := Format(r[1], at)
		require.NoError(t, err)
		require.Equal(t, r[2], got, "%s of %s", r[1], r[0])
		n++
	}
	require.Greater(t, n, 700)
}

func TestWidth(t *testing.T) {
	_, err := Format("%99999999999d", time.Now())
	require.ErrorContains(t, err, "a width of 1001, must be at most 1000")
}

func FuzzFormat(f *testing.F) {
	f.Add("%-d %B %Y, %^a %5H%")
	f.Fuzz(func(t *testing.T, format string) {
		got, err := Format(format, time.Date(2026, 11, 30, 20, 5, 9, 0, time.UTC))
		if err == nil && !strings.Contains(format, "%") {
			require.Equal(t, format, got)
		}
	})
}
