package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"alpaca/internal/model"
	"alpaca/internal/sampler"
	"alpaca/internal/testmodel"
)

// known returns an engine, a request that makes the engine write text, and the text's
// tokens. The engine drafts the right tokens, so one step samples many of them.
func known(t *testing.T, m *model.Model, text string) (*Engine, Request, []int32) {
	t.Helper()
	say := m.Tokenizer.Encode(text, false, false)
	require.Greater(t, len(say), 20)
	e := start(t, m, Options{Threads: 1, Ctx: 200, Parallel: 3, Drafts: Drafts{Always: true, NoLookup: true, NoForced: true}})
	e.guess = func(a *answer, n int) []int32 {
		rest := say[min(a.result.GeneratedTokens, len(say)):]
		return rest[:min(n, len(rest))]
	}
	req := greedy(m, "a llama", len(say))
	req.Grammar = func() sampler.Grammar { return &script{say: say} }
	return e, req, say
}

const longText = "the llama and the alpaca was on a the llama and the alpaca was on a llama, and in an ear"

// TestCancelledAhead checks that a cancelled request counts only the tokens that its reader got,
// and not tokens that the engine has sampled ahead or held back. The request is cancelled by
// Cancel or by its context.
func TestCancelledAhead(t *testing.T) {
	m := load(t, testmodel.SPM(1))
	e, req, say := known(t, m, longText)
	broken := errors.New("broken")
	unread := 0
	for _, stop := range [][]string{nil, {"a llama, and never"}} {
		for _, window := range []int{1, 4, 256} {
			for _, answers := range []int{1, 3} {
				for _, n := range []int{0, 1, 2, 7, len(say) - 1, len(say), 3 * len(say)} {
					for _, byContext := range []bool{false, true} {
						name := fmt.Sprint(stop, window, answers, n, byContext)
						ctx, cancel := context.WithCancel(t.Context())
						req := req
						req.Stop, req.Window, req.N = stop, window, answers
						s, err := e.Submit(ctx, req)
						require.NoError(t, err)
						end := s.Cancel
						if byContext {
							end = cancel
						}
						if n == 0 {
							end()
						}
						got := make([][]int32, answers)
						read := 0
						for tok, ok := s.Next(); ok; tok, ok = s.Next() {
							got[tok.Index] = append(got[tok.Index], tok.ID)
							if read++; read == n {
								end()
							}
						}
						require.NoError(t, s.Err())
						require.Equal(t, min(n, answers*len(say)), read, name)
						for i, r := range s.Results() {
							require.Equal(t, say[:len(got[i])], append([]int32{}, got[i]...), name)
							require.Equal(t, len(got[i]), r.GeneratedTokens, name)
							require.LessOrEqual(t, r.DraftTokens, len(got[i]), "%s: all drafts are right, and drafted tokens that were not read must not count", name)
							require.Equal(t, r.DraftTokens, r.DraftAccepted, name)
							require.Equal(t, len(got[i]) < len(say), r.Reason == Interrupt, name)
							unread += r.Unread
						}
						cancel()
					}
				}
			}
		}
	}
	require.Positive(t, unread, "no token was sampled ahead, so this test checks nothing")

	// With Run, a text holds only the tokens that were emitted.
	for n := 1; n < len(say); n += 3 {
		for _, fails := range []bool{false, true} {
			ctx, cancel := context.WithCancel(t.Context())
			text := e.NewText()
			var got []int32
			r, err := text.Run(ctx, req, func(t Token) error {
				if got = append(got, t.ID); len(got) == n {
					if fails {
						return broken
					}
					cancel()
				}
				return nil
			})
			if fails {
				require.ErrorIs(t, err, broken)
			} else {
				require.NoError(t, err)
				require.Equal(t, Interrupt, r.Reason)
			}
			require.Equal(t, n, r.GeneratedTokens)
			require.Equal(t, say[:n], got)
			all := slices.Concat(req.Prompt, got)
			require.LessOrEqual(t, text.Len(), len(all))
			require.GreaterOrEqual(t, text.Len(), len(all)-1)
			require.Equal(t, all[:text.Len()], text.Tokens(), "the text must hold only tokens that the reader got")
			text.Truncate(0)
			cancel()
		}
	}
	requireFree(t, e)
}

// TestCancelledMeanwhile does what TestCancelledAhead does, but another goroutine cancels the
// request at any moment.
func TestCancelledMeanwhile(t *testing.T) {
	m := load(t, testmodel.SPM(1))
	e, req, say := known(t, m, longText)
	for i := range 200 {
		ctx, cancel := context.WithCancel(t.Context())
		req.Window = 1 + i%3*8
		s, err := e.Submit(ctx, req)
		require.NoError(t, err)
		began := make(chan struct{}) // closed once the reader has read enough tokens
		go func() {
			<-began
			cancel()
		}()
		read := 0
		for _, ok := s.Next(); ok; _, ok = s.Next() {
			if read++; read == 1+i%len(say) {
				close(began)
			}
		}
		r := s.Results()[0]
		require.Equal(t, read, r.GeneratedTokens)
		require.Equal(t, read < len(say), r.Reason == Interrupt, r.Reason)
		<-ctx.Done()
	}
	requireFree(t, e)
}

// TestReadDrafts checks which drafts of a cancelled answer count.
func TestReadDrafts(t *testing.T) {
	for _, tt := range []struct{ read, tokens, accepted int }{
		{0, 0, 0},
		{5, 0, 0}, // all tokens come before the first draft
		{6, 1, 1},
		{8, 3, 3},   // the accepted tokens
		{9, 10, 3},  // one token takes the place of the first wrong token
		{10, 10, 3}, // a token without a draft
		{11, 14, 3}, // a draft whose first token is wrong
		{12, 15, 4},
		{20, 17, 6},
	} {
		var r Result
		for _, d := range []draft{{5, 10, 3}, {10, 4, 0}, {11, 3, 3}} {
			r.addDraft(d)
		}
		require.Equal(t, 17, r.DraftTokens)
		require.Equal(t, 6, r.DraftAccepted)
		r.readDrafts(tt.read)
		require.Equal(t, []int{tt.tokens, tt.accepted}, []int{r.DraftTokens, r.DraftAccepted}, "%d tokens read", tt.read)
	}
}
