package run

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// FuzzMessages checks that no JSON is taken for a conversation that is none.
func FuzzMessages(f *testing.F) {
	f.Add([]byte(`{"messages":[{"role":"user","content":"hi"}]}`))
	f.Add([]byte(`[{"role":"user","content":[{"type":"text","text":"hi"}]}]`))
	f.Add([]byte(`[null]`))
	f.Fuzz(func(t *testing.T, data []byte) {
		messages, err := parseMessages(data)
		if err == nil {
			require.Equal(t, "user", messages[len(messages)-1].Role)
		}
	})
}
