package engine

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"alpaca/internal/model"
	"alpaca/internal/testmodel"
)

// TestLeastMemory checks texts that fill their contexts again and again. They must get the same
// answers with the smallest cache as with a large one, with and without the prefix cache.
func TestLeastMemory(t *testing.T) {
	m := load(t, testmodel.SPM(1))
	contexts := []int{1, 2, 7, 31, 32, 33, 63, 64, 65, 96}
	if testing.Short() {
		contexts = []int{33}
	}
	for _, ctx := range contexts {
		t.Run(fmt.Sprint(ctx), func(t *testing.T) {
			req := greedy(m, "the llama and the alpaca was on", 3*ctx+10)
			req.Prompt = req.Prompt[:min(len(req.Prompt), ctx)]
			req.Shift, req.Keep = true, ctx/8
			alone := start(t, m, Options{Threads: 1, Ctx: ctx, NoCache: true})
			s, err := alone.Submit(context.Background(), req)
			require.NoError(t, err)
			want := read(s, 1)

			least := (ctx+model.BlockLen-1)/model.BlockLen + 1
			for _, opt := range []Options{
				{Threads: 1, Ctx: ctx, Parallel: 1},
				{Threads: 1, Ctx: ctx, Parallel: 3, Blocks: least},
				{Threads: 1, Ctx: ctx, Parallel: 3, Blocks: least, NoCache: true},
			} {
				e := start(t, m, opt)
				streams := make([]*Stream, 3)
				for i := range streams {
					streams[i], err = e.Submit(context.Background(), req)
					require.NoError(t, err)
				}
				for _, s := range streams {
					require.Equal(t, want, read(s, 1))
				}
				requireFree(t, e)
			}
		})
	}
}

// TestStalledReader checks that a text whose reader has stopped reading takes neither memory nor
// turns from others. When the text is read again, it continues with the same tokens, even after a
// shift.
func TestStalledReader(t *testing.T) {
	m := load(t, testmodel.SPM(1))
	for _, window := range []int{45, 150} { // before and after the context is full
		if testing.Short() && window == 45 {
			continue
		}
		for _, noCache := range []bool{false, true} {
			e := start(t, m, Options{Threads: 1, Ctx: 96, Parallel: 3, Blocks: 4, NoCache: noCache})
			stalled := greedy(m, "the llama and the alpaca was on", 170)
			stalled.Shift, stalled.Keep = true, 5
			want := read(submit(t, start(t, m, Options{Threads: 1, Ctx: 96, NoCache: true}), stalled), 1)

			stalled.Window = window
			s := submit(t, e, stalled)
			s.Next()
			for i := range 3 {
				other := greedy(m, fmt.Sprint("a llama and ", i), 70)
				other.MaxTokens = 90 - len(other.Prompt)
				r, err := e.Run(context.Background(), other, nil)
				require.NoError(t, err)
				require.Equal(t, other.MaxTokens, r.GeneratedTokens)
			}
			got := read(s, 1)
			require.Empty(t, got.Err)
			require.Equal(t, want.Answers[0][1:], got.Answers[0])
			require.Equal(t, 1, s.Results()[0].Preemptions)
			requireFree(t, e)
		}
	}
}

// TestEvict checks the order in which blocks are forgotten: blocks that texts use come last, and
// children come before their parents.
func TestEvict(t *testing.T) {
	m := load(t, testmodel.SPM(1))
	e := start(t, m, Options{Threads: 1, Ctx: 160})
	req := greedy(m, strings.Repeat("the llama and the ", 10), 3)
	text := e.NewText()
	_, err := text.Run(context.Background(), req, nil)
	require.NoError(t, err)
	idle := greedy(m, "a llama", 3)
	_, err = e.Run(context.Background(), idle, nil)
	require.NoError(t, err)
	e.work.Lock()
	defer e.work.Unlock()
	p := e.prefix
	blocks := (text.Len() + model.BlockLen - 1) / model.BlockLen
	require.Equal(t, blocks+1, p.count)
	require.Equal(t, model.Blocks{1}, p.unused())
	require.True(t, p.evict())
	require.False(t, p.evict(), "the other blocks are in use")
	require.Equal(t, blocks, p.count)
	used := e.runner.Cache().Used()
	for i := blocks - 1; i >= 0; i-- {
		require.Equal(t, 2, text.seq.Block(i).Users())
		require.True(t, p.disown())
		require.Equal(t, 1, text.seq.Block(i).Users())
	}
	require.False(t, p.disown())
	require.Equal(t, used, e.runner.Cache().Used())
	text.seq.Free()
	require.Zero(t, e.runner.Cache().Used())
}

// TestHashIsAHint checks that two texts with the same hash are distinguished by their tokens.
func TestHashIsAHint(t *testing.T) {
	m := load(t, testmodel.SPM(1))
	e := start(t, m, Options{Threads: 1, Ctx: 160})
	p := e.prefix
	first := greedy(m, strings.Repeat("the llama and the ", 10), 3)
	_, err := e.Run(context.Background(), first, nil)
	require.NoError(t, err)
	other := greedy(m, strings.Repeat("a alpaca was on ", 10), 3)
	require.Greater(t, min(len(first.Prompt), len(other.Prompt)), model.BlockLen)
	want := read(submit(t, start(t, m, Options{Threads: 1, Ctx: 160, NoCache: true}), other), 1)

	// The cached block of the first text gets the hash of the other text's first block.
	func() {
		e.work.Lock()
		defer e.work.Unlock()
		root := p.root("")
		known := p.full(root, first.Prompt[:model.BlockLen])
		require.NotNil(t, known)
		delete(p.table, nodeKey{root, known.hash})
		known.hash = p.hash(other.Prompt[:model.BlockLen])
		p.table[nodeKey{root, known.hash}] = known
		require.Nil(t, p.full(root, other.Prompt[:model.BlockLen]))
	}()
	for range 2 {
		require.Equal(t, want, read(submit(t, e, other), 1))
	}
	requireFree(t, e)
}

// TestSaltsAreForgotten checks that the root of a salt is removed together with the last block of
// this salt.
func TestSaltsAreForgotten(t *testing.T) {
	m := load(t, testmodel.SPM(1))
	e := start(t, m, Options{Threads: 1, Ctx: 64, Parallel: 2})
	req := greedy(m, "the llama and the alpaca was on", 5)
	for i := range 10 {
		req.Salt = fmt.Sprint(i % 5)
		s, more := submit(t, e, req), submit(t, e, req)
		read(s, 1)
		read(more, 1)
	}
	req.Salt = "4"
	r, err := e.Run(context.Background(), req, nil)
	require.NoError(t, err)
	require.Equal(t, len(req.Prompt)-1, r.CachedTokens)
	e.work.Lock()
	roots, nodes := len(e.prefix.roots), e.prefix.count
	e.work.Unlock()
	require.LessOrEqual(t, roots, nodes)
	requireFree(t, e)
	require.Empty(t, e.prefix.roots)
}

func submit(t *testing.T, e *Engine, req Request) *Stream {
	t.Helper()
	s, err := e.Submit(context.Background(), req)
	require.NoError(t, err)
	return s
}

// TestMovedIsNotShared checks that a text's blocks are not shared after a shift has
// changed them. Nor may they continue the prefix that the text published before the shift.
func TestMovedIsNotShared(t *testing.T) {
	m := load(t, testmodel.SPM(1))
	e := start(t, m, Options{Threads: 1, Ctx: 90, Parallel: 1, Blocks: 20})
	text := e.NewText()
	req := greedy(m, "the llama and the alpaca was on", 0)
	req.MaxTokens = 90 - len(req.Prompt) + 2
	req.Full = func(m Movable) (bool, error) { return true, m.Shift(5, 3) } // after a shift, the text still fills two blocks
	all := slices.Clone(req.Prompt)
	r, err := text.Run(context.Background(), req, func(t Token) error { all = append(all, t.ID); return nil })
	require.NoError(t, err)
	require.True(t, r.Shifted)
	moved := text.Tokens()
	require.Greater(t, len(moved), 70)

	probe := greedy(m, "", 0)
	probe.Prompt = append(slices.Clone(all[:64]), moved[64:]...)
	probe.Prompt = append(probe.Prompt, 9)
	r, err = e.Run(context.Background(), probe, nil)
	require.NoError(t, err)
	require.Equal(t, 64+same(all[64:90], moved[64:]), r.CachedTokens)
}

// TestOldestIsForgotten checks that the least recently used block is forgotten first.
func TestOldestIsForgotten(t *testing.T) {
	m := load(t, testmodel.SPM(1))
	e := start(t, m, Options{Threads: 1, Ctx: 64})
	var list []Request
	for _, i := range []int{0, 1, 2, 0} { // the first is used again
		list = append(list, greedy(m, fmt.Sprint(i, " llama"), 2))
		_, err := e.Run(context.Background(), list[len(list)-1], nil)
		require.NoError(t, err)
	}
	e.work.Lock()
	forgot := e.forget(model.Blocks{1})
	e.work.Unlock()
	require.True(t, forgot)
	for i, known := range []bool{true, false, true} {
		r, err := e.Run(context.Background(), list[i], nil)
		require.NoError(t, err)
		require.Equal(t, known, r.CachedTokens == len(list[i].Prompt)-1, i)
	}
}

// TestShortPromptsPassTwice checks that a prompt that fits into a
// step overtakes an older, longer prompt, but in two steps at most.
func TestShortPromptsPassTwice(t *testing.T) {
	m := load(t, testmodel.SPM(1))
	e := start(t, m, Options{Threads: 1, Ctx: 96, Parallel: 2, Batch: 32})
	e.work.Lock()
	defer func() {
		e.running = nil
		e.work.Unlock()
	}()
	prompt := func(order, n int) *answer {
		g := &group{req: &Request{}, stream: newStream(t.Context(), 0, 1)}
		return &answer{group: g, tokens: make([]int32, n), seq: e.runner.NewSeq(), order: order}
	}
	long, short := prompt(1, 90), prompt(2, 20)
	e.running = []*answer{long, short}
	for _, first := range []*answer{short, short, long, long} {
		require.True(t, e.compose())
		require.Equal(t, first.order, e.rows[0].answer.order)
	}
}
