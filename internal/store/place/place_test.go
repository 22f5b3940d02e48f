package place

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestFind(t *testing.T) {
	home := filepath.FromSlash("/home/me")
	slash := func(s string) string { return filepath.FromSlash(s) }
	for _, tt := range []struct {
		name     string
		env      map[string]string
		system   string
		hub, own string
		ollama   string // the first of Ollama's folders
	}{
		{"nothing set", nil, "linux", "/home/me/.cache/huggingface/hub", "/home/me/.local/share/alpaca/models", "/home/me/.ollama/models"},
		{"ours first", map[string]string{"ALPACA_HF_CACHE": "/a", "HF_HUB_CACHE": "/b", "HF_HOME": "/c", "ALPACA_MODELS": "/m"}, "linux", "/a", "/m", "/home/me/.ollama/models"},
		{"the Hub's", map[string]string{"HF_HUB_CACHE": "/b", "HUGGINGFACE_HUB_CACHE": "/c", "HF_HOME": "/d"}, "linux", "/b", "/home/me/.local/share/alpaca/models", "/home/me/.ollama/models"},
		{"older", map[string]string{"HUGGINGFACE_HUB_CACHE": "/c", "HF_HOME": "/d"}, "linux", "/c", "/home/me/.local/share/alpaca/models", "/home/me/.ollama/models"},
		{"HF_HOME", map[string]string{"HF_HOME": "~/d", "XDG_CACHE_HOME": "/e", "OLLAMA_MODELS": "/o"}, "linux", "/home/me/d/hub", "/home/me/.local/share/alpaca/models", "/o"},
		{"XDG", map[string]string{"XDG_CACHE_HOME": "/e", "XDG_DATA_HOME": "/f"}, "linux", "/e/huggingface/hub", "/f/alpaca/models", "/home/me/.ollama/models"},
		{"macOS", nil, "darwin", "/home/me/.cache/huggingface/hub", "/home/me/Library/Application Support/alpaca/models", "/home/me/.ollama/models"},
		{"Windows", map[string]string{"LocalAppData": "/l"}, "windows", "/home/me/.cache/huggingface/hub", "/l/alpaca/models", "/home/me/.ollama/models"},
	} {
		p := find(func(name string) string { return slash(tt.env[name]) }, home, tt.system)
		require.Equal(t, slash(tt.hub), p.Hub, tt.name)
		require.Equal(t, slash(tt.own), p.Own, tt.name)
		require.Equal(t, slash(tt.ollama), p.Ollama[0], tt.name)
		require.Equal(t, []string{p.Hub}, p.Hubs)
	}
	p := find(func(name string) string { return map[string]string{"LLAMA_CACHE": "/l"}[name] }, home, "linux")
	require.Equal(t, []string{p.Hub, "/l"}, p.Hubs, "the cache of llama.cpp must be read, too")
}

func TestToken(t *testing.T) {
	path := filepath.Join(t.TempDir(), "token")
	require.NoError(t, os.WriteFile(path, []byte(" of-file\n"), 0o600))
	p := Places{Tokens: []string{path + "-absent", path}}
	for _, tt := range []struct {
		env  map[string]string
		want string
	}{
		{nil, "of-file"},
		{map[string]string{"HUGGING_FACE_HUB_TOKEN": "old"}, "old"},
		{map[string]string{"HUGGING_FACE_HUB_TOKEN": "old", "HF_TOKEN": "new\n"}, "new"},
		{map[string]string{"HF_HUB_DISABLE_IMPLICIT_TOKEN": "1"}, ""},
		{map[string]string{"HF_HUB_DISABLE_IMPLICIT_TOKEN": "yes", "HF_TOKEN": "x"}, "x"},
		{map[string]string{"HF_TOKEN": "a\nHost: evil"}, "of-file"},
	} {
		require.Equal(t, tt.want, p.TokenOf(func(name string) string { return tt.env[name] }))
	}
	require.Empty(t, Places{}.TokenOf(func(string) string { return "" }))
	require.Equal(t, "HF_HUB_OFFLINE", OfflineBy(func(name string) string { return map[string]string{"HF_HUB_OFFLINE": "true"}[name] }))
	require.Empty(t, OfflineBy(func(string) string { return "0" }))
}
