package engine

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"alpaca/internal/engine/speculate"
	"alpaca/internal/model"
	"alpaca/internal/sampler"
	"alpaca/internal/testmodel"
)

// play is a script whose words are known beforehand; errors are wrong guesses.
type play struct {
	script
	m      *model.Model
	errors int
}

func (p *play) Draft(b []byte, n int) []byte {
	for i, id := range p.say {
		piece := p.m.Tokenizer.Piece(id, false)
		if len(piece) > n {
			break
		}
		if n -= len(piece); p.errors > 0 && i == p.errors {
			piece = "??"
		}
		b = append(b, piece...)
	}
	return b
}

// alwaysDraft lets e evaluate all drafts, whether they pay or not.
func alwaysDraft(e *Engine) {
	e.work.Lock()
	defer e.work.Unlock()
	e.speculate = speculate.Always()
}

// TestDrafted: where it is known what comes next, a step makes many tokens, and what the
// text holds at its end is what it holds without drafts, wherever it ends.
func TestDrafted(t *testing.T) {
	m := load(t, testmodel.SPM(1))
	tok := m.Tokenizer
	say := tok.Encode("the llama and the alpaca was on a the llama and the alpaca was on a llama, and in an ear", false, false)
	require.Greater(t, len(say), 20)
	for _, tt := range []struct {
		ctx, max, errors int
		stop             []string
		steps            int // at most
	}{
		{ctx: 200, max: len(say), steps: 6},
		{ctx: 200, max: 7, steps: 3},
		{ctx: 200, max: len(say), errors: 2, steps: len(say)},
		{ctx: 200, max: 50, stop: []string{"was on a"}, steps: 4},
		{ctx: 30, max: len(say), steps: 12},
	} {
		var want string
		for _, opt := range []Options{{NoDrafts: true}, {}} {
			opt.Threads, opt.Ctx, opt.Parallel = 1, tt.ctx, 1
			e := start(t, m, opt)
			alwaysDraft(e)
			text := e.NewText()
			p := sampler.DefaultParams()
			p.Temp = 0
			var said []string
			result, err := text.Run(t.Context(), Request{
				Prompt: tok.Encode("a llama", true, false), MaxTokens: tt.max, Sampling: p, Stop: tt.stop, Shift: tt.ctx < 100,
				Grammar: func() sampler.Grammar { return &play{script{say: say}, m, tt.errors} },
			}, func(t Token) error {
				said = append(said, fmt.Sprint(t.ID, t.Text))
				return nil
			})
			require.NoError(t, err)
			stats := e.Stats()
			require.Equal(t, stats.DraftAccepted, int64(result.DraftAccepted))
			got := fmt.Sprint(said, result.Reason, result.GeneratedTokens, text.Tokens())
			if opt.NoDrafts {
				want = got
				require.Zero(t, stats.DraftTokens)
				continue
			}
			require.Equal(t, want, got)
			require.LessOrEqual(t, stats.Steps, int64(tt.steps), "%+v", stats)
			require.Positive(t, result.DraftAccepted)
		}
	}
}
