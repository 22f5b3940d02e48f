package bench

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"alpaca/internal/model"
	"alpaca/internal/quant"
)

var update = flag.Bool("update", false, "rewrite the table of docs/raspberry-pi.md")

// weights returns the size in bytes of all tensors of a model of this shape. Its matrices have
// type t.
func (s *shape) weights(t quant.Type) (n int64) {
	for _, tensor := range s.tensors(t) {
		n += tensor.Bytes
	}
	return n
}

// cache returns the size in bytes of the keys and values of n tokens
// in F16. The result is right only for shapes without sliding windows.
func (s *shape) cache(n int) int64 {
	h := s.hparams()
	return int64(n) * int64(s.layers) * int64(h.NumKVHeads) * int64(h.KeyDim+h.ValueDim) * 2
}

// TestMemoryTable checks the table that shows which models fit into the memory of a board.
func TestMemoryTable(t *testing.T) {
	const (
		path       = "../../docs/raspberry-pi.md"
		begin, end = "<!-- table: made by TestMemoryTable -->\n", "<!-- end of the table -->\n"
		tokens     = 4096
		scratch    = 0.15e9 // additional bytes that the program needs for a batch of 512 tokens
	)
	// This is the memory that a system without a desktop leaves free.
	boards := []struct {
		name string
		free float64
	}{{"4 GB", 3.4e9}, {"8 GB", 7.3e9}}

	var b strings.Builder
	b.WriteString("| model | weights, Q4_0 | weights, Q8_0 | cache, F16 | cache, Q8_0 | 4 GB | 8 GB |\n|---|---:|---:|---:|---:|---|---|\n")
	for _, name := range []string{"qwen3-0.6B", "1B", "qwen3-1.7B", "smollm3-3B", "phi4-mini", "qwen3-4B", "7B", "8B", "qwen3-8B", "13B"} {
		s := shapes[slices.IndexFunc(shapes, func(s shape) bool { return s.name == name })]
		q4, q8, cache := float64(s.weights(quant.Q4_0)), float64(s.weights(quant.Q8_0)), float64(s.cache(tokens))
		label := name
		if s.arch.Name == "llama" {
			label = "llama-" + name
		}
		half := cache * float64(quant.Q8_0.BlockBytes()) / float64(quant.Q8_0.BlockLen()) / 2
		fmt.Fprintf(&b, "| %s | %.1f GB | %.1f GB | %.2f GB | %.2f GB |", label, q4/1e9, q8/1e9, cache/1e9, half/1e9)
		for _, board := range boards {
			fits := "no"
			switch {
			case q8+cache+scratch <= board.free:
				fits = "Q8_0"
			case q4+cache+scratch <= board.free:
				fits = "Q4_0"
			case q4+half+scratch <= board.free:
				fits = "Q4_0, cache Q8_0"
			}
			fmt.Fprintf(&b, " %s |", fits)
		}
		b.WriteString("\n")
	}
	page, err := os.ReadFile(path)
	require.NoError(t, err)
	before, rest, found := strings.Cut(string(page), begin)
	require.True(t, found)
	table, after, found := strings.Cut(rest, end)
	require.True(t, found)
	if *update {
		require.NoError(t, os.WriteFile(path, []byte(before+begin+b.String()+end+after), 0o644))
		return
	}
	require.Equal(t, b.String(), table, "the page is out of date: run \"make golden\" to rewrite it")
}

// TestMemoryOfShapes compares the functions weights and cache, from which the table is computed,
// with a model in memory.
func TestMemoryOfShapes(t *testing.T) {
	const layers = 2
	f, err := Synthetic(t.Context(), fmt.Sprintf("160M@%d:q4_0", layers), 0)
	require.NoError(t, err)
	m, err := model.Load(f, model.LoadOptions{NoTokenizer: true})
	require.NoError(t, err)
	defer m.Close()
	s := shapes[0]
	require.Equal(t, "160M", s.name)
	s.layers = layers
	require.Equal(t, Describe(m).Size, s.weights(quant.Q4_0))
	block, err := m.BlockBytes(model.RunnerOptions{Ctx: 4096})
	require.NoError(t, err)
	require.Equal(t, int64(block), s.cache(model.BlockLen))
}
