package main

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestExpandSingleDash(t *testing.T) {
	tests := []struct {
		name       string
		args, want []string
	}{
		{"flag and value", []string{"run", "-ngl", "9", "-ctk", "f32"}, []string{"run", "--gpu-layers", "9", "--cache-type-k", "f32"}},
		{"with =", []string{"run", "-ctk=f32"}, []string{"run", "--cache-type-k=f32"}},
		{"what only looks like one is a value", []string{"run", "-p", "-ngl", "-n", "-1"}, []string{"run", "-p", "-ngl", "-n", "-1"}},
		{"the value of a long flag", []string{"run", "--prompt", "-fa", "-fa"}, []string{"run", "--prompt", "-fa", "--flash-attn"}},
		{"a switch has no value", []string{"run", "--echo", "-fa"}, []string{"run", "--echo", "--flash-attn"}},
		{"a group of short flags", []string{"run", "-qe", "-fa"}, []string{"run", "-qe", "--flash-attn"}},
		{"a group that ends with a value", []string{"run", "-qp", "-fa"}, []string{"run", "-qp", "-fa"}},
		{"a word after a switch", []string{"run", "-fa", "on", "--color", "auto", "--numa", "isolate", "-p", "on"}, []string{"run", "--flash-attn=on", "--color=auto", "--numa=isolate", "-p", "on"}},
		{"no word after a switch", []string{"run", "-fa", "--flash_attn", "off", "--numa", "on"}, []string{"run", "--flash-attn", "--flash_attn=off", "--numa", "on"}},
		{"a word with =", []string{"run", "-fa=0", "on"}, []string{"run", "--flash-attn=0", "on"}},
		{"a list", []string{"bench", "-fa", "0,1", "-mmp", "0"}, []string{"bench", "--flash-attn", "0,1", "--mmap", "0"}},
		{"after --", []string{"run", "--", "-fa"}, []string{"run", "--", "-fa"}},
		{"unknown command", []string{"rnu", "-fa"}, []string{"rnu", "-fa"}},
		{"another command", []string{"tokenize", "-fa"}, []string{"tokenize", "-fa"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			require.Equal(t, tt.want, expandSingleDash(newRootCmd(&ui{}), tt.args))
		})
	}
}

func TestNearestFlag(t *testing.T) {
	flags := newRunCmd(&ui{}).Flags()
	tests := []struct{ name, want string }{
		{"tmep", "temp"},
		{"temperatur", "temp"},
		{"promt", "prompt"},
		{"n_predic", "predict"},
		{"top-k-", "top-k"},
		{"threds", "threads"},
		{"verbose", "verbose-prompt"},
		{"reverse-promt", "stop"},
		{"mlok", ""}, // ignored flags are not suggested
		{"xyzzy", ""},
	}
	flags.SetNormalizeFunc(normalizeFlag)
	for _, tt := range tests {
		require.Equal(t, tt.want, nearestFlag(flags, tt.name), tt.name)
	}
}

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
		require.Equal(t, tt.want, unescape(tt.in), tt.in)
	}
}

func TestByteCount(t *testing.T) {
	tests := []struct {
		n    int64
		want string
	}{
		{0, "0 B"}, {1023, "1023 B"}, {1024, "1.0 KiB"}, {1<<20 - 1, "1.0 MiB"}, {4212727017, "3.9 GiB"}, {1<<63 - 1, "8.0 EiB"},
	}
	for _, tt := range tests {
		require.Equal(t, tt.want, byteCount(tt.n))
	}
}
