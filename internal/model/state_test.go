package model_test

import (
	"bytes"
	"context"
	"errors"
	"testing"

	"alpaca/internal/model"
	"alpaca/internal/quant"

	"github.com/stretchr/testify/require"
)

func TestStateGivesTheSameBits(t *testing.T) {
	shape := small
	shape.keyDim, shape.valueDim = 32, 64
	m := shape.load(t)
	for _, typ := range []quant.Type{quant.F32, quant.F16, quant.Q8_0, quant.Q5_1, quant.Q4_0} {
		for _, n := range []int{0, 1, 31, 32, 33, 70} {
			opt := model.SessionOptions{CacheK: &typ, CacheV: &typ}
			tokens := shape.prompt(80)
			s := session(t, m, opt)
			want := allLogits(t, s, tokens)
			var state bytes.Buffer
			require.NoError(t, s.SaveState(&state, n))
			perToken := 4 + 2*2*(typ.RowBytes(32)+typ.RowBytes(64)) // 2 layers, 2 heads
			require.Equal(t, 40+n*perToken, state.Len())

			s = session(t, m, opt)
			_, err := s.Eval(context.Background(), []int32{9, 9, 9}, nil)
			require.NoError(t, err)
			require.NoError(t, s.LoadState(bytes.NewReader(state.Bytes())))
			require.Equal(t, tokens[:n], append([]int32{}, s.Tokens()...))
			logits, err := s.Eval(context.Background(), tokens[n:], nil)
			require.NoError(t, err)
			require.Equal(t, want[len(want)-shape.vocab:], logits)
		}
	}
}

func TestBadStatesAreRefused(t *testing.T) {
	m := small.load(t)
	s := session(t, m, model.SessionOptions{})
	_, err := s.Eval(context.Background(), small.prompt(40), nil)
	require.NoError(t, err)
	var state bytes.Buffer
	require.NoError(t, s.SaveState(&state, s.Pos()))
	for _, n := range []int{0, 1, 39, 40, 100, 201, 1000, state.Len() - 1} {
		require.Error(t, s.LoadState(bytes.NewReader(state.Bytes()[:n])), "%d bytes", n)
		require.Zero(t, s.Pos())
	}
	for _, at := range []int{0, 4, 8, 12, 16, 20, 24, 28, 43} {
		bad := bytes.Clone(state.Bytes())
		bad[at] ^= 0x81
		require.Error(t, s.LoadState(bytes.NewReader(bad)), "byte %d", at)
	}
	short := session(t, m, model.SessionOptions{Ctx: 39})
	require.ErrorContains(t, short.LoadState(bytes.NewReader(state.Bytes())), "40 tokens do not fit the context of 39")
	require.NoError(t, s.LoadState(&state))
	require.ErrorContains(t, s.SaveState(failing{}, s.Pos()), "disk full")
}

type failing struct{}

func (failing) Write([]byte) (int, error) { return 0, errors.New("disk full") }
