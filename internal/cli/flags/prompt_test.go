package flags

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestUnescape(t *testing.T) {
	tests := []struct{ in, want string }{
		{``, ``},
		{`plain`, `plain`},
		{`a\nb\tc\rd`, "a\nb\tc\rd"},
		{`\"\'\\n`, `"'\n`},
		{`\x41\xe7\xbe\x8a`, "A羊"},
		{`\x4`, `\x4`},
		{`\xzz`, `\xzz`},
		{`\q\`, `\q\`},
	}
	for _, tt := range tests {
		require.Equal(t, tt.want, Unescape(tt.in), tt.in)
	}
}
