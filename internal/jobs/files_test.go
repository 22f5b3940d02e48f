package jobs

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// write writes a file in a temporary folder.
func write(t testing.TB, name string, lines ...string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	require.NoError(t, os.WriteFile(path, []byte(strings.Join(lines, "\n")), 0o600))
	return path
}

func read(t testing.TB, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	return string(data)
}

// open opens an input. The test fails if a line is invalid.
func open(t testing.TB, path string, shard Shard) *Input {
	t.Helper()
	in, err := OpenInput(path, shard, func(line int, err error) { t.Errorf("line %d: %v", line, err) })
	require.NoError(t, err)
	t.Cleanup(func() { in.Close() })
	return in
}

// numbered returns n requests.
func numbered(n int) (lines []string) {
	for i := range n {
		lines = append(lines, line(fmt.Sprintf("id-%d", i), fmt.Sprintf(`{"prompt":"%d"}`, i)))
	}
	return lines
}

// echo answers with the request's body. The status is 400 if the custom_id ends in 4.
func echo(_ context.Context, r *Request) (*Result, error) {
	res := &Result{ID: "batch_" + r.digest(""), CustomID: r.CustomID, Response: &Response{Status: 200, RequestID: "r", Body: r.Body}}
	if strings.HasSuffix(r.CustomID, "4") {
		res.Response.Status = 400
	}
	return res, nil
}

// answer answers an input with a Run, which the function change may change first.
func answer(t testing.TB, in *Input, path string, change func(*Run)) error {
	t.Helper()
	out, err := OpenOutput(path, in, false)
	require.NoError(t, err)
	run := &Run{Source: in, Output: out, Answer: echo, Parallel: 3, MaxErrors: -1, GiveUp: func(r *Request, code, message string) *Result {
		return &Result{CustomID: r.CustomID, Error: &Error{code, message}}
	}}
	if change != nil {
		change(run)
	}
	err = run.Do(t.Context())
	require.NoError(t, out.Close())
	return err
}

// TestShards checks that the merged outputs of any number of shards equal the whole output.
func TestShards(t *testing.T) {
	path := write(t, "in.jsonl", append(numbered(11), "", line("last", "{}")+"\r")...)
	whole := filepath.Join(t.TempDir(), "whole.jsonl")
	in := open(t, path, All)
	require.NoError(t, answer(t, in, whole, nil))
	require.NoError(t, SortOutput(in, whole))
	want := read(t, whole)
	require.Equal(t, 12, strings.Count(want, "\n"))
	for n := 1; n <= 13; n++ {
		dir := t.TempDir()
		var outs []string
		for i := range n {
			out := filepath.Join(dir, fmt.Sprint(i))
			outs = append(outs, out)
			require.NoError(t, answer(t, open(t, path, Shard{i, n}), out, nil))
		}
		slices.Reverse(outs)
		var merged strings.Builder
		bad, err := Merge(open(t, path, All), outs, &merged)
		require.NoError(t, err)
		require.Equal(t, 1, bad, "only the request whose id ends in 4 has an error")
		require.Equal(t, want, merged.String(), "%d shards", n)
	}
}

func TestMergeErrors(t *testing.T) {
	path := write(t, "in.jsonl", numbered(3)...)
	in := open(t, path, All)
	all := filepath.Join(t.TempDir(), "all")
	require.NoError(t, answer(t, in, all, nil))
	lines := strings.SplitAfter(read(t, all), "\n")
	merge := func(paths ...string) error {
		_, err := Merge(in, paths, io.Discard)
		return err
	}
	require.NoError(t, merge(all, all), "two equal files can be merged")
	part := write(t, "part", lines[0])
	require.ErrorContains(t, merge(part), "2 of 3 requests have no result, such as line")
	other := write(t, "other", strings.Replace(lines[0], `"prompt"`, `"Prompt"`, 1))
	require.ErrorContains(t, merge(all, other), "has a different result in "+all+": the files are of different models or versions, or a machine is faulty")
	foreign := write(t, "foreign", strings.Replace(lines[0], `"id-`, `"ID-`, 1))
	require.ErrorContains(t, merge(all, foreign), "is not in the input")
	torn := write(t, "torn", lines[0][:20])
	require.ErrorContains(t, merge(all, torn), "torn: line 1: it is not a result in JSON")
}

// TestTorn truncates an output anywhere in its last two lines, and resumes from it.
func TestTorn(t *testing.T) {
	path := write(t, "in.jsonl", numbered(4)...)
	out := filepath.Join(t.TempDir(), "out")
	in := open(t, path, All)
	require.NoError(t, answer(t, in, out, nil))
	require.NoError(t, SortOutput(in, out))
	want := read(t, out)
	lines := strings.SplitAfter(want, "\n")
	for cut := len(lines[0]) + len(lines[1]); cut <= len(want); cut++ {
		require.NoError(t, os.WriteFile(out, []byte(want[:cut]), 0o600))
		var mu sync.Mutex
		answered := 0
		require.NoError(t, answer(t, open(t, path, All), out, func(r *Run) {
			r.Parallel = 1
			r.Answer = func(ctx context.Context, r *Request) (*Result, error) {
				mu.Lock()
				defer mu.Unlock()
				answered++
				return echo(ctx, r)
			}
		}))
		require.Equal(t, want, read(t, out), "cut at %d", cut)
		require.Equal(t, 4-strings.Count(want[:cut], "\n"), answered)
	}
}

func TestOutputOfAnother(t *testing.T) {
	in := open(t, write(t, "in.jsonl", numbered(2)...), All)
	for name, text := range map[string]string{
		"custom_id \"x\" is not in the input": `{"id":"i","custom_id":"x","response":null,"error":{"code":"c","message":"m"}}`,
		"it is not a result in JSON":          `# my notes`,
	} {
		path := write(t, "out", text, "")
		_, err := OpenOutput(path, in, false)
		require.ErrorContains(t, err, path+": line 1: "+name)
		require.Equal(t, text+"\n", read(t, path), "a file that is not an output must stay as it is")
	}
	_, err := OpenOutput(t.TempDir(), in, false)
	require.ErrorContains(t, err, "exists and is not a regular file")
}

// TestTwoWriters checks that an output cannot be opened twice at the same time.
func TestTwoWriters(t *testing.T) {
	in := open(t, write(t, "in.jsonl", numbered(2)...), All)
	path := filepath.Join(t.TempDir(), "out")
	first, err := OpenOutput(path, in, false)
	require.NoError(t, err)
	_, err = OpenOutput(path, in, false)
	require.EqualError(t, err, path+": another process is writing it")
	require.NoError(t, first.Close())
	second, err := OpenOutput(path, in, false)
	require.NoError(t, err)
	require.NoError(t, second.Close())
}

// TestRetryErrors checks that only results with errors are removed and answered again.
func TestRetryErrors(t *testing.T) {
	path := write(t, "in.jsonl", numbered(10)...)
	out := filepath.Join(t.TempDir(), "out")
	require.NoError(t, answer(t, open(t, path, All), out, nil))
	require.Contains(t, read(t, out), `"status_code":400`)
	in := open(t, path, All)
	o, err := OpenOutput(out, in, true)
	require.NoError(t, err)
	require.Equal(t, []int{9, 0}, []int{o.Done, o.Failed})
	r, err := in.Next(t.Context())
	require.NoError(t, err)
	require.Equal(t, "id-4", r.CustomID)
	res, _ := echo(t.Context(), r)
	res.Response.Status = 200
	require.NoError(t, o.Add(res))
	_, err = in.Next(t.Context())
	require.ErrorIs(t, err, io.EOF)
	require.NoError(t, o.Close())
	require.NotContains(t, read(t, out), `"status_code":400`)
	require.Equal(t, 10, strings.Count(read(t, out), "\n"))
}

// TestFailures checks that a request that failed is tried again, and has a result in the end.
func TestFailures(t *testing.T) {
	path := write(t, "in.jsonl", numbered(3)...)
	out := filepath.Join(t.TempDir(), "out")
	var mu sync.Mutex
	tries := map[string]int{}
	require.NoError(t, answer(t, open(t, path, All), out, func(run *Run) {
		run.Retries = 1
		run.Answer = func(ctx context.Context, r *Request) (*Result, error) {
			mu.Lock()
			defer mu.Unlock()
			if tries[r.CustomID]++; r.CustomID == "id-1" || r.CustomID == "id-2" && tries[r.CustomID] == 1 {
				return nil, &Failure{500, "internal_error", "no memory"}
			}
			return echo(ctx, r)
		}
	}))
	require.Equal(t, map[string]int{"id-0": 1, "id-1": 2, "id-2": 2}, tries)
	require.Contains(t, read(t, out), `"custom_id":"id-1","response":null,"error":{"code":"internal_error","message":"no memory"}}`)
	require.Equal(t, 3, strings.Count(read(t, out), "\n"))
}

// TestEnds checks that a run ends after too many errors, when it is cancelled, and when it cannot
// write its output.
func TestEnds(t *testing.T) {
	path := write(t, "in.jsonl", numbered(40)...)
	out := filepath.Join(t.TempDir(), "out")
	err := answer(t, open(t, path, All), out, func(r *Run) { r.MaxErrors = 1 })
	require.ErrorIs(t, err, ErrTooMany)
	require.NotEmpty(t, read(t, out))

	ctx, cancel := context.WithCancel(t.Context())
	in := open(t, path, All)
	o, err := OpenOutput(filepath.Join(t.TempDir(), "out"), in, false)
	require.NoError(t, err)
	err = (&Run{Source: in, Output: o, Parallel: 4, MaxErrors: -1, Answer: func(ctx context.Context, r *Request) (*Result, error) {
		if cancel(); r.CustomID == "id-0" {
			return echo(ctx, r)
		}
		<-ctx.Done()
		return nil, ctx.Err()
	}}).Do(ctx)
	require.ErrorIs(t, err, context.Canceled)
	require.NoError(t, o.Close())

	full := errors.New("the disk is full")
	err = (&Run{Source: open(t, path, All), Output: NewOutput(failing{full}), Answer: echo, Parallel: 4, MaxErrors: -1}).Do(t.Context())
	require.ErrorIs(t, err, full)
}

type failing struct{ err error }

func (f failing) Write([]byte) (int, error) { return 0, f.err }

func TestMeta(t *testing.T) {
	out := filepath.Join(t.TempDir(), "out.jsonl")
	m := &Meta{Input: "in", Shard: "0/1", Model: "sha", Program: "v1", Numerics: 1, Settings: map[string]string{"temp": "0.8", "ctx-size": "256"}}
	require.NoError(t, m.Claim(out, false))
	require.NoError(t, m.Claim(out, false), "the same batch may claim its output again")
	other := *m
	other.Model, other.Settings = "other", map[string]string{"temp": "0", "new": "1"}
	require.EqualError(t, other.Claim(out, false), out+` was begun with another model ("sha", now "other"), another --ctx-size ("256", now ""), another --new ("", now "1"), another --temp ("0.8", now "0")`)
	require.NoError(t, other.Claim(out, true))
	require.NoError(t, other.Claim(out, false))
	require.NoError(t, os.WriteFile(MetaPath(out), []byte("{"), 0o600))
	require.ErrorContains(t, m.Claim(out, false), "it is not the record of a batch")

	precious := write(t, "precious", "something else")
	require.ErrorContains(t, m.Claim(precious, false), "exists and is not the output of a batch")
	require.NoError(t, m.Claim(precious, true))
}
