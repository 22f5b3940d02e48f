package train

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"

	"alpaca/internal/cli/ui"
	"alpaca/internal/data"
	"alpaca/internal/dataset"
)

// readData reads a file of examples, or the rows of a database of "alpaca data". If path has the
// form FILE#SOURCE, it reads only the rows of this source.
func readData(ctx context.Context, path string) (*dataset.File, error) {
	file, source := path, ""
	if at := strings.LastIndexByte(path, '#'); at > 0 && isDatabase(path[:at]) {
		file, source = path[:at], path[at+1:]
	}
	if !isDatabase(file) {
		return dataset.Read(path)
	}
	db, err := data.OpenReadOnly(ctx, file)
	if err != nil {
		return nil, err
	}
	defer db.Close()
	var id int64
	if source != "" {
		s, err := db.Source(ctx, source)
		if err != nil {
			return nil, err
		}
		if s == nil {
			return nil, ui.WithHint(fmt.Errorf("%s has no source %q", file, source), "alpaca data sql -d "+file+" \"select name from source\" lists the sources")
		}
		id = s.ID
	}
	sources, err := db.Sources(ctx)
	if err != nil {
		return nil, err
	}
	isPair := map[int64]bool{}
	for _, s := range sources {
		isPair[s.ID] = s.Format == "preference"
	}
	pairs := 0
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	err = db.Rows(ctx, id, func(r *data.Row) error {
		if isPair[r.SourceID] {
			pairs++
		}
		if len(r.Turns) > 0 {
			return enc.Encode(map[string]any{"messages": r.Turns})
		}
		if r.System != "" {
			question := r.Instruction
			if r.Input != "" {
				question += "\n\n" + r.Input
			}
			return enc.Encode(map[string]any{"messages": []data.Message{{Role: "system", Content: r.System}, {Role: "user", Content: question}, {Role: "assistant", Content: r.Output}}})
		}
		return enc.Encode(map[string]string{"instruction": r.Instruction, "input": r.Input, "output": r.Output})
	})
	if err != nil {
		return nil, err
	}
	if b.Len() == 0 {
		return nil, fmt.Errorf("%s: the database has no rows", path)
	}
	f, err := dataset.ReadFrom(&b, path)
	if err == nil {
		f.Pairs = pairs
	}
	return f, err
}

// isDatabase reports whether a file is a database of SQLite, by its first bytes.
func isDatabase(path string) bool {
	f, err := os.Open(path)
	if err != nil {
		return false
	}
	defer f.Close()
	const mark = "SQLite format 3\x00"
	head := make([]byte, len(mark))
	_, err = io.ReadFull(f, head)
	return err == nil && string(head) == mark
}
