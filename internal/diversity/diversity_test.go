package diversity

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestFind compares results with the verb and the object that a reader would find.
func TestFind(t *testing.T) {
	for text, want := range map[string]string{
		"Write a short story about a lighthouse.":                          "write story",
		"Please give me three tips for staying healthy.":                   "give tip",
		"Generate a list of ten random words.":                             "generate list",
		"Classify the following animals as mammals or birds.":              "classify animal",
		"Rewrite the sentence using the passive voice.":                    "rewrite sentence",
		"Explain how photosynthesis works.":                                "explain ",
		"Can you translate this text into German?":                         "translate text",
		"Given a list of numbers, compute the mean.":                       "compute mean",
		"What is the capital of France?":                                   " ",
		"Describe the life cycle of a butterfly":                           "describe cycle",
		"Suggest a warm breakfast that has plenty of protein but no eggs.": "suggest breakfast",
		"Find four words that rhyme with \"stone\".":                       "find word",
		"Replace the word \"nice\" with a more precise one.":               "replace word",
		"Tell me three surprising facts about octopuses.":                  "tell fact",
		"Here is a poem. Summarize it in one sentence.":                    "summarize ",
		"I want you to act as a travel guide.":                             "act ",
		"Identify the language of the sentence.":                           "identify language",
		"Convert the distance to kilometres and round to one decimal.":     "convert distance",
		"Write a Python function that counts the vowels in a string.":      "write function",
		"Brainstorm gifts for a friend who owns too many things already.":  "brainstorm gift",
		"Create a short, funny story for children.":                        "create story",
		"Correct the grammar of the sentence.":                             "correct grammar",
		"Does the sentence ask a question? Answer yes or no.":              "answer yes",
		"":      " ",
		"¿Qué?": " ",
	} {
		p := Find(text)
		require.Equal(t, want, p.Verb+" "+p.Object, text)
	}
}

func TestTable(t *testing.T) {
	table := NewTable(slices.Values([]string{"Write a poem.", "Write a story about cats", "Write a letter.", "Write a story.", "List five words.", "Name a city", "Why?"}))
	require.Equal(t, 7, table.All)
	require.Equal(t, 1, table.Unclear)
	require.Equal(t, 6, table.Pairs)
	require.Equal(t, 5, table.Kinds)
	require.Equal(t, []Count{
		{Word: "write", N: 4, Objects: []Count{{Word: "story", N: 2}, {Word: "letter", N: 1}, {Word: "poem", N: 1}}},
		{Word: "list", N: 1, Objects: []Count{{Word: "word", N: 1}}},
		{Word: "name", N: 1, Objects: []Count{{Word: "city", N: 1}}},
	}, table.Verbs)
}

// TestSunburst checks that a table always gives the same picture, with escaped texts.
func TestSunburst(t *testing.T) {
	table := NewTable(slices.Values([]string{"Write a poem.", "Write a story.", "List <b>five</b> words.", "Name a city", "Name a <i>city"}))
	var a, b strings.Builder
	require.NoError(t, table.WriteSunburst(&a))
	require.NoError(t, table.WriteSunburst(&b))
	require.Equal(t, a.String(), b.String())
	require.Contains(t, a.String(), ">write<")
	require.NotContains(t, a.String(), "<i>")
	require.NoError(t, (&Table{}).WriteSunburst(&a))
}

func FuzzFind(f *testing.F) {
	f.Add("Write a \"story")
	f.Add("please, 4 \u00e9's")
	f.Fuzz(func(t *testing.T, text string) {
		p := Find(text)
		require.True(t, p.Verb != "" || p.Object == "")
	})
}
