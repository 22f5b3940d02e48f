package ui

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestReason(t *testing.T) {
	for text, want := range map[string]string{
		"engine: no such text": "no such text",
		"chat: a: b":           "a: b",
		"model.gguf: broken":   "model.gguf: broken",
		"broken":               "broken",
		"":                     "",
	} {
		require.Equal(t, want, Reason(errors.New(text)), text)
	}
}
