package engine

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"alpaca/internal/testmodel"
)

// TestMost checks how many rows of prompts go into a step together with other rows.
func TestMost(t *testing.T) {
	type step struct {
		rows int
		took time.Duration
	}
	tests := []struct {
		name   string
		target time.Duration
		known  []step
		want   int
	}{
		{"no time has been measured", time.Hour, nil, 32},
		{"a large step fits", time.Hour, []step{{300, time.Second}}, 500},
		{"a large step does not fit", 500 * time.Millisecond, []step{{300, time.Second}}, 8},
		{"between two sizes", 500 * time.Millisecond, []step{{300, time.Second}, {60, 200 * time.Millisecond}}, 144},
		{"the times of small steps give an upper limit", 100 * time.Millisecond, []step{{1, 2 * time.Millisecond}}, 40},
		{"nothing fits", time.Millisecond, []step{{1, 2 * time.Millisecond}}, 8},
		{"a busy machine made a small step slow", 200 * time.Millisecond, []step{{20, 300 * time.Millisecond}, {100, 150 * time.Millisecond}}, 8},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := pace{target: tt.target}
			for _, s := range tt.known {
				p.learn(s.rows, s.took)
			}
			require.Equal(t, tt.want, p.most(4, 500, tt.target))
			require.Equal(t, 5, p.most(4, 5, tt.target))
			require.Zero(t, p.most(4, 0, tt.target))
		})
	}
	var p pace
	for rows := 1; rows <= 512; rows *= 2 {
		for range 50 {
			p.learn(rows, time.Duration(rows)*time.Millisecond)
		}
	}
	require.Equal(t, 96, p.most(4, 508, 100*time.Millisecond))
	require.Equal(t, 8, p.most(200, 300, 100*time.Millisecond), "a prompt must always get some rows")
	require.Equal(t, 508, p.most(4, 508, time.Hour))
}

// TestSlices checks the rows of a step in which prompts wait. A row takes 1 ms, and a step
// should take 40 ms.
func TestSlices(t *testing.T) {
	tests := []struct {
		name      string
		answering int
		drafted   int   // tokens that each answer could have as a draft
		prompts   []int // tokens of each prompt, in the order of their arrival
		want      []int // rows of the step
	}{
		{"a long prompt, nobody waits", 0, 0, []int{90}, []int{90}},
		{"short prompts begin one after the other", 0, 0, []int{45, 45, 45}, []int{45}},
		{"several short prompts fit into a step", 0, 0, []int{15, 15, 15, 15}, []int{15, 15, 15}},
		{"answers wait", 2, 0, []int{90}, []int{1, 1, 32}},
		{"a prompt is cut into equal parts", 2, 0, []int{70}, []int{1, 1, 24}},
		{"a shorter prompt comes first", 2, 0, []int{90, 50}, []int{1, 1, 32}},
		{"a prompt ends, and another begins", 2, 0, []int{20, 50}, []int{1, 1, 20, 12}},
		{"drafts", 2, 20, nil, []int{21, 21}},
		{"no drafts together with a prompt that soon ends", 2, 200, []int{70}, []int{1, 1, 24}},
		{"drafts together with a long prompt", 2, 20, []int{90}, []int{21, 11, 32}},
	}
	m := load(t, testmodel.SPM(1))
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			e := start(t, m, Options{Threads: 1, Ctx: 96, Parallel: 4, Batch: 96, Target: 40 * time.Millisecond, Drafts: Drafts{Max: 200, Always: true}})
			e.work.Lock()
			defer func() {
				e.running = nil
				e.work.Unlock()
			}()
			for rows := 1; rows <= 128; rows *= 2 {
				e.pace.learn(rows, time.Duration(rows)*time.Millisecond)
			}
			e.guess = func(_ *answer, n int) []int32 { return make([]int32, min(n, tt.drafted)) }
			add := func(n int, read bool) {
				g := &group{req: &Request{MaxTokens: -1}, stream: newStream(t.Context(), 0, 1), tok: m.Tokenizer}
				e.running = append(e.running, &answer{group: g, tokens: make([]int32, n), seq: e.runner.NewSeq(), order: len(e.running), read: read, drafting: &drafting{}})
			}
			for range tt.answering {
				add(1, true)
			}
			for _, n := range tt.prompts {
				add(n, false)
			}
			require.True(t, e.compose())
			var got []int
			for _, r := range e.rows {
				got = append(got, r.n)
			}
			require.Equal(t, tt.want, got)
		})
	}
}
