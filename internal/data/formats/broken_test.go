package formats

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestBroken checks the problems reported for broken rows, and that the other rows are read.
func TestBroken(t *testing.T) {
	const good = `{"instruction": "a", "output": "b"}`
	for name, tt := range map[string]struct {
		name, text string
		rows       int
		bad        []string // "line, offset: " and the beginning of the reason
	}{
		"a comma too many":         {"a.json", "[\n" + good + ",\n]", 1, []string{"3, 39: a comma without a row after it"}},
		"a missing comma":          {"a.json", "[\n" + good + "\n" + good + "]", 2, []string{"3, 38: the comma between two rows is missing"}},
		"broken row":               {"a.json", "[\n" + good + ",\n{\"instruction\" \"a\"},\n" + good + "]", 2, []string{"3, 54: broken JSON: invalid character '\"' after object key"}},
		"the array does not end":   {"a.json", "[\n" + good + ",\n", 1, []string{"3, 39: the file ends in the middle of the array"}},
		"a value is cut":           {"a.json", "[\n" + good + ",\n{\"instruction\": \"a", 1, []string{"3, 57: the file ends in the middle of a value"}},
		"a missing quote":          {"a.json", "[\n  " + good + ",\n  {\"instruction\": \"a, \"output\": \"b\"},\n  {\"instruction\": \"a},\n  " + good + "\n]", 2, []string{"3, 78: a string does not end on its line; reading resumes at line 4", "4, 101: a string does not end on its line; reading resumes at line 5"}},
		"not objects":              {"a.json", "[" + good + ", 3, null, [], \"x\"]", 1, []string{"1, 38: a row must be an object, not \"3\"", "1, 41: a row", "1, 47: a row", "1, 51: a row"}},
		"text after the array":     {"a.json", "[" + good + "] x", 1, []string{"1, 38: something follows the array"}},
		"unknown keys":             {"a.jsonl", "{\"a\": 1}\n" + good, 1, []string{"1, 0: no known keys: it has \"a\"; rows have instruction and output"}},
		"a broken line":            {"a.jsonl", good + "\n{\"instruction\": \"a\n" + good + "\nx\n", 2, []string{"2, 54: broken JSON: unexpected end", "4, 91: broken JSON: invalid character 'x'"}},
		"not UTF-8":                {"a.jsonl", "{\"instruction\": \"a\xff\", \"output\": \"\"}\n" + good, 1, []string{"1, 18: the byte 0xff is not UTF-8"}},
		"messages":                 {"a.jsonl", "{\"messages\": []}\n{\"messages\": 1}\n{\"messages\": [1]}\n{\"messages\": [{\"content\": \"x\"}]}\n" + good, 1, []string{"1, 0: messages: has no messages", "2, 17: messages: is not a list", "3, 33: messages: message 1 is not", "4, 51: messages: message 1: role"}},
		"instances":                {"a.jsonl", "{\"instruction\": \"x\", \"instances\": []}\n" + good, 1, []string{"1, 0: instances: is an empty list"}},
		"a wrong number of fields": {"a.csv", "instruction,output\na\nb,c\nd,e,f\n", 1, []string{"2, 19: 1 fields, but the header has 2", "4, 25: 3 fields"}},
		"a quote in a table":       {"a.csv", "instruction,output\n\"a\"x,b\nc,d\n", 1, []string{"2, 19: a quote that does not end"}},
		"bad bytes in a table":     {"a.csv", "instruction,output\na,\xff\nc,d\n", 1, []string{"2, 21: the byte 0xff is not UTF-8"}},
		"rows in a wrapper":        {"a.json", "{\"data\": [" + good + ", {\"x\": 1}], \"y\": 1}", 1, []string{"1, 47: no known keys"}},
		"a wrapper is cut":         {"a.json", "{\n\"data\": [\n" + good + ",\n" + good + ",\n{\"instr", 2, []string{"5, 93: the file ends in the middle of a value", "5, 93: the file ends"}},
		"brackets":                 {"a.json", "[" + good + "}, " + good + "]", 2, []string{"1, 36: the comma", "1, 36: broken JSON: invalid character '}'"}},
	} {
		t.Run(name, func(t *testing.T) {
			db := open(t)
			path := write(t, tt.name, tt.text)
			res, err := Import(context.Background(), db, path, Options{})
			require.NoError(t, err)
			require.Equal(t, tt.rows, res.Rows)
			rows, err := db.Query(context.Background(), "select line, offset, error from rejected order by id")
			require.NoError(t, err)
			defer rows.Close()
			var got []string
			for rows.Next() {
				var line, offset int64
				var text string
				require.NoError(t, rows.Scan(&line, &offset, &text))
				got = append(got, fmt.Sprintf("%d, %d: %s", line, offset, text))
			}
			require.Len(t, got, len(tt.bad), "%q", got)
			for i, want := range tt.bad {
				require.True(t, strings.HasPrefix(got[i], want), "want %s\ngot  %s", want, got[i])
			}
			require.Equal(t, res.Bad, len(got))

			_, err = Import(context.Background(), open(t), path, Options{Strict: true})
			var p Problem
			require.True(t, errors.As(err, &p), "%v", err)
			require.Contains(t, tt.bad[0], fmt.Sprintf("%d, %d: ", p.Line, p.Offset))
		})
	}
}

func TestRefusesFiles(t *testing.T) {
	for name, tt := range map[string]struct{ name, text, want string }{
		"empty":                       {"a.json", "", "is empty"},
		"blank":                       {"a.json", " \n", "is empty"},
		"text":                        {"a.txt", "\n hello", `line 2, offset 2: begins with 'h'`},
		"parquet":                     {"a.json", "PAR1....", "a Parquet file"},
		"gzip":                        {"a.json", "\x1f\x8b..", "gunzip"},
		"UTF-16":                      {"a.json", "\xff\xfe[\x00", "iconv"},
		"no rows":                     {"a.json", "[]", "has no rows"},
		"no row":                      {"a.jsonl", "{\"a\": 1}\n{\"b\": 1}", `no row can be read: line 1, offset 0: no known keys`},
		"a header without known keys": {"a.csv", "a,b\n1,2\n", "line 1: no known keys"},
		"two names":                   {"a.csv", "instruction,output,output\n", `the column "output" is in the header twice`},
		"an array that only begins":   {"a.json", "[", "no row can be read: line 1, offset 1: the file ends"},
	} {
		t.Run(name, func(t *testing.T) {
			db := open(t)
			_, err := Import(context.Background(), db, write(t, tt.name, tt.text), Options{})
			require.ErrorContains(t, err, tt.want)
			list, err := db.Sources(context.Background())
			require.NoError(t, err)
			require.Empty(t, list)
		})
	}
}
