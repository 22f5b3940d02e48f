package jobs

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestInputErrors(t *testing.T) {
	path := write(t, "in.jsonl", "\ufeff"+line("a", "{}"), "", line("b", "[]"), line("a", "{}"), strings.Repeat("x", MaxLine+1), line("c", "{}"))
	var told []string
	_, err := OpenInput(path, All, func(line int, err error) { told = append(told, fmt.Sprintf("%d: %v", line, err)) })
	require.EqualError(t, err, "3 of 5 lines cannot be used")
	require.Equal(t, []string{
		`3: body is "[]", must be a JSON object`, `4: line 1 already has the custom_id "a"`, `5: it has more than 8454144 bytes`,
	}, told)
	_, err = OpenInput(write(t, "empty.jsonl", "", " "), All, nil)
	require.ErrorContains(t, err, "it has no requests")
}

// TestStream checks that the lines of a pipe are checked when they arrive.
func TestStream(t *testing.T) {
	var out strings.Builder
	run := func(text string, shard Shard) error {
		out.Reset()
		return (&Run{Source: NewStream(strings.NewReader(text), shard), Output: NewOutput(&out), Answer: echo, Parallel: 2, MaxErrors: -1}).Do(t.Context())
	}
	all := strings.Join(numbered(9), "\n")
	require.NoError(t, run(all, All))
	require.Equal(t, 9, strings.Count(out.String(), "\n"))
	require.NoError(t, run(all, Shard{1, 4}))
	require.Equal(t, 2, strings.Count(out.String(), "\n"))
	err := run(all+"\n"+line("id-3", "{}"), All)
	require.EqualError(t, err, `line 10: line 4 already has the custom_id "id-3"`)
	require.Equal(t, 9, strings.Count(out.String(), "\n"), "the requests before the bad line must be answered")

	// A run that is cancelled does not wait for a silent pipe.
	r, w := io.Pipe()
	defer w.Close()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	err = (&Run{Source: NewStream(r, All), Output: NewOutput(&out), Answer: echo, Parallel: 2, MaxErrors: -1}).Do(ctx)
	require.ErrorIs(t, err, context.Canceled)
}

// TestChanged checks that a change of the input is an error.
func TestChanged(t *testing.T) {
	path := write(t, "in.jsonl", numbered(3)...)
	in := open(t, path, All)
	require.NoError(t, os.WriteFile(path, []byte(strings.ReplaceAll(read(t, path), "id-", "ID-")), 0o600))
	_, err := in.Next(t.Context())
	require.EqualError(t, err, path+" was changed while it was answered: line 1: its custom_id has changed")

	require.NoError(t, os.Truncate(path, 0))
	err = (&Run{Source: in, Output: NewOutput(io.Discard), Answer: echo, Parallel: 2, MaxErrors: -1}).Do(t.Context())
	require.EqualError(t, err, path+" was changed while it was answered: line 2: EOF")
}

// TestByPrefix checks that prompts with a common prefix come one after the other, and that groups
// of them are in the order of their first lines.
func TestByPrefix(t *testing.T) {
	long := func(c string) string { return strings.Repeat(c+" ", 200) }
	chat := func(id, system, user string) string {
		return fmt.Sprintf(`{"custom_id":%q,"method":"POST","url":"/v1/chat/completions","body":{"messages":[{"role":"system","content":%q},{"role":"user","content":%q}]}}`, id, system, user)
	}
	in := open(t, write(t, "in.jsonl",
		chat("a1", long("a"), "1"), chat("b1", long("b"), "1"), chat("a2x", long("a"), long("2")+"x"), chat("c", "short", "1"),
		chat("b2", long("b"), "2"), chat("a1+", long("a"), "1"), chat("a2y", long("a"), long("2")+"y"),
	), All)
	in.ByPrefix()
	var order []string
	for {
		r, err := in.Next(t.Context())
		if err == io.EOF {
			break
		}
		require.NoError(t, err)
		order = append(order, r.CustomID)
	}
	require.Equal(t, []string{"a1", "a1+", "a2x", "a2y", "b1", "b2", "c"}, order)
}

// TestShardsShare checks that the requests about a document are in one shard or in two adjacent
// ones.
func TestShardsShare(t *testing.T) {
	const documents, questions = 10, 12
	var lines []string
	for q := range questions { // in mixed order
		for d := range documents {
			text := strings.Repeat(fmt.Sprint("document ", d, " "), 100)
			lines = append(lines, line(fmt.Sprintf("%d-%d", d, q), fmt.Sprintf(`{"prompt":"%s question %d"}`, text, q)))
		}
	}
	path := write(t, "in.jsonl", lines...)
	for n := 2; n <= 7; n++ {
		seen, pairs, fewest, most := map[string]bool{}, map[string]bool{}, len(lines), 0
		for i := range n {
			in := open(t, path, Shard{i, n})
			fewest, most = min(fewest, in.Total()), max(most, in.Total())
			for range in.Total() {
				r, err := in.Next(t.Context())
				require.NoError(t, err)
				require.False(t, seen[r.CustomID], "%s is in two shards", r.CustomID)
				seen[r.CustomID] = true
				document, _, _ := strings.Cut(r.CustomID, "-")
				pairs[fmt.Sprint(i, document)] = true
			}
		}
		require.Len(t, seen, len(lines))
		require.LessOrEqual(t, len(pairs), documents+n-1, "documents are evaluated by more shards than necessary")
		require.LessOrEqual(t, most-fewest, questions, "one shard has much more to do than another")
	}
}
