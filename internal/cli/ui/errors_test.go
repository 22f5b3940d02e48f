package ui

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestExitStatus(t *testing.T) {
	failure := errors.New("no luck")
	tests := []struct {
		name   string
		err    error
		status int
		stderr string
	}{
		{"none", nil, ExitOK, ""},
		{"failure", failure, ExitFailure, "alpaca: error: no luck\n"},
		{"usage", Usagef("unknown %q", "x"), ExitUsage, "alpaca: error: unknown \"x\"\n"},
		{"usage inside of another", fmt.Errorf("run: %w", Usage(failure)), ExitUsage, "alpaca: error: run: no luck\n"},
		{"hints", WithHint(Usage(WithHint(failure, "inner")), "one", "two"), ExitUsage,
			"alpaca: error: no luck\nalpaca: hint: one\nalpaca: hint: two\nalpaca: hint: inner\n"},
		{"interrupted", fmt.Errorf("x: %w", ErrInterrupted), ExitInterrupted, ""},
		{"cancelled", context.Canceled, ExitInterrupted, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var stderr bytes.Buffer
			require.Equal(t, tt.status, (&UI{Err: &stderr}).ExitStatus(tt.err))
			require.Equal(t, tt.stderr, stderr.String())
		})
	}
}

func TestQuoteList(t *testing.T) {
	for want, list := range map[string][]string{
		``:                 nil,
		`"a"`:              {"a"},
		`"a" or "b"`:       {"a", "b"},
		`"a", "b" or "\""`: {"a", "b", `"`},
	} {
		require.Equal(t, want, QuoteList(list, "or"))
	}
}
