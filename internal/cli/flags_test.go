package cli

import (
	"testing"

	"github.com/stretchr/testify/require"

	"alpaca/internal/cli/flags"
	"alpaca/internal/cli/run"
	"alpaca/internal/cli/ui"
)

func TestExpandSingleDash(t *testing.T) {
	tests := []struct {
		name       string
		args, want []string
	}{
		{"flag and value", []string{"run", "-ngl", "9", "-ctk", "f32"}, []string{"run", "--gpu-layers", "9", "--cache-type-k", "f32"}},
		{"with =", []string{"run", "-ctk=f32"}, []string{"run", "--cache-type-k=f32"}},
		{"a value that looks like a flag", []string{"run", "-p", "-ngl", "-n", "-1"}, []string{"run", "-p", "-ngl", "-n", "-1"}},
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
			require.Equal(t, tt.want, flags.ExpandSingleDash(newRoot(&ui.UI{}, ""), tt.args))
		})
	}
}

func TestNearestFlag(t *testing.T) {
	fs := run.New(&ui.UI{}).Flags()
	tests := []struct{ name, want string }{
		{"tmep", "temp"},
		{"temperatur", "temp"},
		{"promt", "prompt"},
		{"n_predic", "predict"},
		{"top-k-", "top-k"},
		{"threds", "threads"},
		{"verbose-promt", "verbose-prompt"},
		{"reverse-promt", "stop"},
		{"mlok", ""}, // ignored flags are not suggested
		{"xyzzy", ""},
	}
	fs.SetNormalizeFunc(flags.Normalize)
	for _, tt := range tests {
		require.Equal(t, tt.want, flags.Nearest(fs, tt.name), tt.name)
	}
}

// TestFirstCommand checks that firstCommand finds the command that a
// command line begins with. It also checks that a command has the same
// usage whether newRoot makes this command alone or all commands.
func TestFirstCommand(t *testing.T) {
	all := newRoot(&ui.UI{}, "")
	require.Greater(t, len(commands), 25)
	for _, c := range commands {
		require.Equal(t, c.name, firstCommand([]string{c.name, "-h"}))
		alone, _, err := newRoot(&ui.UI{}, c.name).Find([]string{c.name})
		require.NoError(t, err)
		among, _, err := all.Find([]string{c.name})
		require.NoError(t, err)
		require.Equal(t, c.name, alone.Name())
		require.Equal(t, among.UsageString(), alone.UsageString())
	}
	for _, args := range [][]string{nil, {"--help"}, {"help", "run"}, {"rnu"}, {"info"}, {"__complete", "r"}} {
		require.Empty(t, firstCommand(args))
	}
}
