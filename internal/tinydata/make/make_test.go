package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"alpaca/internal/cli/clitest"
	"alpaca/internal/gguf"
	"alpaca/internal/tinydata"
)

var update = flag.Bool("update", false, "rewrite testdata/short.sha256")

// short is a recipe that takes a second. The SHA-256 of its model is in testdata.
var short = recipe{seed: 1, shape: "32x2", vocab: 320, length: 64, rows: 4, typ: "Q8_0", stages: []stage{
	{mix: "all", examples: 300, tokens: "1500", rate: "3e-3", heldOut: "0.05", updates: 3},
	{mix: "copying", examples: 200, tokens: "800", rate: "2e-3", lowest: "1e-3", schedule: "linear", warmup: 2, heldOut: "0.05", rounded: true},
}}

const shortSum = "testdata/short.sha256"

// TestSameFile makes a model with a short recipe, as "make model" does with the real recipe.
// The file must be the same with 1, 2 and 16 threads, on every CPU, with and without assembly.
func TestSameFile(t *testing.T) {
	counts := []int{1, 2, 16}
	if testing.Short() {
		counts = []int{2}
	}
	for _, threads := range counts {
		dir := t.TempDir()
		for i := range short.stages {
			require.NoError(t, short.writeText(dir, i))
			for _, args := range append(short.round(dir, i, threads), short.train(dir, i, false, threads)) {
				clitest.Succeed(t, args...)
			}
		}
		out := filepath.Join(dir, "model.gguf")
		clitest.Succeed(t, short.quantize(dir, out, threads)...)
		sum, _, err := sumOf(out)
		require.NoError(t, err)
		if *update {
			require.NoError(t, os.WriteFile(shortSum, []byte(sum+"\n"), 0o644))
			*update = false
		}
		want, err := os.ReadFile(shortSum)
		require.NoError(t, err)
		require.Equal(t, strings.TrimSpace(string(want)), sum, "%d threads", threads)
		f, err := gguf.Open(out)
		require.NoError(t, err)
		defer f.Close()
		name, _, err := f.String("general.name")
		require.NoError(t, err)
		require.Equal(t, "Alpaca Tiny", name)
	}
}

// TestMixes checks that the mixes of the recipe's stages exist.
func TestMixes(t *testing.T) {
	for _, s := range shipped.stages {
		_, err := tinydata.FindMix(s.mix)
		require.NoError(t, err)
	}
}

// TestClaim checks that a folder cannot be used with two recipes.
func TestClaim(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, short.claim(dir))
	require.NoError(t, short.claim(dir))
	other := short
	other.seed = 2
	require.ErrorContains(t, other.claim(dir), "belongs to another recipe")
	text, err := os.ReadFile(filepath.Join(dir, "recipe.txt"))
	require.NoError(t, err)
	require.Equal(t, fmt.Sprintf("%+v\n", short), string(text))
}
