package model_test

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"alpaca/internal/gguf"
	"alpaca/internal/lora"
	"alpaca/internal/lora/peft"
	"alpaca/internal/model"
	"alpaca/internal/quant"
)

// TestPEFTCases compares the logits of models that have adapters of peft with the logits that peft
// computes. test/peer/peft_cases.py writes the adapters into a folder. Each adapter is read
// directly, and again after it was written as GGUF.
func TestPEFTCases(t *testing.T) {
	dir := os.Getenv("ALPACA_PEFT_CASES")
	if dir == "" {
		t.Skip("ALPACA_PEFT_CASES is not set")
	}
	paths, err := filepath.Glob(filepath.Join(dir, "*", "case.json"))
	require.NoError(t, err)
	require.NotEmpty(t, paths)
	for _, path := range paths {
		folder := filepath.Dir(path)
		t.Run(filepath.Base(folder), func(t *testing.T) {
			raw, err := os.ReadFile(path)
			require.NoError(t, err)
			var c struct {
				Model  string
				Tokens []int32
				Logits [][]float64
				Moved  float64
			}
			require.NoError(t, json.Unmarshal(raw, &c))
			name, variant := strings.TrimSuffix(filepath.Base(c.Model), ".gguf"), ""
			if name == "phi4mini" {
				variant = "short factors" // torch uses the short factors for these texts, because they are short
			}
			m := loadVariant(t, name, variant)
			a, err := peft.Read(folder, peftBase(m))
			require.NoError(t, err)
			written := filepath.Join(t.TempDir(), "adapter.gguf")
			require.NoError(t, a.Write(written, quant.F32, nil))
			f, err := gguf.Open(written)
			require.NoError(t, err)
			defer f.Close()
			again, err := lora.Read(f)
			require.NoError(t, err)
			for i, a := range []*lora.Adapter{a, again} {
				with, err := m.WithLoRA(a, 1)
				require.NoError(t, err)
				f32 := quant.F32
				s := session(t, with, model.SessionOptions{Threads: 2, CacheK: &f32, CacheV: &f32})
				worst := 0.0
				for j, x := range allLogits(t, s, c.Tokens) {
					if row, col := j/m.Config.VocabSize, j%m.Config.VocabSize; col < len(c.Logits[row]) {
						worst = max(worst, math.Abs(float64(x)-c.Logits[row][col]))
					}
				}
				t.Logf("form %d: largest difference %.1e; the model without the adapter differs by %.1f", i, worst, c.Moved)
				require.Less(t, worst, hfToleranceOf(name))
			}
		})
	}
}
