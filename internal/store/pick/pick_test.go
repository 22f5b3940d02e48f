package pick

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"alpaca/internal/store/advice"
	"alpaca/internal/store/ref"
)

func files(paths ...string) (list []File) {
	for i, p := range paths {
		list = append(list, File{p, int64(i + 1)})
	}
	return list
}

func TestQuantOf(t *testing.T) {
	for name, want := range map[string]string{
		"a/Model-7B.Q4_K_M.gguf": "Q4_K_M", "model-q8_0.gguf": "Q8_0", "model-F16.gguf": "F16", "m-BF16.gguf": "BF16", "model.gguf": "", "model-7B-Instruct.gguf": "",
		"m-Q4_0-00001-of-00003.gguf": "Q4_0", "m-IQ2_XXS.gguf": "IQ2_XXS", "m-MXFP4_MOE.gguf": "MXFP4_MOE", "Q4_0.gguf": "",
	} {
		require.Equal(t, want, QuantOf(name), name)
	}
}

func TestChoose(t *testing.T) {
	repo := files("README.md", "m-Q8_0.gguf", "m-Q4_K_M.gguf", "m-Q4_K_S.gguf", "mmproj-F16.gguf", "m.imatrix.gguf", "m-UD-Q4_K_XL.gguf",
		"big/m-F16-00001-of-00003.gguf", "big/m-F16-00002-of-00003.gguf", "big/m-F16-00003-of-00003.gguf")
	for _, tt := range []struct {
		name  string
		files []File
		want  string // the expected path, or a part of the expected error
		parts int
	}{
		{"hf:a/b", repo, "m-Q4_K_M.gguf", 1},
		{"hf:a/b:q8_0", repo, "m-Q8_0.gguf", 1},
		{"hf:a/b:Q4_K", repo, "a/b has no Q4_K", 0},
		{"hf:a/b:Q4_K_XL", repo, "m-UD-Q4_K_XL.gguf", 1},
		{"hf:a/b:UD-Q4_K_XL", repo, "m-UD-Q4_K_XL.gguf", 1},
		{"hf:a/b:.*", repo, "", 0},
		{"hf:a/b:F16", repo, "big/m-F16-00001-of-00003.gguf", 3},
		{"hf:a/b/big/m-F16-00002-of-00003.gguf", repo, "big/m-F16-00001-of-00003.gguf", 3},
		{"hf:a/b/x.gguf", repo, "no model \"x.gguf\"", 0},
		{"hf:a/b", files("model.safetensors"), "no GGUF file", 0},
		{"hf:a/b", files("only.gguf"), "only.gguf", 1},
		{"hf:a/b", files("x/m-Q4_0.gguf", "y/m-Q4_0.gguf"), "2 models with Q4_0", 0},
		{"hf:a/b:Q4_0", files("x/m-Q4_0.gguf", "y/m-Q4_0.gguf"), "2 models with Q4_0", 0},
		{"hf:a/b/y/m-Q4_0.gguf", files("x/m-Q4_0.gguf", "y/m-Q4_0.gguf"), "y/m-Q4_0.gguf", 1},
		{"hf:a/b", files("m-F16.gguf", "m-Q2_K.gguf"), "2 models: F16, Q2_K", 0},
		{"hf:a/b", files("m-Q4_K_M.gguf", "m-Q8_0-00001-of-00001.gguf"), "m-Q4_K_M.gguf", 1},
	} {
		r, err := ref.Parse(tt.name)
		if tt.want == "" {
			require.Error(t, err)
			continue
		}
		require.NoError(t, err)
		models, err := Models(tt.files, false)
		require.NoError(t, err)
		m, err := Choose(r, models)
		if tt.parts == 0 {
			require.ErrorContains(t, err, tt.want, tt.name)
			continue
		}
		require.NoError(t, err, tt.name)
		require.Equal(t, tt.want, m.Path())
		require.Len(t, m.Files, tt.parts)
	}
	models, _ := Models(repo, false)
	_, err := Choose(ref.Ref{Owner: "a", Repo: "b", Quant: "Q4_K"}, models)
	require.Equal(t, "it has F16, Q4_K_M, Q4_K_S, Q8_0, Q4_K_XL", advice.Of(err))
}

// TestParts checks that a split model with a missing part is an error.
func TestParts(t *testing.T) {
	part := func(i, n int) string { return fmt.Sprintf("m-Q4_0-%05d-of-%05d.gguf", i, n) }
	for _, tt := range []struct {
		files []File
		want  string
	}{
		{files(part(1, 3), part(3, 3)), part(2, 3)},
		{files(part(2, 3), part(3, 3)), part(1, 3)},
		{files(part(1, 2)), part(2, 2)},
		{files(part(0, 2), part(1, 2), part(2, 2)), part(1, 2)},
		{files(part(1, 2), part(2, 2), part(3, 2)), "has 3 parts"},
	} {
		_, err := Models(tt.files, false)
		require.ErrorContains(t, err, tt.want)
		list, err := Models(append(tt.files, File{"a-Q4_0.gguf", 1}), true)
		require.NoError(t, err)
		require.Len(t, list, 1)
	}
}
