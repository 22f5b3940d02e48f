package sampler

import (
	"fmt"
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"alpaca/internal/gguf"
)

func TestFromFile(t *testing.T) {
	kv := func(key string, v gguf.Value) gguf.KV { return gguf.KV{Key: "general.sampling." + key, Value: v} }
	tests := []struct {
		name  string
		kv    gguf.KV
		given string
		want  func(p *Params)
		err   string
	}{
		{"top_k", kv("top_k", gguf.I32(1)), "", func(p *Params) { p.TopK = 1 }, ""},
		{"top_k as u64", kv("top_k", gguf.U64(20)), "temp", func(p *Params) { p.TopK = 20 }, ""},
		{"top_k as f32", kv("top_k", gguf.F32(20)), "", func(p *Params) { p.TopK = 20 }, ""},
		{"all", kv("top_k", gguf.I32(-1)), "", func(p *Params) { p.TopK = -1 }, ""},
		{"top_p", kv("top_p", gguf.F32(0.5)), "", func(p *Params) { p.TopP = 0.5 }, ""},
		{"min_p", kv("min_p", gguf.F32(0)), "", func(p *Params) { p.MinP = 0 }, ""},
		{"xtc_probability", kv("xtc_probability", gguf.F32(0.25)), "", func(p *Params) { p.XTCProbability = 0.25 }, ""},
		{"xtc_threshold", kv("xtc_threshold", gguf.F32(0.25)), "", func(p *Params) { p.XTCThreshold = 0.25 }, ""},
		{"temp", kv("temp", gguf.F64(0.5)), "", func(p *Params) { p.Temp = 0.5 }, ""},
		{"temp as an integer", kv("temp", gguf.U8(1)), "", func(p *Params) { p.Temp = 1 }, ""},
		{"penalty_last_n", kv("penalty_last_n", gguf.I32(-1)), "", func(p *Params) { p.RepeatLastN = -1 }, ""},
		{"penalty_repeat", kv("penalty_repeat", gguf.F32(1.75)), "", func(p *Params) { p.RepeatPenalty = 1.75 }, ""},
		{"mirostat", kv("mirostat", gguf.I32(2)), "", func(p *Params) { p.Mirostat = 2 }, ""},
		{"mirostat_tau", kv("mirostat_tau", gguf.F32(3)), "", func(p *Params) { p.MirostatTau = 3 }, ""},
		{"mirostat_eta", kv("mirostat_eta", gguf.F32(0.5)), "", func(p *Params) { p.MirostatEta = 0.5 }, ""},
		{"names", kv("sequence", gguf.Str("top-k;Temp")), "", func(p *Params) { p.Samplers = []Name{TopK, Temperature} }, ""},
		{"a name", kv("sequence", gguf.Str("temp")), "", func(p *Params) { p.Samplers = []Name{Temperature} }, ""},
		{"letters", kv("sequence", gguf.Str("kpt")), "", func(p *Params) { p.Samplers = []Name{TopK, TopP, Temperature} }, ""},

		{"a flag overrides the file", kv("temp", gguf.F32(0)), "temp", func(*Params) {}, ""},
		{"the flag for letters overrides the file", kv("sequence", gguf.Str("k")), "sampler-seq", func(*Params) {}, ""},
		{"a flag with another name", kv("penalty_repeat", gguf.F32(2)), "repeat-penalty", func(*Params) {}, ""},
		{"no other settings", kv("top_q", gguf.F32(2)), "", func(*Params) {}, ""},

		{"text", kv("temp", gguf.Str("hot")), "", func(*Params) {}, "str, want a number"},
		{"a fraction", kv("top_k", gguf.F32(0.5)), "", func(*Params) {}, "f32, want an integer"},
		{"too large", kv("top_k", gguf.U64(1<<40)), "", func(*Params) {}, "u64, want an integer of 32 bits"},
		{"out of range", kv("top_p", gguf.F32(7)), "", func(*Params) {}, "top_p 7: must be between 0 and 1"},
		{"not a number", kv("temp", gguf.F64(math.NaN())), "", func(*Params) {}, "temperature NaN: must be a finite number"},
		{"too large for 32 bits", kv("temp", gguf.F64(1e300)), "", func(*Params) {}, "must be a finite number"},
		{"mirostat 3", kv("mirostat", gguf.I32(3)), "", func(*Params) {}, "mirostat 3: must be between 0 and 2"},
		{"an unknown sampler", kv("sequence", gguf.Str("magic")), "", func(*Params) {}, `unknown sampler "magic"`},
		{"an unknown sampler among known ones", kv("sequence", gguf.Str("top_k;magic;temp")), "", func(p *Params) { p.Samplers = []Name{TopK, Temperature} }, `unknown sampler "magic"`},
		{"no sampler", kv("sequence", gguf.Str("")), "", func(*Params) {}, ""},
		{"a number as text", kv("temp", gguf.Str("0.5")), "", func(p *Params) { p.Temp = 0.5 }, ""},
		{"an integer as text", kv("top_k", gguf.Str(" 20")), "", func(p *Params) { p.TopK = 20 }, ""},
		{"a fraction as text", kv("top_k", gguf.Str("0.5")), "", func(*Params) {}, "str, want an integer"},
		{"a number as chain", kv("sequence", gguf.U32(1)), "", func(*Params) {}, "u32, want a string"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			value := func(key string) (FileValue, bool) { return test.kv.Value, key == test.kv.Key }
			got, want := DefaultParams(), DefaultParams()
			got.LogitBias = map[int32]float32{100: 1}
			want.LogitBias = got.LogitBias
			test.want(&want)
			list := got.FromFile(value, func(flag string) bool { return flag == test.given })
			require.Equal(t, want, got)
			if test.name == "no other settings" {
				require.Empty(t, list)
				return
			}
			require.Len(t, list, 1)
			require.Equal(t, "general.sampling."+list[0].Name, test.kv.Key)
			require.Equal(t, test.given != "" && test.given != "temp" || test.name == "a flag overrides the file", list[0].Given)
			if test.err == "" {
				require.NoError(t, list[0].Err)
			} else {
				require.ErrorContains(t, list[0].Err, test.err)
			}
		})
	}
}

// modelfile is the number in a setting of Ollama.
type modelfile float64

func (v modelfile) Int() (int64, bool)     { return int64(v), float64(int64(v)) == float64(v) }
func (v modelfile) Float() (float64, bool) { return float64(v), true }
func (v modelfile) Str() (string, bool)    { return "", false }
func (v modelfile) TypeName() string       { return "a number" }
func (v modelfile) String() string         { return fmt.Sprint(float64(v)) }

// TestFromModelfile checks that each of Ollama's sampling parameters sets its field, and that
// flags take precedence.
func TestFromModelfile(t *testing.T) {
	values := map[string]modelfile{"temperature": 0.25, "top_k": 7, "top_p": 0.5, "min_p": 0.125, "typical_p": 0.75, "repeat_last_n": 33, "repeat_penalty": 1.25,
		"presence_penalty": 1, "frequency_penalty": 2, "mirostat": 2, "mirostat_tau": 3, "mirostat_eta": 0.5, "seed": 42, "num_ctx": 5}
	value := func(name string) (FileValue, bool) { v, ok := values[name]; return v, ok }
	want := DefaultParams()
	want.Temp, want.TopK, want.TopP, want.MinP, want.TypicalP, want.RepeatLastN, want.RepeatPenalty = 0.25, 7, 0.5, 0.125, 0.75, 33, 1.25
	want.PresencePenalty, want.FrequencyPenalty, want.Mirostat, want.MirostatTau, want.MirostatEta, want.Seed = 1, 2, 2, 3, 0.5, 42
	p := DefaultParams()
	require.Len(t, p.FromModelfile(value, func(string) bool { return false }), len(values)-1)
	require.Equal(t, want, p)
	p = DefaultParams()
	for _, s := range p.FromModelfile(value, func(flag string) bool { return flag == "temp" || flag == "seed" }) {
		require.Equal(t, s.Name == "temperature" || s.Name == "seed", s.Given)
	}
	want.Temp, want.Seed = DefaultParams().Temp, DefaultParams().Seed
	require.Equal(t, want, p)
	for seed, err := range map[modelfile]string{-1: "", 1 << 40: "below 2^32", 0.5: "whole number"} {
		p, values = DefaultParams(), map[string]modelfile{"seed": seed}
		p.Seed = 1
		list := p.FromModelfile(value, func(string) bool { return false })
		if err != "" {
			require.ErrorContains(t, list[0].Err, err)
			require.Equal(t, uint32(1), p.Seed)
		} else {
			require.Equal(t, uint32(RandomSeed), p.Seed)
		}
	}
}
