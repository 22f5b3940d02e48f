package eval

import (
	"context"
	"encoding/binary"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"alpaca/internal/logits"
)

// byteTokens is an encoder for tests: BOS, then a token for each byte.
func byteTokens(text string) []int32 {
	ids := []int32{1}
	for _, b := range []byte(text) {
		ids = append(ids, int32(b))
	}
	return ids
}

func TestParseHellaSwag(t *testing.T) {
	text := "Cooking: He\n2\ncries.\nsleeps.\ncooks.\nflies.\nRoof: She\n0\nclimbs.\na\nb\nc"
	for _, form := range []string{text, text + "\n", strings.ReplaceAll(text, "\n", "\r\n")} {
		got, err := ParseHellaSwag(form)
		require.NoError(t, err)
		require.Len(t, got, 2)
		require.Equal(t, []string{"Cooking: He cries.", "Cooking: He sleeps.", "Cooking: He cooks.", "Cooking: He flies."}, got[0].Texts)
		require.Equal(t, []bool{false, false, true, false}, got[0].Right)
		require.Equal(t, []bool{true, false, false, false}, got[1].Right)
	}
	_, err := ParseHellaSwag("")
	require.EqualError(t, err, "eval: hellaswag: 0 lines, want a multiple of 6")
	_, err = ParseHellaSwag(text + "\nmore")
	require.EqualError(t, err, "eval: hellaswag: 13 lines, want a multiple of 6")
	_, err = ParseHellaSwag(strings.Replace(text, "\n2\n", "\n4\n", 1))
	require.EqualError(t, err, `eval: hellaswag: line 2: "4" is not the number of an ending, 0 to 3`)
}

func TestParseWinogrande(t *testing.T) {
	got, err := ParseWinogrande("0,Sarah was better than Maria so _ got the easy cases.,Sarah,Maria,2\n" +
		`1,"Here, in ""town"", _ won.",Ann,Bob,1` + "\n")
	require.NoError(t, err)
	require.Len(t, got, 2)
	require.Equal(t, Question{
		Texts: []string{"Sarah was better than Maria so Sarah got the easy cases.", "Sarah was better than Maria so Maria got the easy cases."},
		Heads: []string{"Sarah was better than Maria so Sarah", "Sarah was better than Maria so Maria"},
		Right: []bool{false, true},
	}, got[0])
	require.Equal(t, `Here, in ""town"", Ann won.`, got[1].Texts[0])
	for line, want := range map[string]string{
		"":                 "eval: winogrande: no questions",
		"0,a _ b,c,d":      "eval: winogrande: line 1: 4 fields, want number,sentence,choice,choice,answer",
		"0,a b,c,d,1":      `eval: winogrande: line 1: no _ in the sentence "a b"`,
		"0,a _,c,d,3":      `eval: winogrande: line 1: answer "3", must be 1 or 2`,
		`0,"a _,c,d,1`:     "eval: winogrande: line 1: 2 fields, want number,sentence,choice,choice,answer",
		"0,a _,c,d,1\n\nx": "eval: winogrande: line 2: 1 fields, want number,sentence,choice,choice,answer",
	} {
		_, err := ParseWinogrande(line)
		require.EqualError(t, err, want)
	}
}

// choiceFile returns a multiple-choice file of two questions.
func choiceFile() []byte {
	le := binary.LittleEndian
	text := func(b []byte, s string) []byte { return append(le.AppendUint32(b, uint32(len(s))), s...) }
	answers := func(b []byte, right int, texts ...string) []byte {
		b = le.AppendUint32(b, uint32(len(texts)))
		for _, s := range texts {
			b = text(b, s)
		}
		for i := range texts {
			label := uint32(0)
			if i == right {
				label = 1
			}
			b = le.AppendUint32(b, label)
		}
		return b
	}
	b := le.AppendUint32(nil, 2)
	b = append(b, make([]byte, 8)...) // offsets
	b = answers(answers(text(b, "Sky?"), 1, "green", "blue", "red"), 0, "x")
	return answers(answers(text(b, "Sum?"), 0, "four", "five"), -1)
}

func TestParseMultipleChoice(t *testing.T) {
	got, err := ParseMultipleChoice(choiceFile())
	require.NoError(t, err)
	require.Equal(t, []Question{
		{Texts: []string{"Sky? green", "Sky? blue", "Sky? red"}, Right: []bool{false, true, false}},
		{Texts: []string{"Sum? four", "Sum? five"}, Right: []bool{true, false}},
	}, got)
	whole := choiceFile()
	for n := range whole {
		_, err := ParseMultipleChoice(whole[:n])
		require.Error(t, err, "%d bytes", n)
	}
}

func FuzzQuestions(f *testing.F) {
	f.Add(choiceFile())
	f.Add([]byte("a\n1\nb\nc\nd\ne\n"))
	f.Add([]byte("0,a _ b,c,d,1\n1,\"a, _\",c,d,2"))
	f.Fuzz(func(t *testing.T, data []byte) {
		lists := [][]Question{}
		if q, err := ParseMultipleChoice(data); err == nil {
			lists = append(lists, q)
		}
		if q, err := ParseHellaSwag(string(data)); err == nil {
			lists = append(lists, q)
		}
		if q, err := ParseWinogrande(string(data)); err == nil {
			lists = append(lists, q)
		}
		for _, questions := range lists {
			for _, q := range questions {
				task, err := newTask(q, byteTokens, 512)
				if err != nil {
					continue
				}
				scores, err := task.rate(context.Background(), &fakeSession{vocab: 256, scale: 1}, 1)
				require.NoError(t, err)
				require.Len(t, scores, len(q.Texts))
			}
		}
	})
}

// TestRating compares ratings with the definition, which evaluates every answer from its
// beginning and takes the mean over its rated tokens.
func TestRating(t *testing.T) {
	tests := []struct {
		name string
		q    Question
		from []int // first rated token of each text
		cut  int   // tokens at the end that are not rated
	}{
		{"common beginning", Question{Texts: []string{"abcd ef", "abcd gh i", "abcd e"}}, []int{6, 6, 6}, 0},
		{"one answer is the beginning of the other", Question{Texts: []string{"abc", "abcde"}}, []int{3, 3}, 0},
		{"nothing in common", Question{Texts: []string{"xa", "yb"}}, []int{1, 1}, 0},
		{"rated after the choice", Question{Texts: []string{"so Ann went home.", "so Bobby went home."},
			Heads: []string{"so Ann", "so Bobby"}}, []int{7, 9}, 1},
		{"a full stop after the choice", Question{Texts: []string{"so Ann!", "so Bob!"},
			Heads: []string{"so Ann", "so Bob"}}, []int{7, 7}, 0},
		{"few tokens after the choice", Question{Texts: []string{"go A!", "go B!"}, Heads: []string{"go A", "go B"}}, []int{4, 4}, 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tt.q.Right = make([]bool, len(tt.q.Texts))
			task, err := newTask(tt.q, byteTokens, 100)
			require.NoError(t, err)
			s := &fakeSession{vocab: 256, scale: 9}
			got, err := task.rate(context.Background(), s, 2)
			require.NoError(t, err)
			require.Equal(t, task.tokens(), s.read)
			for i, text := range tt.q.Texts {
				ids := byteTokens(text)
				want := []float64{}
				fresh := &fakeSession{vocab: 256, scale: 9}
				err := fresh.EvalEach(context.Background(), ids, 0, func(p int, raw []float32) error {
					if p+1 >= tt.from[i] && p+1 < len(ids)-tt.cut {
						want = append(want, logits.NewLogprobs(raw).Of(ids[p+1]))
					}
					return nil
				})
				require.NoError(t, err)
				require.Equal(t, mean(want).Value, got[i], "answer %d", i)
			}
		})
	}
}

func TestAnswer(t *testing.T) {
	questions, err := ParseMultipleChoice(choiceFile())
	require.NoError(t, err)
	opt := ChoiceOptions{Context: 64, Encode: byteTokens, Threads: 2}
	var ratings []Rating
	opt.Done = func(q int, r Rating, a Answers) error {
		require.Equal(t, len(ratings), q)
		ratings = append(ratings, r)
		require.Equal(t, len(ratings), a.Asked)
		return nil
	}
	a, err := Answer(context.Background(), &fakeSession{vocab: 256, scale: 9}, questions, opt)
	require.NoError(t, err)
	count := 0
	for i, r := range ratings {
		require.Equal(t, questions[i].Right[r.Choice], r.Right)
		if r.Right {
			count++
		}
	}
	require.Equal(t, count, a.Right)
	require.InDelta(t, (1.0/3+1.0/2)/2, a.Chance, 1e-15)
	require.Equal(t, float64(count)/2, a.Accuracy.Value)

	opt.Context = 8
	_, err = Answer(context.Background(), &fakeSession{vocab: 256}, questions, opt)
	require.EqualError(t, err, "eval: question 1: answer 1: 11 tokens, must be 2 to 8 (the context)")
}
