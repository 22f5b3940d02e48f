package chat

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// FuzzMessages checks that a request which ParseRequest accepts is a conversation: it has messages,
// and the template shows the first message if that message is the user's.
func FuzzMessages(f *testing.F) {
	f.Add([]byte(`{"messages":[{"role":"user","content":"hi"}]}`))
	f.Add([]byte(`[{"role":"user","content":[{"type":"text","text":"hi"}]}]`))
	f.Add([]byte(`[null]`))
	f.Add([]byte(`{"messages":[{"role":"assistant","content":null,"tool_calls":[{"function":{"name":"f","arguments":"{}"}}]}],"tools":[]}`))
	tok := vocab(f, true)
	tmpl, err := Builtin("chatml", tok)
	require.NoError(f, err)
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := ParseRequest(data)
		if err != nil {
			return
		}
		require.NotEmpty(t, r.Messages)
		tmpl, err := tmpl.With(Settings{Tools: r.Tools, Kwargs: r.Kwargs})
		if err != nil {
			return
		}
		text, err := tmpl.Text(r.Messages)
		if err == nil && r.Messages[0].Role == User {
			require.Contains(t, text, r.Messages[0].Content)
		}
	})
}
