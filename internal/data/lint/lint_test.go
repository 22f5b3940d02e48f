package lint

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"alpaca/internal/data"
)

// run returns the rules that find something in rows, in the order of the findings.
func run(t *testing.T, opt Options, rows ...*data.Row) (list []string) {
	t.Helper()
	l, err := New(opt, func(f Finding) error {
		list = append(list, f.Rule)
		return nil
	})
	require.NoError(t, err)
	for i, r := range rows {
		r.ID = int64(i + 1)
		require.NoError(t, l.Row(r))
	}
	require.NoError(t, l.Finish())
	return list
}

func row(instruction, input, output string) *data.Row {
	return &data.Row{Instruction: instruction, Input: input, Output: output}
}

func chat(turns ...string) *data.Row {
	r := &data.Row{Instruction: "q", Output: "a"}
	for i := 0; i < len(turns); i += 2 {
		r.Turns = append(r.Turns, data.Message{Role: turns[i], Content: turns[i+1]})
	}
	return r
}

// TestRules has, for each rule about single rows, faulty rows and similar rows without fault.
func TestRules(t *testing.T) {
	twenty := ""
	for _, n := range strings.Fields("1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19") {
		twenty += n + ". item\n"
	}
	for rule, tt := range map[string]struct{ bad, good []*data.Row }{
		"needs-world": {[]*data.Row{row("Summarize this article", "https://example.org/a", "x"), row("Describe the picture", "<Picture Attached>", "x"), row("Analyze the attached image", "", "x")},
			[]*data.Row{row("Explain what a URL is", "", "x"), row("Write <b>hi</b>", "the image of a hero", "https://example.org")}},
		"merged": {[]*data.Row{row("a", "", "yes\n##\n18. Instruction: next"), row("a", "3. Input: b", "c")},
			[]*data.Row{row("a", "", "## Heading\ntext"), row("a", "", "The instruction: go")}},
		"empty-output":  {[]*data.Row{row("a", "", ""), row("a", "", " \n")}, []*data.Row{row("a", "", "."), row("a", "", "0")}},
		"missing-input": {[]*data.Row{row("Rewrite the following sentence", "", "x"), row("Fix the code below", "No input", "x")}, []*data.Row{row("Rewrite the following sentence: I is", "", "x"), row("Rewrite the following sentence", "I is", "x"), row("Is 5 above 3", "", "x")}},
		"not-text":      {[]*data.Row{row("Draw a cat", "", "<No Output>"), row("Create a graphic of sales", "", "x")}, []*data.Row{row("Write about a drawer", "", "x"), row("Mapping words", "an image", "a picture")}},
		"placeholder-output": {[]*data.Row{row("a", "", "N/A"), row("a", "", "<noinput>"), row("a", "", "nan")},
			[]*data.Row{row("a", "", "None of them"), row("a", "", "The input is nan.")}},
		"placeholder-input": {[]*data.Row{row("a", "<no input>", "x"), row("a", "No input required.", "x"), row("a", "-", "x")}, []*data.Row{row("a", "", "x"), row("a", "no input was lost in the fire", "x")}},
		"arithmetic": {[]*data.Row{row("Find the median of these numbers", "1, 2, 4, 5, 8, 9", "The median is 5."), row("Convert 25 m to km", "", "25 km"), row("Calculate 2 + 3 * (4 - 1)", "", "It is 15."),
			row("What is 12 / 5?", "", "2.5"), row("Convert 100 Fahrenheit to Celsius", "", "40 degrees")},
			[]*data.Row{row("Find the median of these numbers", "1, 2, 4, 5, 8, 9", "The median is 4.5."), row("Convert 25 m to km", "", "0.025 km"), row("Calculate 2 + 3 * (4 - 1)", "", "2 + 9 = 11"),
				row("What is 2/3?", "", "0.667"), row("Solve 2x + 1 = 5", "", "x = 2"), row("What is 1,000 + 1?", "", "1,001"), row("What happened in 1914-1918?", "", "A war."),
				row("Convert 100 Fahrenheit to Celsius", "", "37.78 °C"), row("What is 5 + 5?", "", "ten")}},
		"short-echo":     {[]*data.Row{row("Freeze the sample of yogurt", "", "The sample of yogurt."), row("Increase the font size now", "", "font size now")}, []*data.Row{row("Is a fox an animal?", "", "Yes."), row("Name a colour", "", "a deep blue")}},
		"control":        {[]*data.Row{row("a\u00a0b", "", "x"), row("a", "", "x\x07"), row("a", "\ufffd", "x"), chat("user", "a\u200bb")}, []*data.Row{row("a\nb\tc", "", "x\r\n"), row("a", "", "👨\u200d👩")}},
		"mojibake":       {[]*data.Row{row("a", "", "itâ€™s"), row("cafÃ©", "", "x")}, []*data.Row{row("a", "", "it’s café Ângela"), row("São Paulo, â", "", "x")}},
		"literal-escape": {[]*data.Row{row("a", "", `one\ntwo`), row("a", "", "one<br>two &quot;x&quot;")}, []*data.Row{row("Write HTML", "", "a<br>b"), row("a", "", `C:\new in a path`), row("a", "", "AT&T; x")}},
		"cut-at-20":      {[]*data.Row{row("a", "", "The company was founded in the year 20"), row("a", "", twenty+"")}, []*data.Row{row("a", "", "It was in 2020."), row("a", "", "2, 4, 6, 8, 20"), row("a", "", "x = 20"), row("a", "", "20")}},
		"unfinished":     {[]*data.Row{row("a", "", "It is so. And then it was"), row("a", "", "One thing. Another,")}, []*data.Row{row("a", "", "It is so. And then."), row("a", "", "just words"), row("a", "", "Title.\n- one\n- two")}},
		"echo":           {[]*data.Row{row("Say hi", "", "say hi!"), row("Repeat", "The text", "the text")}, []*data.Row{row("Say hi", "", "hi"), row("", "", "")}},
		"prompt-leak":    {[]*data.Row{row("a", "", "### Response: x"), row("Below is an instruction that describes a task.", "", "x")}, []*data.Row{row("a", "", "The response: x"), row("a", "", "### Title")}},
		"refusal": {[]*data.Row{row("a", "", "As an AI language model, I cannot"), row("a", "", "I'm sorry, but I can't do that."), row("a", "", "Sorry, but I can't help.")},
			[]*data.Row{row("a", "", "He said he was sorry."), row("a", "", "An AI is a machine.")}},
		"role-order": {[]*data.Row{chat("user", "a", "user", "b", "assistant", "c"), chat("user", "a"), chat("user", "a", "assistant", "b", "user", "c"), chat("assistant", "a", "user", "b", "assistant", "c")},
			[]*data.Row{chat("system", "s", "user", "a", "assistant", "b", "user", "c", "assistant", "d"), chat("user", "a", "assistant", "", "tool", "r", "assistant", "b"), row("a", "", "b")}},
		"control-token": {[]*data.Row{row("a", "", "x</s>"), row("<|im_end|>", "", "x")}, []*data.Row{row("a", "", "</sup>"), row("a", "", "[inst]")}},
	} {
		t.Run(rule, func(t *testing.T) {
			for _, r := range tt.bad {
				require.Contains(t, run(t, Options{}, r), rule, "%+v", r)
			}
			for _, r := range tt.good {
				require.NotContains(t, run(t, Options{}, r), rule, "%+v", r)
			}
		})
	}
}

// TestTokens checks the rules that count tokens.
func TestTokens(t *testing.T) {
	words := func(r *data.Row) (int, int) {
		p := len(strings.Fields(r.Instruction))
		return p, p + len(strings.Fields(r.Output))
	}
	opt := Options{Tokens: words, MaxLength: 5, Special: []string{"<own>"}}
	require.Equal(t, []string{"too-long"}, run(t, opt, row("a b", "", "c d e f")))
	require.Equal(t, []string{"truncates-prompt"}, run(t, opt, row("a b c d e", "", "f")))
	require.Empty(t, run(t, opt, row("a b", "", "c d e")))
	require.Equal(t, []string{"control-token"}, run(t, opt, row("<own>", "", "</s>")))
}

// TestWhole checks the rules that compare rows.
func TestWhole(t *testing.T) {
	opt := func(rules ...string) Options { return Options{Rules: rules} }
	a, b := row("Name a bird.", "", "Penguin"), row("name A bird", "", "penguin!")
	require.Equal(t, []string{"dup-exact"}, run(t, opt("dup-exact", "dup-normal"), a, row("Other", "", "x"), row("Name a bird.", "", "Penguin")))
	require.Equal(t, []string{"dup-normal"}, run(t, opt("dup-exact", "dup-normal"), a, b, row("Name a bird.", "a", "Penguin")))
	require.Equal(t, []string{"dup-rouge"}, run(t, opt("dup-rouge"), row("Write a short story about a brave penguin", "", "x"), row("Write a short poem about a brave penguin", "", "y"), row("Sing", "", "z")))
	same := make([]*data.Row, 7)
	for i := range same {
		same[i] = row(strings.Repeat("x", i), "", "Same.")
	}
	require.Len(t, run(t, opt("dup-output"), same...), 7)
	require.Empty(t, run(t, opt("dup-output"), same[:5]...))
	// Findings come in the same order each time.
	var groups []*data.Row
	for i := range 60 {
		groups = append(groups, row(strings.Repeat("x", i), "", fmt.Sprint("Answer ", i%10)))
	}
	for range 5 {
		var rows []int64
		l, err := New(opt("dup-output"), func(f Finding) error { rows = append(rows, f.Row); return nil })
		require.NoError(t, err)
		for i, r := range groups {
			r.ID = int64(i)
			require.NoError(t, l.Row(r))
		}
		require.NoError(t, l.Finish())
		require.Len(t, rows, 60)
		require.Equal(t, []int64{0, 10, 20, 30, 40, 50, 1, 11}, rows[:8])
	}
	require.Equal(t, []string{"language"}, run(t, opt("language"), row("Hello", "", "you"), row("Привет", "", "тебе"), row("Good", "", "day")))
	require.Empty(t, run(t, opt("language"), row("Hello", "", "you"), row("Привет", "", "тебе")))
	require.Equal(t, "Japanese", mainScript("これは漢字です"))
}

func TestFix(t *testing.T) {
	l, err := New(Options{}, nil)
	require.NoError(t, err)
	for _, tt := range []struct {
		before, after *data.Row
		rules         []string
	}{
		{row("a", "<No input>", "b"), row("a", "", "b"), []string{"placeholder-input"}},
		{row("a\u00a0b\u200b", "", "b\u2028c\x01"), row("a b", "", "b\nc"), []string{"control"}},
		{row("itâ€™s a cafÃ©", "", "â€œxâ€\u009d"), row("it’s a café", "", "“x”"), []string{"mojibake"}},
		{row("a", "", `one\ntwo\tx &lt;y&gt; caf\u00e9<br/>z`), row("a", "", "one\ntwo\tx <y> café\nz"), []string{"literal-escape"}},
		{row("Write HTML", "", "a<br>b"), row("Write HTML", "", "a<br>b"), nil},
		{row("fine", "São Paulo", "x"), row("fine", "São Paulo", "x"), nil},
	} {
		require.Equal(t, tt.rules, l.Fix(tt.before), "%+v", tt.after)
		require.Equal(t, tt.after, tt.before)
	}
}

func TestRun(t *testing.T) {
	ctx := context.Background()
	db, err := data.Open(ctx, filepath.Join(t.TempDir(), "data.db"))
	require.NoError(t, err)
	defer db.Close()
	s := &data.Source{Name: "a", Format: "alpaca", Licence: "CC0", Shape: `{"keys":["instruction","input","output"]}`}
	require.NoError(t, db.Update(ctx, func(tx *data.Tx) error {
		require.NoError(t, tx.AddSource(s))
		for _, r := range []*data.Row{row("one", "N/A", "x"), row("two", "", ""), row("three", "", "y"), row("one", "N/A", "x")} {
			r.SourceID = s.ID
			require.NoError(t, tx.Add(r))
		}
		return nil
	}))
	for range 2 { // the second run's findings replace those of the first
		found, err := Run(ctx, db, nil, Options{}, nil)
		require.NoError(t, err)
		require.EqualValues(t, 4, found.Rows)
		require.EqualValues(t, 3, found.Faulty)
		require.Empty(t, found.Unlicensed)
		i := slices.IndexFunc(found.Counts, func(c Count) bool { return c.Rule == "placeholder-input" })
		require.EqualValues(t, 2, found.Counts[i].Rows)
		list, err := found.Examples(ctx, db, "placeholder-input", 1)
		require.NoError(t, err)
		require.Equal(t, []Finding{{1, "placeholder-input", `the input is "N/A"`}}, list)
		var n int
		require.NoError(t, db.QueryRow(ctx, "select count(*) from lint where rule = 'placeholder-input'").Scan(&n))
		require.Equal(t, 2, n)
	}
	res, err := Mend(ctx, db, s, Options{}, MendOptions{Drop: []string{"empty-output", "dup-exact"}})
	require.NoError(t, err)
	require.Equal(t, "a_fixed", res.Source.Name)
	require.EqualValues(t, 1, res.Mended)
	require.EqualValues(t, 2, res.Dropped)
	var inputs []string
	require.NoError(t, db.Rows(ctx, res.Source.ID, func(r *data.Row) error { inputs = append(inputs, r.Instruction+"|"+r.Input); return nil }))
	require.Equal(t, []string{"one|", "three|"}, inputs)
	var old string
	require.NoError(t, db.QueryRow(ctx, "select input from example where id = 1").Scan(&old))
	require.Equal(t, "N/A", old)
	// A source without a licence is a finding only if the caller names the rule licence.
	require.NoError(t, db.Update(ctx, func(tx *data.Tx) error {
		require.NoError(t, tx.AddSource(&data.Source{Name: "written by a model", Format: "alpaca"}))
		other := &data.Source{Name: "other", Path: "/a.json", Format: "alpaca"}
		require.NoError(t, tx.AddSource(other))
		r := row("four", "", "z")
		r.SourceID = other.ID
		return tx.Add(r)
	}))
	for _, opt := range []Options{{}, {Also: []string{"licence"}}, {Rules: []string{"licence"}}} {
		found, err := Run(ctx, db, nil, opt, nil)
		require.NoError(t, err)
		require.Equal(t, []string{"other"}, found.Unlicensed)
		i := slices.IndexFunc(found.Counts, func(c Count) bool { return c.Rule == "licence" })
		if opt.Rules == nil && opt.Also == nil {
			require.Negative(t, i)
			continue
		}
		require.EqualValues(t, 1, found.Counts[i].Rows)
		list, err := found.Examples(ctx, db, "licence", 9)
		require.NoError(t, err)
		require.Len(t, list, 1)
		require.Equal(t, "no licence is known for other", list[0].Detail)
	}
	_, err = New(Options{Rules: []string{"no"}}, nil)
	require.ErrorContains(t, err, `no rule "no"`)
}

// FuzzRow checks that no rule or fix panics, whatever the texts are.
func FuzzRow(f *testing.F) {
	f.Add("Calculate 1/0", "((1+2", "â€™ &#0; \\ud800")
	f.Add("Convert 9e999 m to km", "-", "20")
	f.Fuzz(func(t *testing.T, instruction, input, output string) {
		r := row(strings.ToValidUTF8(instruction, ""), strings.ToValidUTF8(input, ""), strings.ToValidUTF8(output, ""))
		l, err := New(Options{}, func(Finding) error { return nil })
		require.NoError(t, err)
		require.NoError(t, l.Row(r))
		l.Fix(r)
		require.NoError(t, l.Finish())
	})
}
