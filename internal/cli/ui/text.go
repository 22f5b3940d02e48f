package ui

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
	"unicode"

	"alpaca/internal/report"
)

// EditDistance returns the number of edits that turn a into b. An edit inserts, deletes or
// replaces a byte, or swaps two neighbours.
func EditDistance(a, b string) int {
	rows := make([][]int, len(a)+1) // [len(a)+1, len(b)+1]
	for i := range rows {
		rows[i] = make([]int, len(b)+1)
		rows[i][0] = i
	}
	for j := range rows[0] {
		rows[0][j] = j
	}
	for i := 1; i <= len(a); i++ {
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			d := min(rows[i-1][j]+1, rows[i][j-1]+1, rows[i-1][j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				d = min(d, rows[i-2][j-2]+1)
			}
			rows[i][j] = d
		}
	}
	return rows[len(a)][len(b)]
}

// Shape returns dimensions as text, outermost first, such as [32, 128].
func Shape(dims []int) string { return strings.ReplaceAll(fmt.Sprint(dims), " ", ", ") }

// Printable returns s with a question mark in place of each character that could
// confuse a terminal. It is for texts from files, which cannot be trusted.
func Printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r != '\t' && !unicode.IsPrint(r) {
			return '?'
		}
		return r
	}, s)
}

// ByteCount returns a size as text in binary units.
func ByteCount(n int64) string { return report.Bytes(n, 1) }

// Count returns a number as text, in thousands, millions or billions.
func Count(n int64) string {
	switch {
	case n < 1e4:
		return fmt.Sprint(n)
	case n < 1e6:
		return fmt.Sprintf("%.1f K", float64(n)/1e3)
	case n < 1e9:
		return fmt.Sprintf("%.1f M", float64(n)/1e6)
	}
	return fmt.Sprintf("%.2f B", float64(n)/1e9)
}

// Milliseconds returns a time in milliseconds, rounded to microseconds.
func Milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// PrintIDs writes the ids of tokens in the form [1, 2, 3].
func PrintIDs(out io.Writer, ids []int32) error {
	list := make([]string, len(ids))
	for i, id := range ids {
		list[i] = strconv.Itoa(int(id))
	}
	_, err := fmt.Fprintf(out, "[%s]\n", strings.Join(list, ", "))
	return err
}
