package main

import (
	"bytes"
	"context"
	"flag"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"alpaca/internal/builtin"
	"alpaca/internal/machine"
	"alpaca/internal/testmodel"
	"alpaca/internal/tinydata"
)

// TestScore checks the counts. An answer is right only if every byte is right.
func TestScore(t *testing.T) {
	questions := []tinydata.Example{
		{Kind: "add", Prompt: "1+1", Answer: "2"},
		{Kind: "add", Prompt: "1+2", Answer: "3"},
		{Kind: "add", Prompt: "2+2", Answer: "4"},
		{Kind: "letter", Prompt: "first of a?", Answer: "a"},
	}
	s := newScore(questions, []string{"2", "3 ", "4 …", "a"})
	require.Equal(t, 4, s.Questions)
	require.Equal(t, 2, s.Right)
	require.Equal(t, 50.0, s.Percent)
	require.InDelta(t, (100.0/3+100)/2, s.Mean, 1e-9)
	var out bytes.Buffer
	require.NoError(t, s.print(&out, 1))
	require.Contains(t, out.String(), "add: 1+2\n  right \"3\"\n  said  \"3 \"\n")
	require.NotContains(t, out.String(), "2+2")
}

// TestAsk checks that a question gets the same answer alone and among other questions.
func TestAsk(t *testing.T) {
	a, err := open(testmodel.SPM(1).Write(t), true, 1)
	require.NoError(t, err)
	defer a.model.Close()
	questions := tinydata.Questions(1, 1)
	all, err := a.ask(context.Background(), questions[:5])
	require.NoError(t, err)
	for i := range all {
		alone, err := a.ask(context.Background(), questions[i:i+1])
		require.NoError(t, err)
		require.Equal(t, alone[0], all[i])
		require.NotEmpty(t, all[i])
	}
}

func TestOptions(t *testing.T) {
	o := options{seed: 1, n: 3, kinds: "add,repeat"}
	list, err := o.questions()
	require.NoError(t, err)
	require.Len(t, list, 6)
	o.kinds = "magic"
	_, err = o.questions()
	require.ErrorContains(t, err, `no exact kind is called "magic": choose among past, `)
	_, err = open(testmodel.SPM(1).Write(t), false, 1)
	require.ErrorContains(t, err, "no chat template")
}

var update = flag.Bool("update", false, "rewrite the table of docs/builtin-model.md")

// TestDocument checks that the page about the built-in model has the table of its scores.
func TestDocument(t *testing.T) {
	if testing.Short() {
		t.Skip("asks all questions, which takes long")
	}
	const path, begin, end = "../../../docs/builtin-model.md", "<!-- score -->\n", "<!-- /score -->"
	page, err := os.ReadFile(path)
	require.NoError(t, err)
	head, rest, found := strings.Cut(string(page), begin)
	require.True(t, found)
	_, tail, found := strings.Cut(rest, end)
	require.True(t, found)
	var table bytes.Buffer
	o := options{model: builtin.Name, seed: 1, n: 50, threads: machine.CountThreads().Default()}
	require.NoError(t, o.run(context.Background(), &table))
	now := head + begin + table.String() + end + tail
	if *update {
		require.NoError(t, os.WriteFile(path, []byte(now), 0o644))
		return
	}
	require.Equal(t, now, string(page), "the page is out of date: run \"make golden\" to rewrite the table")
}
