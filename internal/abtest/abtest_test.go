package abtest

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"alpaca/internal/data"
	"alpaca/internal/train/random"
)

// session returns a session of n prompts whose answers differ.
func session(n int, seed uint64) *Session {
	s := &Session{Plan: Plan{Seed: seed, Votes: n, Models: [2]Model{{Name: "one", SHA256: "a"}, {Name: "two", SHA256: "b"}}}, ID: 1}
	for i := range n {
		s.List = append(s.List, Prompt{Instruction: fmt.Sprint("Task ", i)})
		s.Answers = append(s.Answers, [2]*Answer{{Text: fmt.Sprint("first ", i)}, {Text: fmt.Sprint("the second ", i)}})
	}
	return s
}

// TestItems checks that both models are on the left equally often: the counts never differ by
// more than two. Judges see different sides, and repeats have the sides swapped.
func TestItems(t *testing.T) {
	s := session(101, 7)
	s.Repeat = 0.1
	s.Answers[5][Y].Text = " first 5\n"
	list := s.Items("ann")
	require.Equal(t, list, s.Items("ann"))
	require.NotEqual(t, list, s.Items("bob"))
	require.Len(t, list, 110)
	left := [2]int{}
	for k, i := range list[:100] {
		require.NotEqual(t, 5, i.N, "if the answers are equal, nobody is asked")
		left[i.Left]++
		require.LessOrEqual(t, max(left[X]-left[Y], left[Y]-left[X]), 2)
		if k%4 == 3 {
			require.Equal(t, left[X], left[Y])
		}
	}
	for _, i := range list[100:] {
		require.Equal(t, 1, i.Repeat)
		first, ok := s.Item("ann", i.N, 0)
		require.True(t, ok)
		require.Equal(t, first.Left.Other(), i.Left)
	}
	require.Equal(t, Order(7, 50, 20), Order(7, 50, 20))
	require.NotEqual(t, Order(7, 50, 20), Order(8, 50, 20))
	require.Len(t, Order(7, 5, 20), 5)
}

// judge votes on all items of a session. The function f makes the choices.
func judge(s *Session, name string, f func(i Item) Choice) {
	for _, i := range s.Items(name) {
		s.Votes = append(s.Votes, Vote{ID: int64(len(s.Votes)), N: i.N, Repeat: i.Repeat, Judge: name, Left: i.Left, Choice: f(i)})
	}
}

// TestReport checks that wins count for models, not for sides.
func TestReport(t *testing.T) {
	s := session(100, 1)
	s.Repeat = 0.2
	judge(s, "ann", func(i Item) Choice {
		switch {
		case i.N < 60 == (i.Left == X):
			return Left
		default:
			return Right
		}
	})
	r := NewReport(s)
	require.Len(t, r.Groups, 1)
	g := r.Groups[0]
	require.Equal(t, [2]int{60, 40}, g.Wins)
	require.Equal(t, 0.6, g.Rate)
	require.Equal(t, "wilson", g.Kind)
	require.InDelta(t, 0.0569, g.P, 5e-5)
	require.Equal(t, 20, g.Repeats)
	require.Equal(t, 20, g.Same)
	require.False(t, g.LeftBias)
	require.Equal(t, 100, g.Lengths)
	require.Equal(t, 40, g.LongerWins)
	require.NotNil(t, g.AtEqual)
	require.Nil(t, g.Agreement)

	// Skipped pairs, answers that reveal their model, and undone votes are counted separately.
	s = session(5, 1)
	s.Votes = []Vote{{N: 0, Judge: "a", Choice: Left}, {N: 1, Judge: "a", Choice: Skip}, {N: 2, Judge: "a", Choice: Right, Flags: []string{FlagRevealed}},
		{N: 3, Judge: "a", Choice: Right, Undone: true}, {N: 3, Judge: "a", Choice: Bad}, {N: 4, Choice: Tie, Flags: []string{FlagEqual}}, {N: 0, Judge: "b", Choice: Right}}
	r = NewReport(s)
	g = r.Groups[0]
	require.Equal(t, 1, r.Equal)
	require.Equal(t, []int{1, 1, 1, 1, 1, 1, 1, 2}, []int{g.Wins[X], g.Wins[Y], g.Ties, g.Bad, g.Skipped, g.Revealed, g.Undone, g.Judges})
	require.Equal(t, 4, g.Votes())
	require.Equal(t, 0.5, g.Rate)
	require.Equal(t, "bootstrap", g.Kind)
	require.Equal(t, 0.0, *g.Agreement)
	s.Peek = true
	require.Equal(t, "anytime", NewReport(s).Groups[0].Kind)
}

// TestOwnPrompts checks that votes on judges' own prompts are counted separately. A judge who
// chooses the prompts can choose the winner.
func TestOwnPrompts(t *testing.T) {
	planned := session(20, 5)
	judge(planned, "ann", func(i Item) Choice { return Choices[random.Hash(1, uint64(i.N))%5] })
	planned.Answers[3][Y].Text = "first 3"
	s := session(20, 5)
	s.Answers[3][Y].Text = "first 3"
	s.Votes = append(s.Votes, planned.Votes...)
	s.Own = map[int]Own{}
	for n := 20; n < 60; n++ {
		s.Own[n] = Own{Judge: "ann", Failed: n == 59}
		s.List = append(s.List, Prompt{Instruction: "mine"})
		if n == 59 {
			s.Answers = append(s.Answers, [2]*Answer{})
			continue
		}
		s.Answers = append(s.Answers, [2]*Answer{{Text: "a much longer answer", Cut: true}, {Text: "no"}})
		s.Votes = append(s.Votes, Vote{ID: int64(1000 + n), N: n, Judge: "ann", Left: X, Choice: Left})
	}
	for _, list := range []*Session{planned, s} {
		list.Votes = append(list.Votes, Vote{N: 3, Choice: Tie, Flags: []string{FlagEqual}})
	}
	want, got := NewReport(planned), NewReport(s)
	require.Equal(t, want.Groups, got.Groups)
	require.Equal(t, want.Models, got.Models)
	require.Equal(t, 1, got.Equal)
	require.False(t, got.Groups[0].LeftBias)
	require.Equal(t, 39, got.Own)
	require.Equal(t, [2]int{39, 0}, got.OwnGroups[0].Wins)
	require.Equal(t, 39, got.OwnGroups[0].LeftWins)
	require.True(t, got.OwnGroups[0].LeftBias)
	require.Equal(t, Strengths([]*Session{planned}, People), Strengths([]*Session{s}, People))
	require.Len(t, alpacaEval(s), len(alpacaEval(planned)))
	require.Len(t, dpo(s), len(dpo(planned))+39)
	require.Equal(t, "own", s.line(&s.Votes[len(planned.Votes)]).Flags)

	// If the plan is empty, the report has the mean lengths of the answers to the prompts that
	// judges wrote.
	s.List, s.Answers, s.Own = s.List[20:22], s.Answers[20:22], map[int]Own{0: {Judge: "ann"}, 1: {Judge: "ann"}}
	s.Votes = []Vote{{N: 0, Judge: "ann", Choice: Left}}
	got = NewReport(s)
	require.Empty(t, got.Groups)
	require.Len(t, got.OwnGroups, 1)
	require.Equal(t, 20.0, got.Models[X].MeanChars)
}

// TestLeftJudge checks that a judge who always chooses left gives each model a win rate near 0.5,
// and that the report shows the bias.
func TestLeftJudge(t *testing.T) {
	s := session(100, 3)
	judge(s, "ann", func(Item) Choice { return Left })
	g := NewReport(s).Groups[0]
	require.InDelta(t, 0.5, g.Rate, 0.02)
	require.Equal(t, 100, g.LeftWins)
	require.True(t, g.LeftBias)
}

// TestModelJudge checks that the two votes of a model on a pair count once, separately from the
// votes of people.
func TestModelJudge(t *testing.T) {
	s := session(4, 3)
	s.Votes = []Vote{
		{N: 0, Judge: "model:j", Left: X, Choice: Left}, {N: 0, Repeat: 1, Judge: "model:j", Left: Y, Choice: Right},
		{N: 1, Judge: "model:j", Left: Y, Choice: Left}, {N: 1, Repeat: 1, Judge: "model:j", Left: X, Choice: Left},
		{N: 2, Judge: "model:j", Left: Y, Choice: Left},
		{N: 3, Judge: "model:j", Left: X, Choice: Skip}, {N: 3, Repeat: 1, Judge: "model:j", Left: Y, Choice: Left}, // skipped in one order
		{N: 0, Judge: "ann", Left: X, Choice: Right},
	}
	r := NewReport(s)
	require.Equal(t, []string{"people", "j"}, []string{r.Groups[0].Name, r.Groups[1].Name})
	g := r.Groups[1]
	require.Equal(t, [2]int{1, 0}, g.Wins)
	require.Equal(t, []int{1, 1}, []int{g.Ties, g.Skipped})
	require.Equal(t, []int{2, 1}, []int{g.Repeats, g.Same})
	require.Equal(t, [2]int{0, 1}, r.Groups[0].Wins)
}

// TestRepeatable checks that two reports of the same votes have the same digits, even with ties.
func TestRepeatable(t *testing.T) {
	s := session(40, 9)
	judge(s, "ann", func(i Item) Choice { return Choices[random.Hash(1, uint64(i.N))%4] })
	a, err := json.Marshal(NewReport(s))
	require.NoError(t, err)
	b, err := json.Marshal(NewReport(s))
	require.NoError(t, err)
	require.Equal(t, string(a), string(b))
	require.Contains(t, string(a), `"interval_kind":"bootstrap"`)
	require.Contains(t, string(a), `"interval":{"low":0.4125,"high":0.6375}`)
}

func TestReveals(t *testing.T) {
	s := session(4, 1)
	s.Models[Y].Name = "Llama-3-8B"
	s.Answers[1][X].Text = "Hello! I’m ChatGPT, a model."
	s.Answers[2][Y].Text = "As llama-3-8b, I think so."
	s.Answers[3][X].Text = "one is a number" // a short name such as "one" is an ordinary word
	require.Equal(t, []bool{false, true, true, false}, []bool{s.Reveals(0), s.Reveals(1), s.Reveals(2), s.Reveals(3)})
}

func TestStrengths(t *testing.T) {
	a, b := session(40, 1), session(40, 2)
	b.Models[X] = Model{Name: "three", SHA256: "c"}
	judge(a, "ann", func(i Item) Choice { // model "one" wins 30 of 40 against model "two"
		if i.N < 30 == (i.Left == X) {
			return Left
		}
		return Right
	})
	judge(b, "bob", func(i Item) Choice { // model "three" wins 20 of 40 against model "two"
		if i.N < 20 == (i.Left == X) {
			return Left
		}
		return Right
	})
	list := Strengths([]*Session{a, b}, "people")
	require.Len(t, list, 3)
	require.Equal(t, "one", list[0].Name)
	require.InDelta(t, list[1].Elo, list[2].Elo, 5)      // "one" and "three" were never compared: only a tie is added
	require.InDelta(t, 190, list[0].Elo-list[1].Elo, 10) // 400·log10(3), reduced by the added tie
	for _, m := range list {
		require.Less(t, m.Low, m.Elo)
		require.Greater(t, m.High, m.Elo)
	}
}

func openStore(t *testing.T) Store {
	db, err := data.Open(t.Context(), filepath.Join(t.TempDir(), "ab.db"))
	require.NoError(t, err)
	t.Cleanup(func() { db.Close() })
	return Store{db}
}

// TestStore checks that a session resumes, that a second vote changes nothing, and that an undone
// vote stays in the store.
func TestStore(t *testing.T) {
	st, ctx := openStore(t), t.Context()
	_, err := st.Sessions(ctx)
	require.ErrorIs(t, err, ErrNoSession)
	want := session(3, 5)
	id, isNew, err := st.Begin(ctx, want.Plan, want.List)
	require.NoError(t, err)
	require.True(t, isNew)
	again, isNew, err := st.Begin(ctx, want.Plan, want.List)
	require.NoError(t, err)
	require.False(t, isNew)
	require.Equal(t, id, again)
	s, err := st.Load(ctx, id)
	require.NoError(t, err)
	require.False(t, s.Complete())
	for n := range s.List {
		for slot := range 2 {
			text := fmt.Sprint("answer ", slot, " of ", n)
			if n == 2 {
				text = "same\x00\xff"
			}
			require.NoError(t, st.AddAnswer(ctx, id, n, Slot(slot), Answer{Text: text, Tokens: 3, Cut: true}))
		}
	}
	s, err = st.Load(ctx, id)
	require.NoError(t, err)
	require.True(t, s.Complete())
	require.Equal(t, want.List, s.List)
	require.Equal(t, want.Plan, s.Plan)
	require.NoError(t, st.AddEqual(ctx, s))
	require.NoError(t, st.AddEqual(ctx, s))
	next, done, all := s.Next("ann")
	require.Equal(t, []int{0, 0, 2}, []int{next.N, done, all})
	for k, added := range []bool{true, false, false} {
		got, err := st.AddVote(ctx, s, Vote{N: 0, Judge: "ann", Left: next.Left, Choice: Choices[k], Note: "why"})
		require.NoError(t, err)
		require.Equal(t, added, got)
	}
	undone, err := st.Undo(ctx, s, "ann")
	require.NoError(t, err)
	require.True(t, undone)
	undone, err = st.Undo(ctx, s, "ann")
	require.NoError(t, err)
	require.False(t, undone)
	_, err = st.AddVote(ctx, s, Vote{N: 0, Judge: "ann", Left: next.Left, Choice: Right})
	require.NoError(t, err)
	s, err = st.Load(ctx, id)
	require.NoError(t, err)
	require.Len(t, s.Votes, 3) // the tie of equal answers, the undone vote, and the valid one
	next, done, _ = s.Next("ann")
	require.Equal(t, []int{1, 1}, []int{next.N, done})
	require.NoError(t, st.Close(ctx, id))
	_, err = st.AddVote(ctx, s, Vote{N: 1, Judge: "ann", Choice: Left})
	require.ErrorIs(t, err, ErrClosed)
	undone, err = st.Undo(ctx, s, "ann")
	require.NoError(t, err)
	require.False(t, undone)
	other, isNew, err := st.Begin(ctx, want.Plan, want.List)
	require.NoError(t, err)
	require.True(t, isNew, "a closed session must not be resumed")
	require.NotEqual(t, id, other)
	list, err := st.Sessions(ctx)
	require.NoError(t, err)
	require.Equal(t, []int64{id, other}, list)
	_, err = st.Load(ctx, 99)
	require.ErrorIs(t, err, ErrNoSession)
}
