package ref

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"alpaca/internal/store/advice"
)

func TestParse(t *testing.T) {
	for _, tt := range []struct{ text, want string }{
		{"hf:owner/repo", "hf:owner/repo"},
		{"hf:o.w-n_er/Re.po-1_GGUF:Q4_K_M", "hf:o.w-n_er/Re.po-1_GGUF:Q4_K_M"},
		{"hf:owner/repo:q4_k_m@v1.0", "hf:owner/repo:q4_k_m@v1.0"},
		{"hf:owner/repo@refs/pr/1", "hf:owner/repo@refs/pr/1"},
		{"hf:owner/repo@main", "hf:owner/repo"},
		{"hf:owner/repo/sub dir/file.gguf", "hf:owner/repo/sub dir/file.gguf"},
		{"hf.co/owner/repo:Q8_0", "hf:owner/repo:Q8_0"},
		{"huggingface.co/owner/repo", "hf:owner/repo"},
		{"https://huggingface.co/owner/repo", "hf:owner/repo"},
		{"https://huggingface.co/owner/repo/", "hf:owner/repo"},
		{"https://huggingface.co/owner/repo/tree/dev", "hf:owner/repo@dev"},
		{"https://huggingface.co/owner/repo/resolve/main/a/b.gguf?download=true", "hf:owner/repo/a/b.gguf"},
		{"https://huggingface.co/owner/repo/blob/main/a%20b.gguf", "hf:owner/repo/a b.gguf"},
		{"https://huggingface.co/owner/repo/blob/main/a@b.gguf", "hf:owner/repo/a@b.gguf@main"},
		{"hf:owner/repo/a@b.gguf@dev", "hf:owner/repo/a@b.gguf@dev"},
		{"owner/repo:Q4_0", "hf:owner/repo:Q4_0"},
		{"ollama:llama3.2", "ollama:llama3.2:latest"},
		{"ollama:llama3.2:1b", "ollama:llama3.2:1b"},
		{"ollama:library/llama3.2:1b", "ollama:llama3.2:1b"},
		{"ollama:me/mine", "ollama:me/mine:latest"},
		{"ollama:localhost:5000/me/mine:x", "ollama:localhost:5000/me/mine:x"},
		{"ollama:hf.co/owner/repo:Q4_K_M", "ollama:hf.co/owner/repo:Q4_K_M"},
		{"https://example.org/a/model.gguf?x=1#part", "https://example.org/a/model.gguf?x=1"},
		{"http://127.0.0.1:1/m.gguf", "http://127.0.0.1:1/m.gguf"},
		{"lmstudio:owner/repo/m.gguf", "lmstudio:owner/repo/m.gguf"},
	} {
		r, err := Parse(tt.text)
		require.NoError(t, err, tt.text)
		require.Equal(t, tt.want, r.String())
		again, err := Parse(r.String())
		require.NoError(t, err)
		require.Equal(t, r.String(), again.String())
	}
}

func TestParseRefuses(t *testing.T) {
	for _, text := range []string{
		"", "hf:", "model", "hf:owner", "hf:owner/", "hf:/repo", "hf:ow--ner/repo", "hf:owner/re..po", "hf:-owner/repo", "hf:owner./repo", "hf:owner/repo:",
		"hf:owner/repo:Q4 0", "hf:owner/repo:../x", "hf:owner/" + strings.Repeat("r", 97), "hf:owner/repo/../../x", "hf:owner/repo/a\\b", "hf:owner/repo//x",
		"hf:owner/repo/C:/x", "hf:owner/repo/CON", "hf:owner/repo/aux.gguf", "hf:owner/repo/a\x00b", "hf:owner/repo/x.", "hf:owner/repo/" + strings.Repeat("f", 300),
		"hf:owner/repo@../main", "hf:owner/repo@", "hf:owner/repo@/etc",
		"ollama:", "ollama:../x", "ollama:a/b/c/d", "ollama:name:", "ollama:name:a/b", "ollama:.hidden", "ollama:ns/..:x", "ollama:a..b", "ollama:/etc/passwd",
		"ftp://host/x.gguf", "https:///x.gguf", "https://host", "https://host/", "https://host/../x", "https://host/a%5cb", "https://user:pw@host/x.gguf",
		"lmstudio:owner/repo", "lmstudio:owner/repo/x@1", strings.Repeat("x", 5000),
	} {
		r, err := Parse(text)
		require.Error(t, err, "%q is %v", text, r)
		require.NotContains(t, err.Error(), "pw@")
	}
	_, err := Parse("model")
	require.Contains(t, advice.Of(err), "hf:owner/repo")
}

func TestCheckDigest(t *testing.T) {
	hash := strings.Repeat("0f", 32)
	got, err := CheckDigest("sha256:" + hash)
	require.NoError(t, err)
	require.Equal(t, hash, got)
	for _, bad := range []string{"", hash, "sha256:", "sha256:" + hash[1:], "sha256:" + strings.ToUpper(hash), "sha256:../../../../etc/passwd", "sha1:" + hash, "sha256:" + hash + "0"} {
		_, err := CheckDigest(bad)
		require.Error(t, err, bad)
	}
}

func TestIsName(t *testing.T) {
	for _, name := range []string{"hf:a/b", "hf.co/a/b", "ollama:a", "https://a/b", "http://a/b", "lmstudio:a/b/c", "huggingface.co/a/b"} {
		require.True(t, IsName(name), name)
	}
	for _, p := range []string{"a/b", "model.gguf", "C:\\x", "./hf", "ollama", ""} {
		require.False(t, IsName(p), p)
	}
}

// FuzzParse checks that a parsed name is safe in a path, and that its canonical form is parsed to
// the same Ref.
func FuzzParse(f *testing.F) {
	for _, s := range []string{"hf:owner/repo:Q4_0@main", "ollama:localhost:1/a/b:c", "https://h/a/b.gguf?q", "hf:a/b/../c", "lmstudio:a/b/c", "https://huggingface.co/a/b/resolve/x/y"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		r, err := Parse(text)
		if err != nil {
			return
		}
		for _, part := range []string{r.Owner, r.Repo, r.File, r.Revision, r.Namespace, r.Model, r.Tag} {
			for _, piece := range strings.Split(part, "/") {
				if piece == ".." || strings.ContainsAny(piece, "\\\x00") {
					t.Fatalf("%q has the part %q", text, part)
				}
			}
		}
		again, err := Parse(r.String())
		require.NoError(t, err, "%q became %q", text, r.String())
		require.Equal(t, r.String(), again.String())
	})
}
