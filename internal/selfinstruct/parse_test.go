package selfinstruct

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"alpaca/internal/oneshot"
)

// list writes an answer to a prompt with three examples.
func list(tasks ...string) string { return " " + strings.Join(tasks, "\n###\n") }

func TestParse(t *testing.T) {
	task := func(i, in, out string) Task { return Task{i, in, out} }
	for _, test := range []struct {
		name, text string
		cut        bool
		want       []Task
		problems   []string // the problems of rejected pieces, in order
		compat     []Task   // the tasks that Alpaca's generator finds
	}{
		{"two tasks", list("Name a fish.\n4. Input:\n<noinput>\n4. Output:\nCod", "5. Instruction: Add.\n5. Input:\n2 and 3\n5. Output:\n5"), false,
			[]Task{task("Name a fish.", "", "Cod"), task("Add.", "2 and 3", "5")}, nil, []Task{task("Name a fish.", "", "Cod"), task("Add.", "2 and 3", "5")}},
		{"<noinput> in other letters", list("Name a fish.\n4. Input: <NoInput>\n4. Output: Cod\n###"), false,
			[]Task{task("Name a fish.", "", "Cod")}, nil, []Task{task("Name a fish.", "", "Cod")}},
		{"the last task is cut", list("Name a fish.\n4. Input:\n<noinput>\n4. Output:\nCod", "5. Instruction: Add.\n5. Input:\n2 and"), true,
			[]Task{task("Name a fish.", "", "Cod")}, []string{wasCut}, []Task{task("Name a fish.", "", "Cod")}},
		{"a number is left out", list("A b c d.\n4. Input:\n\n4. Output:\nx", "6. Instruction: E f.\n6. Input:\ny\n6. Output:\nz", "7. Instruction: G.\n7. Input:\n-\n7. Output:\nw"), false,
			[]Task{task("A b c d.", "", "x"), task("E f.", "y", "z"), task("G.", "-", "w")}, nil, []Task{task("A b c d.", "", "x")}},
		{"separators of two characters", list("A.\n4. Input:\n<noinput>\n4. Output:\nx\n##\n5. Instruction: B.\n5. Input:\n<noinput>\n5. Output:\ny"), false,
			[]Task{task("A.", "", "x"), task("B.", "", "y")}, nil, []Task{task("A.", "", "x\n##\n5. Instruction: B.\n5. Input:\n<noinput>\n5. Output:\ny")}},
		{"an answer with a list of its own", list("A.\n4. Input:\n<noinput>\n4. Output:\n1. Instruction: read\n2. Input: none"), false,
			[]Task{task("A.", "", "1. Instruction: read\n2. Input: none")}, nil, []Task{task("A.", "", "1. Instruction: read\n2. Input: none")}},
		{"no output", list("A.\n4. Input:\n<noinput>", "5. Instruction: B.\n5. Input:\nx\n5. Output:\ny"), false,
			[]Task{task("B.", "x", "y")}, []string{tooManyFields}, []Task{task("B.", "x", "y")}},
		{"the heading again", "4. Instruction: A.\n4. Input:\nx\n4. Output:\ny", false, []Task{task("A.", "x", "y")}, nil, []Task{task("A.", "x", "y")}},
		{"fields out of order", list("A.\n4. Output:\ny\n4. Input:\nx"), false, nil, []string{tooManyFields}, []Task{task("A.", "y", "x")}},
		{"nothing", "", false, nil, []string{tooManyFields}, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := Settings{Examples: 3}
			check := func(want []Task, problems []string, strict bool) {
				var got []Task
				var wrong []string
				for _, p := range s.parse(oneshot.Answer{Text: test.text, Cut: test.cut}) {
					if p.Problem != "" {
						wrong = append(wrong, p.Problem)
						continue
					}
					got = append(got, p.Task)
				}
				require.Equal(t, want, got)
				if strict {
					require.Equal(t, problems, wrong)
				}
			}
			check(test.want, test.problems, true)
			s.Compat = true
			check(test.compat, nil, false)
		})
	}
}

func TestParseTwoSteps(t *testing.T) {
	s := Settings{Examples: 3, TwoStep: true}
	got := s.parse(oneshot.Answer{Text: " A.\n4. Input:\n<noinput>\n###\n5. Instruction: B.\n5. Input:\nsome\nlines\n5. Output:\nleft out\n###\n6. Instruction: C."})
	require.Len(t, got, 3)
	require.Equal(t, Task{Instruction: "A."}, got[0].Task)
	require.Equal(t, Task{Instruction: "B.", Input: "some\nlines"}, got[1].Task)
	require.Equal(t, tooManyFields, got[2].Problem)
}

func TestFilter(t *testing.T) {
	for instruction, want := range map[string]string{
		"Name three green vegetables.":          "",
		"Name three vegetables":                 "words: fewer than 4",
		strings.Repeat("word ", 151):            "words: more than 150",
		"Describe what you see in the picture.": "not text: picture",
		"Describe this IMAGE to a friend":       "not text: image",
		"List the images in the picture":        "not text: images",
		"Imagine a day without a profile.":      "",
		"Tell me how to draw a house":           "not text: draw",
		"Drawing is fun, tell me why":           "",
		"I want to go to the sea, advise me":    "not text: go to",
		"Make a map, then plot the data":        "not text: map",
		"Write a program that adds numbers":     "a program",
		"write a program that adds numbers":     "",
		"\"Hi\" means what in French?":          "first character: punctuation",
		"1 plus 1 makes how much":               "",
		"Étudie les verbes de ce texte":         "first character: not ASCII",
		"…and so on and on":                     "first character: not ASCII",
		"List all uſed imageſ of it":            "not text: images",
		"Explain the file_name rule of Go":      "",
		"写一首关于海的诗":                              "words: fewer than 4",
	} {
		require.Equal(t, want, Filter(instruction, true), instruction)
	}
	require.Empty(t, Filter("Étudie les verbes de ce texte", false))
	require.Empty(t, Filter("写一首关于海的诗", false))
	require.Equal(t, "words: fewer than 4", Filter("写一", false))
	require.Equal(t, "first character: not ASCII", Filter("…and so on and on", false))
}

// TestPrompt checks the text of a prompt, and the settings of a query.
func TestPrompt(t *testing.T) {
	s := Settings{Examples: 3, PerAsk: 2}
	tasks := []Task{{"Add  the\nnumbers:", "2, 3", "5"}, {"Name a fish.", "", "Cod"}, {"Say hello.", "", "Hello"}}
	p := s.prompt(tasks)
	require.Contains(t, p, "Think of 5 different tasks")
	require.True(t, strings.HasSuffix(p, "\nList of 5 tasks:\n###\n1. Instruction: Add the numbers\n1. Input:\n2, 3\n1. Output:\n5\n###\n2. Instruction: Name a fish.\n2. Input:\n<noinput>\n2. Output:\nCod\n###\n3. Instruction: Say hello.\n3. Input:\n<noinput>\n3. Output:\nHello\n###\n4. Instruction:"), p)
	s.Brief, s.TwoStep = true, true
	require.Equal(t, "###\n1. Instruction: Name a fish.\n1. Input:\n<noinput>\n###\n2. Instruction:", s.prompt(tasks[1:2]))
	q := s.ask(OwnSeeds().Tasks, 7)
	require.Equal(t, q, s.ask(OwnSeeds().Tasks, 7))
	require.NotEqual(t, q.Prompt, s.ask(OwnSeeds().Tasks, 8).Prompt)
	require.Equal(t, []string{"\n6. Instruction:"}, q.Stop)
	s.Stanford()
	q = s.ask(OwnSeeds().Tasks, 7)
	require.Equal(t, []string{"\n20", "20."}, q.Stop)
	require.True(t, q.NoEnd)
	require.Empty(t, q.Grammar)
	require.Contains(t, q.Prompt, "List of 20 tasks:\n")
}

// FuzzParse parses arbitrary answers. The output of each task must be a part of the answer.
func FuzzParse(f *testing.F) {
	f.Add(" A.\n4. Input:\n<noinput>\n4. Output:\nx\n###\n5. Instruction: B", true)
	f.Add("###\n99999999. Instruction:", false)
	f.Fuzz(func(t *testing.T, text string, cut bool) {
		for _, s := range []Settings{{Examples: 3}, {Examples: 3, TwoStep: true}, {Examples: 3, Compat: true}} {
			for _, p := range s.parse(oneshot.Answer{Text: text, Cut: cut}) {
				require.Contains(t, heading(4)+text, p.Output)
				Filter(p.Instruction, s.Compat)
			}
		}
	})
}
