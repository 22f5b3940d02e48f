package abtest

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestExport(t *testing.T) {
	s := session(3, 1)
	s.List[1].Input = "with, \"input\"\n"
	s.Votes = []Vote{{N: 0, Judge: "a", Left: Y, Choice: Left}, {N: 1, Judge: "a", Left: X, Choice: Left}, {N: 2, Judge: "a", Choice: Tie}, {N: 2, Judge: "b", Choice: Skip}, {N: 0, Judge: "b", Left: Y, Choice: Right, Undone: true}}
	export := func(form string) string {
		var b bytes.Buffer
		require.NoError(t, Export(&b, s, form))
		return b.String()
	}
	rows, err := csv.NewReader(strings.NewReader(export("csv"))).ReadAll()
	require.NoError(t, err)
	require.Len(t, rows, 6)
	require.Equal(t, "with, \"input\"\n", rows[2][5])
	var lines []Line
	require.NoError(t, json.Unmarshal([]byte(export("json")), &lines))
	require.Len(t, lines, 5)
	require.Equal(t, []string{"Y", "X", ""}, []string{lines[0].Winner, lines[1].Winner, lines[2].Winner})
	require.Equal(t, 5, strings.Count(export("jsonl"), "\n"))
	var eval []map[string]any
	require.NoError(t, json.Unmarshal([]byte(export("alpaca-eval")), &eval))
	require.Len(t, eval, 3)
	require.Equal(t, []any{2.0, 1.0, 1.5}, []any{eval[0]["preference"], eval[1]["preference"], eval[2]["preference"]})
	require.Equal(t, `{"prompt":"Task 0","chosen":"the second 0","rejected":"first 0"}`+"\n"+`{"prompt":"Task 1\n\nwith, \"input\"\n","chosen":"first 1","rejected":"the second 1"}`+"\n", export("dpo"))
	// A model whose two votes contradict each other prefers neither answer.
	s.Votes = []Vote{{N: 0, Judge: "model:j", Left: X, Choice: Left}, {N: 0, Repeat: 1, Judge: "model:j", Left: Y, Choice: Left},
		{N: 1, Judge: "model:j", Left: X, Choice: Left}, {N: 1, Repeat: 1, Judge: "model:j", Left: Y, Choice: Right}, {N: 2, Judge: "model:j", Left: X, Choice: Left}}
	require.Equal(t, 1, strings.Count(export("dpo"), "chosen"))
	require.Contains(t, export("dpo"), "Task 1")
	require.Equal(t, 2, strings.Count(export("alpaca-eval"), `"preference":1.5`))
	require.ErrorContains(t, Export(&bytes.Buffer{}, s, "xml"), "the forms are csv, json")
}

func TestRead(t *testing.T) {
	list, sum, err := ReadPrompts(strings.NewReader(`{"instruction":"A","input":"b"}
{"prompt":"C"}
{"messages":[{"role":"user","content":"D"}]}
{"instruction":"E","instances":[{"input":"f","output":"g"}]}`))
	require.NoError(t, err)
	require.Len(t, sum, 64)
	require.Equal(t, []Prompt{{"A", "b"}, {"C", ""}, {"D", ""}, {"E", "f"}}, list)
	a, err := ReadAnswers(strings.NewReader(`[{"instruction":"A","output":"x","generator":"G"},{"instruction":"B","input":"i","output":""}]`))
	require.NoError(t, err)
	require.Equal(t, "G", a.Generator)
	require.Equal(t, map[Prompt]string{{"A", ""}: "x", {"B", "i"}: ""}, a.Texts)
	for text, want := range map[string]string{
		"": "is empty", "[]": "there are no prompts", "{}": `line 1: no "instruction"`, "{\n": "line 1: unexpected end", "[{}": "unexpected end",
		`{"messages":[{"role":"user","content":"D"},{"role":"user","content":"D"}]}`: "several turns",
	} {
		_, _, err := ReadPrompts(strings.NewReader(text))
		require.ErrorContains(t, err, want, text)
	}
	_, err = ReadAnswers(strings.NewReader(`{"instruction":"A"}`))
	require.ErrorContains(t, err, `line 1: no "output"`)
	_, err = ReadAnswers(strings.NewReader("{\"instruction\":\"A\",\"output\":\"\"}\n{\"instruction\":\"A\",\"output\":\"\"}"))
	require.ErrorContains(t, err, "line 2: a second answer")
}

func FuzzRead(f *testing.F) {
	f.Add(`[{"instruction":"A","output":"x"}]`)
	f.Add("{\"prompt\":\"C\",\"answer\":\"\"}\n")
	f.Fuzz(func(t *testing.T, text string) {
		a, err := ReadAnswers(strings.NewReader(text))
		if err != nil {
			return
		}
		list, sum, err := ReadPrompts(strings.NewReader(text))
		require.NoError(t, err)
		require.Equal(t, a.SHA256, sum)
		require.Equal(t, a.Prompts, list)
	})
}
