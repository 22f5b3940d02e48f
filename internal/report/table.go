package report

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// WriteTable writes a Markdown table with aligned columns. The first column, of names, is
// aligned to the left; the others, of numbers, to the right. Each row has as many cells
// as head.
func WriteTable(w io.Writer, head []string, rows [][]string) error {
	lines := make([]strings.Builder, len(rows)+2)
	for i, h := range head {
		cells := []string{h, ""}
		width := utf8.RuneCountInString(h)
		for _, row := range rows {
			cell := strings.ReplaceAll(row[i], "|", `\|`)
			cells = append(cells, cell)
			width = max(width, utf8.RuneCountInString(cell))
		}
		for k, cell := range cells {
			pad := strings.Repeat(" ", width-utf8.RuneCountInString(cell))
			switch {
			case k == 1 && i == 0:
				fmt.Fprintf(&lines[k], "|:%s-", strings.Repeat("-", width))
			case k == 1:
				fmt.Fprintf(&lines[k], "|%s-:", strings.Repeat("-", width))
			case i == 0:
				fmt.Fprintf(&lines[k], "| %s%s ", cell, pad)
			default:
				fmt.Fprintf(&lines[k], "| %s%s ", pad, cell)
			}
		}
	}
	for i := range lines {
		if _, err := fmt.Fprintf(w, "%s|\n", lines[i].String()); err != nil {
			return err
		}
	}
	return nil
}
