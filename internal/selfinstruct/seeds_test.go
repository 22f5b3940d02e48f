package selfinstruct

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"alpaca/internal/rouge"
)

// TestOwnSeeds checks that there are 175 seed tasks, that all of them pass the filters, and that no
// two are similar.
func TestOwnSeeds(t *testing.T) {
	s := OwnSeeds()
	require.Len(t, s.Tasks, 175)
	x := rouge.NewIndex(rouge.Words)
	withInput := 0
	for _, task := range s.Tasks {
		require.Empty(t, Filter(task.Instruction, true), task.Instruction)
		require.Empty(t, x.Above(task.Instruction, 0.7), task.Instruction)
		x.Add(task.Instruction)
		require.LessOrEqual(t, len(strings.Fields(task.Output)), 100, task.Instruction)
		require.Equal(t, trim(task.Output), task.Output)
		require.NotContains(t, task.Input+task.Output, "###")
		if task.Input != "" {
			withInput++
		}
	}
	require.Greater(t, withInput, 70)
}

func TestReadSeeds(t *testing.T) {
	want := []Task{{"A", "b", "c"}, {"D", "", "e"}}
	for _, text := range []string{
		`{"instruction":"A","instances":[{"input":"b","output":"c"},{"input":"x","output":"y"}]}` + "\r\n\n" + `{"instruction":"D","output":"e"}`,
		"\xef\xbb\xbf" + `[{"instruction":"A","input":"b","output":"c"}, {"instruction":"D","input":"","output":"e"}]`,
	} {
		s, err := ReadSeeds(strings.NewReader(text))
		require.NoError(t, err)
		require.Equal(t, want, s.Tasks)
		require.Len(t, s.SHA256, 64)
	}
	for text, want := range map[string]string{
		"":                                     "no seed tasks",
		"[]":                                   "no seed tasks",
		"\n{}":                                 "line 2: it has no instruction",
		`{"instruction":"A"}`:                  `line 1: it has no output`,
		`[{"instruction":"A","output":"b"},7]`: "seed task 2: json",
		"[":                                    "unexpected end",
		"{x":                                   "line 1: invalid",
	} {
		_, err := ReadSeeds(strings.NewReader(text))
		require.ErrorContains(t, err, want, text)
	}
}

func FuzzReadSeeds(f *testing.F) {
	f.Add(`{"instruction":"A","instances":[{"output":"c"}]}`)
	f.Add(`[{"instruction":"D","output":"e"}]`)
	f.Fuzz(func(t *testing.T, text string) {
		s, err := ReadSeeds(strings.NewReader(text))
		require.Equal(t, err == nil, len(s.Tasks) > 0 && err == nil)
	})
}
